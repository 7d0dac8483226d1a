"""Outputs on threads of their own: order, back-pressure or the newest only, and failures that arrive as themselves."""

import threading

import pytest

from realtime.datatypes import FrameResult, Summary
from realtime.errors import SinkError
from realtime.labels import LABELS
from realtime.meter import Meter
from realtime.records import Marker
from realtime.sinks.background import MOST_BEHIND, BackgroundSink
from realtime.sinks.base import Sink
from realtime.sinks.newest import NewestSink
from tests.builders import frame, result

LIMIT_S = 20.0
NOTHING = Meter(LABELS).summary()

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class Slow(Sink[FrameResult]):
    """A sink that works when allowed to, and fails at the given frames."""

    def __init__(self, failing: dict[int, BaseException] | None = None) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.written: list[int] = []
        self.marked: list[tuple[int, int]] = []
        self.closed = 0
        self.may_close = threading.Event()
        self.may_close.set()
        self.failing = failing or {}
        self.failed = threading.Event()
        self.threads: set[str] = set()

    def write(self, result: FrameResult) -> None:
        assert self.gate.wait(LIMIT_S)
        self.threads.add(threading.current_thread().name)
        if result.frame.index in self.failing:
            self.failed.set()
            raise self.failing[result.frame.index]
        self.written.append(result.frame.index)

    def mark(self, marker: Marker) -> None:
        self.marked.append((marker.index, len(self.written)))

    def notices(self) -> tuple[str, ...]:
        return ("slow",)

    def close(self, summary: Summary) -> None:
        assert self.may_close.wait(LIMIT_S)
        self.closed += 1


def results(count: int) -> list[FrameResult]:
    return [result(of=frame(index=i)) for i in range(count)]


def write_all(behind: Sink[FrameResult], given: list[FrameResult]) -> None:
    for each in given:
        behind.write(each)


def test_every_frame_arrives_in_order_on_another_thread() -> None:
    slow = Slow()
    behind = BackgroundSink[FrameResult](slow)
    write_all(behind, results(50))
    behind.close(NOTHING)
    assert slow.written == list(range(50))
    assert slow.threads == {"encode"}
    assert slow.closed == 1


def test_the_caller_waits_when_too_many_wait() -> None:
    slow = Slow()
    slow.gate.clear()
    behind = BackgroundSink[FrameResult](slow)
    ahead = results(MOST_BEHIND + 1)
    for each in ahead[:MOST_BEHIND]:
        behind.write(each)
    done = threading.Event()

    def write_more() -> None:
        write_all(behind, results(3))
        done.set()

    writer = threading.Thread(target=write_more)
    writer.start()
    assert not done.wait(0.05)
    slow.gate.set()
    assert done.wait(LIMIT_S)
    writer.join()
    behind.close(NOTHING)
    assert len(slow.written) == MOST_BEHIND + 3


def test_a_failure_arrives_at_a_later_frame() -> None:
    slow = Slow({1: SinkError("disk full")})
    behind = BackgroundSink[FrameResult](slow)
    first, second, *more = results(20)
    behind.write(first)
    behind.write(second)
    assert slow.failed.wait(LIMIT_S)
    with pytest.raises(SinkError, match="disk full"):
        write_all(behind, more)
    behind.close(NOTHING)  # reported once
    assert slow.written == [0]
    assert slow.closed == 1


def test_a_failure_at_the_last_frame_arrives_when_closing() -> None:
    slow = Slow({0: SinkError("disk full")})
    behind = BackgroundSink[FrameResult](slow)
    behind.write(results(1)[0])
    with pytest.raises(SinkError, match="disk full"):
        behind.close(NOTHING)
    assert slow.closed == 1


def test_a_bug_is_not_called_a_full_disk() -> None:
    behind = BackgroundSink[FrameResult](Slow({0: ZeroDivisionError()}))
    behind.write(results(1)[0])
    with pytest.raises(ZeroDivisionError):
        behind.close(NOTHING)


def test_closing_twice() -> None:
    slow = Slow()
    behind = BackgroundSink[FrameResult](slow)
    behind.close(NOTHING)
    behind.close(NOTHING)
    assert slow.written == []


def test_an_output_that_is_stuck_is_given_up_in_bounded_time() -> None:
    slow = Slow()
    slow.gate.clear()
    behind = BackgroundSink[FrameResult](slow, stuck_s=0.2)
    with pytest.raises(SinkError, match=r"no frame for 0\.2 s"):
        write_all(behind, results(MOST_BEHIND + 2))
    with pytest.raises(SinkError, match=r"no frame for 0\.2 s"):
        behind.close(NOTHING)
    assert slow.closed == 0  # its thread may still be in it
    slow.gate.set()
    behind.close(NOTHING)
    assert slow.written == list(range(MOST_BEHIND + 1))
    assert slow.closed == 1


def test_an_output_that_hangs_at_its_end_is_abandoned_in_bounded_time() -> None:
    slow = Slow()
    slow.may_close.clear()
    behind = BackgroundSink[FrameResult](slow, stuck_s=0.2)
    behind.write(results(1)[0])
    with pytest.raises(SinkError, match=r"no frame for 0\.2 s"):
        behind.close(NOTHING)
    assert (slow.written, slow.closed) == ([0], 0)
    slow.may_close.set()
    behind.close(NOTHING)
    assert slow.closed == 1


def test_an_end_that_fails_arrives_when_closing() -> None:
    class Full(Slow):
        def close(self, summary: Summary) -> None:
            raise SinkError("disk full")

    behind = BackgroundSink[FrameResult](Full())
    with pytest.raises(SinkError, match="disk full"):
        behind.close(NOTHING)
    behind.close(NOTHING)  # reported once


def test_a_marker_stays_behind_its_frame() -> None:
    slow = Slow()
    behind = BackgroundSink[FrameResult](slow)
    write_all(behind, results(3))
    behind.mark(Marker(2, 0.1))
    write_all(behind, results(2))
    behind.close(NOTHING)
    assert slow.marked == [(2, 3)]
    assert behind.notices() == ("slow",)


# the newest frame only


def test_a_slow_output_gets_the_newest_frame_without_delay() -> None:
    slow = Slow()
    slow.gate.clear()
    newest = NewestSink[FrameResult](slow)
    write_all(newest, results(200))
    newest.mark(Marker(199, 6.6))
    slow.gate.set()
    newest.close(NOTHING)
    assert slow.written[-1] == 199
    assert len(slow.written) <= 2, "what was in its hands, and the newest"
    assert [index for index, _ in slow.marked] == [199]
    assert slow.threads == {"newest"}
    assert slow.closed == 1


def test_a_failure_of_the_newest_frame_arrives_at_a_later_one() -> None:
    slow = Slow({0: SinkError("nobody listens")})
    newest = NewestSink[FrameResult](slow)
    newest.write(results(1)[0])
    assert slow.failed.wait(LIMIT_S)
    with pytest.raises(SinkError, match="nobody listens"):
        newest.close(NOTHING)
    assert (slow.written, slow.closed) == ([], 1)


def test_an_output_of_the_newest_that_hangs_is_left_behind() -> None:
    slow = Slow()
    slow.gate.clear()
    newest = NewestSink[FrameResult](slow, join_s=0.05)
    newest.write(results(1)[0])
    newest.close(NOTHING)
    assert slow.closed == 0
    slow.gate.set()
    newest.close(NOTHING)
