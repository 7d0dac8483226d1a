"""Scans in the background, with a detector that waits until it may go on."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.datatypes import Effort, Faces
from realtime.faces.scanner import ANYWAY_S, FAR_LAG_S, FAR_S, NEAR_LAG_S, NEAR_S, Scanner
from realtime.workers import Workers

LIMIT_S = 20.0
NOBODY = np.zeros((0, 4), np.float32)

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class Searcher:
    """Finds one face in the corner of whatever it is shown; `go` lets it."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()
        self.sides: list[float] = []
        self.shapes: list[tuple[int, ...]] = []
        self.failure: Exception | None = None

    def make(self, side: float) -> "Searcher":
        self.sides.append(side)
        return self

    def detect(self, gray: NDArray[np.uint8]) -> Faces:
        self.begun.set()
        assert self.go.wait(LIMIT_S)
        self.shapes.append(gray.shape)
        if self.failure is not None:
            raise self.failure
        return Faces(np.array([[1, 2, 61, 62]], np.float32), np.ones(1, np.float32))


class AtOnce:
    """Workers that have done a job when they are asked to."""

    def submit(self, job: Callable[[], Faces]) -> "Future[Faces]":
        future: Future[Faces] = Future()
        future.set_result(job())
        return future

    def close(self) -> None:
        """Nothing runs."""


def frame(level: int = 0) -> NDArray[np.uint8]:
    return np.full((240, 320), level, np.uint8)


def make(searcher: Searcher, *, live: bool) -> Scanner:
    return Scanner(40, live=live, make=searcher.make)


def test_the_first_scan_is_waited_for() -> None:
    scanner = make(Searcher(), live=True)
    assert len(scanner.take(0.0)) == 0
    scanner.offer(frame(), NOBODY, 0.0)
    assert scanner.take(0.0).boxes_xyxy.tolist() == [[1, 2, 61, 62]]
    assert len(scanner.take(0.0)) == 0  # reported once
    scanner.close()


def test_live_no_frame_waits_for_a_scan() -> None:
    searcher = Searcher()
    scanner = make(searcher, live=True)
    scanner.offer(frame(), NOBODY, 0.0)
    scanner.take(0.0)
    searcher.go.clear()
    searcher.begun.clear()
    scanner.offer(frame(90), NOBODY, 10.0)
    assert searcher.begun.wait(LIMIT_S)
    assert len(scanner.take(10.1)) == 0  # and this line is reached
    scanner.offer(frame(180), NOBODY, 20.0)  # one at a time: not taken
    searcher.go.set()
    scanner.close()
    assert len(searcher.shapes) == 2
    assert len(scanner.take(20.1)) == 1


def test_in_files_results_are_used_after_a_fixed_time() -> None:
    scanner = make(Searcher(), live=False)
    for i in range(48):
        scanner.offer(frame(), NOBODY, i / 40)
        scanner.take(i / 40)
    scanner.offer(frame(90), NOBODY, 1.21)  # all
    scanner.offer(frame(90), NOBODY, 1.235)  # the near ones, while that goes on
    near_s, far_s = 1.235 + NEAR_LAG_S, 1.21 + FAR_LAG_S
    times = (1.235, near_s - 0.001, near_s + 0.001, far_s - 0.001, far_s + 0.001, far_s + 0.1)
    assert [len(scanner.take(now)) for now in times] == [0, 0, 1, 0, 1, 0]
    scanner.close()


def test_in_files_of_few_frames_a_second_a_scan_is_waited_for_at_once() -> None:
    scanner = make(Searcher(), live=False)
    for i in range(5):
        assert len(scanner.take(float(i))) == 0
        scanner.offer(frame(50 * i), NOBODY, float(i))
        assert len(scanner.take(float(i))) == 1
    scanner.close()


def test_live_scans_take_a_third_of_a_core_at_most() -> None:
    now = 0.0

    class Slow(Searcher):
        def detect(self, gray: NDArray[np.uint8]) -> Faces:
            nonlocal now
            now += cost_s
            return super().detect(gray)

    cost_s = 0.3
    searcher = Slow()
    scanner = Scanner(40, live=True, make=searcher.make, clock=lambda: now, pool=AtOnce())  # type: ignore[arg-type]
    while now < 30.0:
        scanner.offer(frame(int(37 * now) % 251), NOBODY, now)
        scanner.take(now)
        now += 1 / 30
    scanner.close()
    assert searcher.sides == [40, 80]  # both kinds, in turn
    assert 0.28 * 30 <= cost_s * len(searcher.shapes) <= 0.34 * 30


def test_near_faces_are_searched_often_and_all_faces_rarely() -> None:
    searcher = Searcher()
    scanner = make(searcher, live=False)
    begun: list[float] = []
    for i in range(90):
        now = i / 30
        before = len(searcher.shapes)
        scanner.offer(frame(37 * i % 251), NOBODY, now)
        scanner.take(now + FAR_LAG_S)
        if len(searcher.shapes) > before:
            begun.append(now)
    assert searcher.sides == [40, 80]  # pixels, made once each
    assert np.diff(begun).min() >= 1 / 30 - 1e-9
    assert len(begun) == pytest.approx(3 / NEAR_S + 3 / FAR_S, abs=5)
    scanner.close()


def test_where_nothing_changes_little_is_searched() -> None:
    searcher = Searcher()
    scanner = make(searcher, live=False)
    for i in range(300):
        scanner.offer(frame(), NOBODY, i / 30)
        scanner.take(i / 30 + NEAR_LAG_S)
    assert len(searcher.shapes) == pytest.approx(2 * 10 / ANYWAY_S, abs=2)
    assert set(searcher.shapes) == {(240, 320)}
    scanner.close()


def test_only_changes_are_searched_and_boxes_are_in_frame_pixels() -> None:
    searcher = Searcher()
    scanner = make(searcher, live=False)
    for now in (0.0, 0.01):  # both searches have seen the room
        scanner.offer(frame(), NOBODY, now)
        scanner.take(now + FAR_LAG_S)
    changed = frame()
    changed[150:230, 200:280] = 200
    scanner.offer(changed, NOBODY, NEAR_S + 0.02)
    (box,) = scanner.take(NEAR_S + 0.02 + NEAR_LAG_S).boxes_xyxy
    assert searcher.shapes[-1] != (240, 320)
    assert box.tolist() == [1 + 120, 2 + 70, 61 + 120, 62 + 70]  # the room around it is a near face's side, 80 px
    scanner.close()


def test_less_effort_means_longer_pauses_and_larger_faces() -> None:
    searcher = Searcher()
    scanner = make(searcher, live=False)
    less = Effort("less", pause=4.0, min_face=1.5)
    for i in range(60):
        scanner.offer(frame(37 * i % 251), NOBODY, i / 30, less)
        scanner.take(i / 30 + FAR_LAG_S)
    assert searcher.sides == [60, 120]
    assert len(searcher.shapes) == pytest.approx(2 / (4 * NEAR_S) + 2 / (4 * FAR_S), abs=2)
    scanner.close()


def test_an_error_on_the_thread_arrives_as_itself() -> None:
    searcher = Searcher()
    searcher.failure = RuntimeError("out of memory")
    scanner = make(searcher, live=True)
    scanner.offer(frame(), NOBODY, 0.0)
    with pytest.raises(RuntimeError, match="out of memory"):
        scanner.take(0.0)
    scanner.close()
    scanner.close()


def test_a_scan_that_hangs_is_left_behind() -> None:
    searcher = Searcher()
    scanner = Scanner(40, live=True, make=searcher.make, pool=Workers(1, "scan", end_s=0.1))
    searcher.go.clear()
    scanner.offer(frame(), NOBODY, 0.0)
    assert searcher.begun.wait(LIMIT_S)
    scanner.close()  # and this line is reached
    assert searcher.shapes == []
    searcher.go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("scan"):
            thread.join(LIMIT_S)
