"""Live feeds: only the newest frame is kept; lost sources are re-opened or given up; every thread ends."""

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from realtime.config import SourceConfig
from realtime.datatypes import Frame
from realtime.errors import ConfigError, SourceLostError, SourceOpenError
from realtime.sources.base import Source
from realtime.sources.capture import FIRST_PAUSE_S, LONGEST_PAUSE_S, LiveFeed, open_feed
from realtime.sources.feed import AheadFeed, Feed
from tests.fakes import FakeSource, make_image
from tests.mjpeg_server import MjpegServer
from tests.video_files import gray_levels, level, write_video

pytestmark = pytest.mark.timeout(60)

LOST = SourceLostError("fake stopped delivering frames")
JPEGS = [cv2.imencode(".jpg", make_image(value, 48, 64))[1].tobytes() for value in gray_levels(20)]


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


def take_all(feed: Feed) -> list[Frame]:
    """Every frame that arrives until the feed is finished."""
    frames: list[Frame] = []
    while not feed.finished:
        if (frame := feed.next(5.0)) is not None:
            frames.append(frame)
    return frames


def take_until(feed: Feed, value: int) -> list[Frame]:
    """The frames up to the one with this gray level."""
    frames: list[Frame] = []
    while not frames or level(frames[-1]) != value:
        frame = feed.next(5.0)
        assert frame is not None, f"got {[level(f) for f in frames]}, waited for {value}"
        frames.append(frame)
    return frames


def capture_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("capture ")]


# live sources


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


# open_feed, with the real thing


def test_open_feed_gives_every_frame_of_a_file(tmp_path: Path) -> None:
    feed = open_feed(SourceConfig(str(write_video(tmp_path / "a.mp4", gray_levels(10)))))
    assert isinstance(feed, AheadFeed)
    assert [frame.index for frame in take_all(feed)] == list(range(10))
    feed.close()


def test_open_feed_reports_skipped_images(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", make_image(1))[1].tobytes())
    (tmp_path / "b.png").write_text("bad")
    feed = open_feed(SourceConfig(str(tmp_path)))
    assert len(take_all(feed)) == 1
    assert feed.notices() == (
        "b.png cannot be read as an image; it is damaged or not an image; skipped",
        "1 of 2 images read, 1 skipped",
    )


def test_open_feed_raises_the_error_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError):
        open_feed(SourceConfig(str(tmp_path / "nope.mp4")))
    assert capture_threads() == []


def test_a_reader_that_is_slow_sees_the_newest_frame_and_every_gap_is_a_drop() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        feed = open_feed(SourceConfig(server.url))
        frames = []
        for _ in range(4):
            server.wait_for(sent=server.sent + 15)  # a slow reader, by the server's own count
            frame = feed.next(5)
            assert frame is not None
            frames.append(frame)
        server.stall()
        while (frame := feed.next(1.0)) is not None:
            frames.append(frame)
        gaps = frames[-1].index - (len(frames) - 1)
        assert gaps == feed.dropped > 30
        # nothing is queued anywhere: what was captured last is what the server sent last
        assert level(frames[-1]) == pytest.approx(gray_levels(20)[(server.sent - 1) % 20], abs=3)
        assert frames[-1].index == server.sent - 1
        (thread,) = capture_threads()
        feed.close()  # in bounded time, though the read still waits for the stalled server
    thread.join(10)
    assert not thread.is_alive()


def test_a_connection_that_is_cut_is_made_again() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        feed = open_feed(SourceConfig(server.url))
        first = feed.next(5)
        assert first is not None
        before = first.index
        server.cut()
        server.wait_for(clients=2, sent=server.sent + 5)
        heard: list[str] = []
        while len(heard) < 2:
            frame = feed.next(5)
            assert frame is not None
            assert frame.index > before
            before = frame.index
            heard += feed.notices()
        feed.close()
    assert heard[0].endswith("; reconnecting")
    assert f"{server.url} is back after" in heard[1]


def test_a_server_that_is_gone_for_good_is_an_error() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        feed = open_feed(SourceConfig(server.url, reconnect_s=0.2))
        assert feed.next(5) is not None
        server.refuse()
        server.cut()
        with pytest.raises(SourceLostError, match=r"could not be re-opened within 0\.2 s"):
            take_all(feed)
        feed.close()
    assert capture_threads() == []


def test_reconnect_s_is_checked() -> None:
    with pytest.raises(ConfigError, match="reconnect_s -1"):
        SourceConfig(reconnect_s=-1)
