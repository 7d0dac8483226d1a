"""The jitter buffer: bursts are spread, even frames are not held back, and no delay grows without bound."""

import threading
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceLostError
from realtime.sources.base import Source
from realtime.sources.capture import LiveFeed
from realtime.sources.feed import Feed
from realtime.sources.pacing import CALM_S, JUMP_S, MOST_AHEAD, MOST_DELAY_S, Pacer
from tests.fakes import make_image

pytestmark = pytest.mark.timeout(60)

PERIOD_S = 1 / 30


def bursts(
    seconds: float, burst_s: float, *, jitter_s: tuple[float, ...] = (0.0,), start_s: float = 100.0
) -> Iterator[tuple[float, float]]:
    """Media time and arrival of frames that are sent together whenever `burst_s` of them are there."""
    for n in range(round(seconds / PERIOD_S)):
        media_s = n * PERIOD_S
        number = int(media_s / burst_s + 1e-9)
        yield media_s, start_s + number * burst_s + jitter_s[number % len(jitter_s)]


def steps(dues: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(dues)]


def play(frames: Iterable[tuple[float, float]]) -> list[float]:
    """When frames are due that are read from the network as the buffer has room for them."""
    pacer = Pacer()
    dues: list[float] = []
    for media_s, sent_at in frames:
        dues.append(pacer.due(media_s, max(sent_at, dues[-MOST_AHEAD] if len(dues) >= MOST_AHEAD else 0.0)))
    return dues


@pytest.mark.parametrize("burst_s", [0.5, 2.0, 4.0, 6.0])
def test_bursts_are_spread_at_the_frames_own_rate(burst_s: float) -> None:
    dues = play(bursts(60, burst_s))
    assert max(steps(dues)) < 2 * PERIOD_S + 0.3
    assert sum(step > 1.5 * PERIOD_S for step in steps(dues)) <= 5  # once each time a smaller delay was tried
    assert sum(step < 0.9 * PERIOD_S for step in steps(dues)) == 0


def test_late_bursts_make_the_delay_grow_once_and_not_again() -> None:
    frames = list(bursts(40, 4.0, jitter_s=(0.0, 0.1, 0.5, 0.2)))
    dues = play(frames)
    late = [step for step in steps(dues) if step > 0.1]
    assert len(late) <= 4
    assert sum(late) < 1.2
    assert max(due - at for due, (_, at) in zip(dues, frames, strict=True)) < 4.0 + 0.6


def test_a_first_burst_that_is_short_does_not_leave_the_others_bunched() -> None:
    """One joins between two bursts of four seconds, and gets half a second first."""
    frames = [(media, 100.0 if media < 0.5 else 104.0 + 4 * int((media - 0.5) / 4)) for media, _ in bursts(24, 1)]
    dues = play(frames)
    assert [step > 0.5 for step in steps(dues)].count(True) == 1
    assert min(steps(dues)) > 0.9 * PERIOD_S


def test_even_frames_are_given_on_as_they_arrive() -> None:
    pacer = Pacer()
    waits = [pacer.due(n * PERIOD_S, 100 + n * PERIOD_S + (0.004 if n % 3 else 0)) - (100 + n * PERIOD_S) for n in range(3000)]
    assert max(waits) <= 0.0041


def test_a_backlog_that_nothing_needs_is_worked_off() -> None:
    """The server begins with the two seconds since the last key frame, as RTMP servers do; from then on frames come evenly."""
    pacer = Pacer()
    arrivals = [(n * PERIOD_S, max(100.0, 98.0 + n * PERIOD_S)) for n in range(30 * 90)]
    waits = [pacer.due(media, at) - at for media, at in arrivals]
    assert waits[60] == pytest.approx(2.0, abs=0.05)
    assert max(waits[-600:]) < 0.1


def test_a_long_stall_ends_with_drops_and_not_with_a_long_delay() -> None:
    pacer = Pacer()
    before = [pacer.due(n * PERIOD_S, 100 + n * PERIOD_S) for n in range(300)]
    assert before[-1] == pytest.approx(100 + 299 * PERIOD_S)
    arrivals = [(n * PERIOD_S, max(140.0, 100 + n * PERIOD_S)) for n in range(300, 3000)]  # 30 s in which nothing came
    dues = [pacer.due(media, at) for media, at in arrivals]
    live = [due - (100 + media) for due, (media, _) in zip(dues, arrivals, strict=True)]
    assert dues[600] == 140.0  # what is older than the largest delay is not waited for
    assert all(delay <= MOST_DELAY_S + 0.01 for delay in live[900:])
    assert live[-1] < MOST_DELAY_S  # and it gets smaller


def test_stall_after_stall_does_not_add_up() -> None:
    pacer = Pacer()
    lost_s, delays = 20.0, []
    for n in range(30 * 600):
        media_s = n * PERIOD_S
        stalled_until = (media_s // 60) * 60 + lost_s  # a third of every minute
        at = 100 + max(media_s, stalled_until)
        delays.append(pacer.due(media_s, at) - (100 + media_s))
    assert max(delays[-30 * 30 :]) <= MOST_DELAY_S + 0.01


@pytest.mark.parametrize("ppm", [-200, 200])
def test_clocks_that_part_change_nothing(ppm: int) -> None:
    pacer = Pacer()
    waits = []
    for n in range(0, 30 * 3600 * 4, 15):  # four hours of bursts of half a second
        media_s = n * PERIOD_S
        at = 100 + media_s * (1 + ppm / 1e6)
        pacer.due(media_s, at)
        waits.append(pacer.due(media_s + 14 * PERIOD_S, at) - at)
    assert min(waits[100:]) > 14 * PERIOD_S - 0.1
    assert max(waits) < 14 * PERIOD_S + 0.1


def test_a_clock_that_begins_anew_or_jumps_is_followed() -> None:
    pacer = Pacer()
    assert [pacer.due(media, 100.0) for media in (0.0, 1.0)] == [100.0, 101.0]
    assert pacer.due(0.0, 105.0) == 105.0  # another connection
    assert pacer.due(1.0, 105.0) == 106.0
    assert pacer.due(2.0 + JUMP_S, 105.0) == 106.0
    assert pacer.due(3.0 + JUMP_S, 105.0) == 107.0


def test_a_smaller_delay_is_tried_less_often_where_it_made_frames_late() -> None:
    dues = play(bursts(600, 2.0))
    lates = [n * PERIOD_S for n, step in enumerate(steps(dues)) if step > 1.1 * PERIOD_S]
    assert 3 <= len(lates) <= 12
    assert lates[-1] - lates[-2] > 4 * CALM_S


# in the feed


class Bursts:
    """A live source whose frames have media time and all come at once; then it is lost."""

    def __init__(self, count: int) -> None:
        self.info = SourceInfo("bursts", True, True, 6, 4, 30.0, None)
        self.read_all = threading.Event()
        self._count = count
        self._given = 0

    def read(self) -> Frame | None:
        if self._given == self._count:
            self.read_all.set()
            raise SourceLostError("bursts ended the stream")
        self._given += 1
        number = self._given - 1
        return Frame(make_image(number % 256), number, 100.0, number * PERIOD_S, "bursts")

    def close(self) -> None:
        """Nothing to close."""


def never() -> Source:
    raise AssertionError("it is not opened again")


class Turns:
    """A clock that only waiting moves on, and that waits until the frame before has been taken."""

    def __init__(self) -> None:
        self.now = 100.0
        self.taken = threading.Semaphore(0)

    def clock(self) -> float:
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        assert self.taken.acquire(timeout=20)
        self.now += seconds
        return event.is_set()


def take_all(feed: Feed, frames: list[Frame], turns: Turns | None = None) -> None:
    while (frame := feed.next(20)) is not None:
        frames.append(frame)
        if turns is not None:
            turns.taken.release()


def test_every_frame_of_a_burst_is_given_on_when_it_is_due() -> None:
    turns = Turns()
    feed = LiveFeed(Bursts(120), never, reconnect_s=0, wait=turns.wait, clock=turns.clock)
    frames: list[Frame] = []
    with pytest.raises(SourceLostError, match="ended the stream"):
        take_all(feed, frames, turns)
    feed.close()
    assert [frame.index for frame in frames] == list(range(120))
    assert [frame.captured_at for frame in frames] == pytest.approx([100 + n * PERIOD_S for n in range(120)])
    assert {frame.media_time for frame in frames} == {None}
    assert feed.dropped == 0


def test_a_reader_that_is_too_slow_gets_the_newest_and_the_rest_is_counted() -> None:
    turns = Turns()
    for _ in range(200):
        turns.taken.release()  # time passes whether anybody reads or not
    source = Bursts(90)
    feed = LiveFeed(source, never, reconnect_s=0, wait=turns.wait, clock=turns.clock)
    assert source.read_all.wait(20)
    frames: list[Frame] = []
    with pytest.raises(SourceLostError, match="ended the stream"):
        take_all(feed, frames)
    feed.close()
    assert frames[-1].index == 89
    assert feed.dropped == 90 - len(frames) > 60


def test_close_ends_the_wait_for_a_frame_that_is_not_due() -> None:
    waiting = threading.Event()

    def wait(event: threading.Event, seconds: float) -> bool:
        waiting.set()
        return event.wait(60)

    feed = LiveFeed(Bursts(500), never, wait=wait, clock=lambda: 100.0)
    assert waiting.wait(20)
    assert feed.next(0) is not None
    feed.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("capture ", "pace "))]
    assert feed.finished
