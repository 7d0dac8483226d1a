"""Live feeds: only the newest frame is kept; lost sources are re-opened or given up; every thread ends."""

import threading
from collections.abc import Callable

import pytest

from realtime.datatypes import Frame
from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.base import Source
from realtime.sources.capture import FIRST_PAUSE_S, LONGEST_PAUSE_S, LiveFeed
from realtime.sources.feed import Feed
from tests.fakes import FakeSource
from tests.feeds import capture_threads, take_all
from tests.video_files import level

pytestmark = pytest.mark.timeout(60)

LOST = SourceLostError("fake stopped delivering frames")


class Patience:
    """A clock that only the pauses move on; remembers them."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return event.is_set()


def never() -> Source:
    raise AssertionError("nothing was lost")


def reopening(*outcomes: Source | Exception) -> Callable[[], Source]:
    """Gives the next outcome at every call."""
    left = iter(outcomes)

    def reopen() -> Source:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return reopen


def take_until(feed: Feed, value: int) -> list[Frame]:
    """The frames up to the one with this gray level."""
    frames: list[Frame] = []
    while not frames or level(frames[-1]) != value:
        frame = feed.next(5.0)
        assert frame is not None, f"got {[level(f) for f in frames]}, waited for {value}"
        frames.append(frame)
    return frames


def test_the_newest_frame_wins_and_gaps_in_the_index_are_drops() -> None:
    source = FakeSource(range(1, 8), hang=True)
    feed = LiveFeed(source, never)
    assert source.reading.wait(10)  # all seven are captured, nobody took one
    frame = feed.next(0)
    assert frame is not None
    assert (frame.index, level(frame), feed.dropped) == (6, 7, 6)
    assert feed.next(0) is None
    assert not feed.finished
    feed.close()


def test_a_live_source_that_ends_finishes_the_feed() -> None:
    feed = LiveFeed(FakeSource([5]), never)
    assert [level(frame) for frame in take_all(feed)] == [5]
    assert feed.notices() == ()
    feed.close()


def test_a_lost_source_is_opened_again_and_indices_go_on() -> None:
    first, second = FakeSource([10, LOST]), FakeSource([20, 30], hang=True)
    patience = Patience()
    feed = LiveFeed(first, reopening(second), wait=patience.wait, clock=patience.clock)
    last = take_until(feed, 30)[-1]
    assert last.index == 2
    assert first.closed.is_set()
    assert patience.pauses == [FIRST_PAUSE_S]
    assert feed.notices() == ("fake stopped delivering frames; reconnecting", "fake is back after 0.5 s")
    feed.close()
    assert second.closed.is_set()
    assert capture_threads() == []


def test_pauses_double_up_to_the_longest_until_it_opens() -> None:
    gone = [SourceOpenError("not there")] * 6
    patience = Patience()
    feed = LiveFeed(FakeSource([LOST]), reopening(*gone, FakeSource([7], hang=True)), wait=patience.wait, clock=patience.clock)
    take_until(feed, 7)
    assert patience.pauses == [0.5, 1, 2, 4, 8, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert len(feed.notices()) == 2  # lost and back, not one a try
    feed.close()


def test_a_source_that_opens_and_gives_nothing_counts_as_lost_still() -> None:
    patience = Patience()
    feed = LiveFeed(
        FakeSource([LOST]),
        reopening(FakeSource([LOST]), FakeSource([LOST]), FakeSource([7], hang=True)),
        wait=patience.wait,
        clock=patience.clock,
    )
    take_until(feed, 7)
    assert patience.pauses == [0.5, 1, 2]
    assert feed.notices() == ("fake stopped delivering frames; reconnecting", "fake is back after 3.5 s")
    feed.close()


def test_pauses_begin_anew_after_a_frame() -> None:
    patience = Patience()
    feed = LiveFeed(
        FakeSource([LOST]),
        reopening(FakeSource([LOST]), FakeSource([1, LOST]), FakeSource([7], hang=True)),
        wait=patience.wait,
        clock=patience.clock,
    )
    take_until(feed, 7)
    assert patience.pauses == [0.5, 1, 0.5]
    feed.close()


def test_it_is_given_up_after_reconnect_s_with_the_reason() -> None:
    patience = Patience()
    feed = LiveFeed(
        FakeSource([3, LOST]),
        reopening(*[SourceOpenError("the server refuses")] * 9),
        reconnect_s=10,
        wait=patience.wait,
        clock=patience.clock,
    )
    with pytest.raises(
        SourceLostError, match=r"fake was lost and could not be re-opened within 10 s \(the server refuses\); check"
    ):
        take_all(feed)
    assert patience.pauses == [0.5, 1, 2, 4, 2.5]
    assert not feed.finished  # the error is never mistaken for an end
    with pytest.raises(SourceLostError):
        feed.next(0)
    feed.close()
    assert feed.finished


def test_zero_reconnect_s_gives_up_at_once() -> None:
    patience = Patience()
    feed = LiveFeed(FakeSource([LOST]), never, reconnect_s=0, wait=patience.wait, clock=patience.clock)
    with pytest.raises(SourceLostError, match="within 0 s"):
        take_all(feed)
    assert patience.pauses == []
    feed.close()


def test_a_frame_captured_before_the_error_is_delivered_first() -> None:
    feed = LiveFeed(FakeSource([9, ZeroDivisionError("a bug")]), never)
    frame = feed.next(5)
    assert frame is not None
    assert level(frame) == 9
    with pytest.raises(ZeroDivisionError, match="a bug"):
        feed.next(5)
    feed.close()


def test_an_unexpected_error_arrives_as_itself() -> None:
    bug = ZeroDivisionError("a bug")
    source = FakeSource([bug])
    feed = LiveFeed(source, never)
    with pytest.raises(ZeroDivisionError) as caught:
        feed.next(5)
    assert caught.value is bug
    assert source.closed.is_set()
    feed.close()


def test_an_unexpected_error_of_opening_again_arrives_as_itself() -> None:
    patience = Patience()
    feed = LiveFeed(FakeSource([LOST]), reopening(KeyError("a bug")), wait=patience.wait, clock=patience.clock)
    with pytest.raises(KeyError, match="a bug"):
        feed.next(5)
    feed.close()


def test_close_ends_a_read_that_hangs() -> None:
    source = FakeSource(hang=True)
    feed = LiveFeed(source, never)
    assert source.reading.wait(10)
    feed.close()
    feed.close()
    assert capture_threads() == []
    assert (feed.finished, feed.next(0), feed.notices()) == (True, None, ())


def test_close_interrupts_a_pause() -> None:
    pausing = threading.Event()

    def wait(event: threading.Event, seconds: float) -> bool:
        pausing.set()
        return event.wait(60)

    feed = LiveFeed(FakeSource([LOST]), never, wait=wait)
    assert pausing.wait(10)
    feed.close()
    assert capture_threads() == []
    assert feed.finished


def test_a_source_opened_again_during_close_is_closed_too() -> None:
    opening, release = threading.Event(), threading.Event()
    late = FakeSource(range(5))

    def reopen() -> Source:
        opening.set()
        release.wait(20)
        return late

    patience = Patience()
    feed = LiveFeed(FakeSource([LOST]), reopen, wait=patience.wait, clock=patience.clock, join_s=0.01)
    assert opening.wait(10)
    (thread,) = capture_threads()
    feed.close()  # in bounded time, though opening hangs
    assert feed.finished
    release.set()
    thread.join(10)
    assert not thread.is_alive()
    assert late.closed.is_set()


def test_an_error_caused_by_closing_is_not_reported() -> None:
    class Breaking(FakeSource):
        def read(self) -> Frame | None:
            self.reading.set()
            self.closed.wait()
            raise SourceLostError("read from a closed camera")

    source = Breaking()
    feed = LiveFeed(source, never)
    assert source.reading.wait(10)
    feed.close()
    assert (feed.next(0), feed.notices(), feed.finished) == (None, (), True)
