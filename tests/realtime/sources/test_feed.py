"""Feeds of files: every frame in order, errors behind the frames that came before them, and an end in bounded time."""

import threading

import pytest

from realtime.datatypes import Frame
from realtime.errors import SourceLostError
from realtime.sources.feed import AheadFeed, DirectFeed, Notices
from tests.fakes import FakeSource
from tests.video_files import level

LIMIT_S = 20.0
LOST = SourceLostError("fake breaks off")

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class Gated(FakeSource):
    """Gives a frame each time it is let."""

    def __init__(self, count: int) -> None:
        super().__init__(range(count), live=False)
        self.gate = threading.Semaphore(0)
        self.full = threading.Event()

    def read(self) -> Frame | None:
        assert self.gate.acquire(timeout=LIMIT_S)
        frame = super().read()
        if self.given == 3:
            self.full.set()
        return frame


def test_every_frame_in_order_then_the_end() -> None:
    feed = AheadFeed(FakeSource(range(40), live=False), ahead=3)
    indices = []
    while not feed.finished:
        if (frame := feed.next(LIMIT_S)) is not None:
            indices.append(frame.index)
    assert indices == list(range(40))
    assert feed.next(0.0) is None
    feed.close()


def test_nothing_decoded_yet_is_no_frame() -> None:
    source = Gated(1)
    feed = AheadFeed(source, ahead=2)
    assert feed.next(0.0) is None
    assert not feed.finished
    source.gate.release(2)
    frame = feed.next(LIMIT_S)
    assert frame is not None
    assert feed.next(LIMIT_S) is None
    assert feed.finished
    feed.close()


def test_no_more_is_decoded_than_may_wait() -> None:
    source = Gated(100)
    source.gate.release(100)
    feed = AheadFeed(source, ahead=2)
    assert source.full.wait(LIMIT_S)  # two wait, and the third is in the thread's hands
    assert source.given == 3
    assert feed.next(LIMIT_S) is not None
    feed.close()
    assert source.given <= 5


def test_an_error_comes_after_the_frames_before_it() -> None:
    feed = AheadFeed(FakeSource([1, 2, LOST], live=False), ahead=8)
    assert [feed.next(LIMIT_S) is not None for _ in range(2)] == [True, True]
    with pytest.raises(SourceLostError, match="breaks off"):
        feed.next(LIMIT_S)
    assert feed.finished
    feed.close()


def test_closing_ends_a_thread_that_waits_for_room() -> None:
    source = FakeSource(range(1000), live=False)
    feed = AheadFeed(source, ahead=1)
    assert feed.next(LIMIT_S) is not None
    feed.close()
    feed.close()
    assert source.closed.is_set()
    assert feed.finished


# one after the other, on the caller's thread


def test_a_file_gives_every_frame_however_slowly_it_is_taken() -> None:
    feed = DirectFeed(FakeSource([1, 2, 3], live=False))
    assert [level(frame) for frame in iter(lambda: feed.next(0), None)] == [1, 2, 3]
    assert (feed.finished, feed.dropped, feed.next(0)) == (True, 0, None)


def test_a_file_that_breaks_off_raises_after_its_frames() -> None:
    feed = DirectFeed(FakeSource([1, LOST], live=False))
    first = feed.next(0)
    assert first is not None
    with pytest.raises(SourceLostError) as caught:
        feed.next(0)
    assert caught.value is LOST


def test_closing_a_file_closes_its_source_and_finishes() -> None:
    source = FakeSource([1, 2], live=False)
    feed = DirectFeed(source)
    feed.close()
    feed.close()
    assert source.closed.is_set()
    assert (feed.finished, feed.next(0)) == (True, None)


def test_a_file_uses_no_thread_and_passes_its_notices_on() -> None:
    before = threading.enumerate()
    notices = Notices()
    feed = DirectFeed(FakeSource([1], live=False), notices)
    notices.add("one")
    notices.add("two")
    assert feed.notices() == ("one", "two")
    assert feed.notices() == ()
    assert threading.enumerate() == before
    assert feed.info.name == "fake"
