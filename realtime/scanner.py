"""Looks for new faces in the background: the whole frame, or what changed in it, on a thread of its own.

A scan costs as much as a dozen frames, so no frame waits for one. It only has to say roughly where a face might be: the
follower looks closely there, in the frame at hand.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FULL_EFFORT, Effort, Faces
from realtime.detector import DEFAULT_MIN_FACE, Detector, HaarDetector
from realtime.novelty import Novelty, Region

SEARCH_SIDE = 24
SCALE_STEP = 1.2
MIN_NEIGHBOURS = 2
"""Coarser than the tutorial's search, at half its cost; what it finds too much does not stand the follower's closer look."""

NEAR_S, NEAR_SIZE = 0.095, 2.0
FAR_S, FAR_SIZE = 0.6, 1.0
"""Two searches take turns: often for faces of twice the smallest side and more, which costs a quarter, and now and then for
all. Seconds between two of a kind, at least: three frames of 30 a second, and a little less, since times are rounded."""

REST = 2.0
"""Live, a search rests this many times as long as it took, so that the thread never takes more than a third of a core."""

LAG_S = 0.095
"""In files, what a scan found is taken up so much later, whether it was done sooner or not: every run gives the same rows."""

ANYWAY_S = 2.0
"""The whole frame is searched this often, changed or not."""


@dataclass(frozen=True)
class _Scan:
    """One scan under way."""

    future: "Future[Faces]"
    offered_at: float


class _Search:
    """One kind of search: for faces of `size` times the smallest side and more, no more often than every `every_s`."""

    def __init__(self, size: float, every_s: float) -> None:
        self.size = size
        self.every_s = every_s
        self.cost_s = 0.0
        self._novelty = Novelty()
        self._detector: tuple[float, Detector] | None = None
        self._looked_s = self._whole_s = -math.inf

    def region(self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], smallest: float, now: float) -> Region | None:
        """What of a frame is to be searched at `now`; None if nothing is new."""
        self._looked_s = now
        anyway = now - self._whole_s >= ANYWAY_S
        if anyway:
            self._whole_s = now
        return self._novelty.take(gray, known_xyxy, smallest, everything=anyway)

    def is_due(self, pause: float, rest: float, now: float) -> bool:
        """Whether the pause since the last look is over."""
        return now - self._looked_s >= pause * max(self.every_s, rest * self.cost_s)

    def detector(self, smallest: float, make: Callable[[float], Detector]) -> Detector:
        """For faces from so many pixels up; made anew when that changes."""
        if self._detector is None or self._detector[0] != smallest:
            self._detector = smallest, make(smallest)
        return self._detector[1]


class Scanner:
    """One scan at a time, of the frame that was offered when the last one was done and a pause over.

    Args:
        min_face: side of the smallest face looked for, pixels of the frame; 0 means a twelfth of its height.
        live: results are taken when they are there; otherwise LAG_S after the frame, waiting for them.
        make: makes a detector for faces from so many pixels up; for tests.
        clock: seconds, for what a scan costs.
    """

    def __init__(
        self,
        min_face: int = 0,
        *,
        live: bool,
        make: Callable[[float], Detector] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._min_face = min_face
        self._live = live
        self._make = make or _coarse
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scan")
        self._searches = (_Search(FAR_SIZE, FAR_S), _Search(NEAR_SIZE, NEAR_S))
        self._scan: _Scan | None = None
        self._scans = 0

    def offer(self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], now: float, effort: Effort = FULL_EFFORT) -> None:
        """Begins to search a frame, uint8 (H,W), if it is time and something has changed outside the known faces, (n,4)."""
        if self._scan is not None:
            return
        smallest = (self._min_face or gray.shape[0] * DEFAULT_MIN_FACE) * effort.min_face
        for search in self._searches:
            if not search.is_due(effort.pause, REST if self._live else 0.0, now):
                continue
            side = smallest * search.size
            region = search.region(gray, known_xyxy, side, now)
            if region is not None:
                detector = search.detector(side, self._make)
                self._scan = _Scan(self._thread.submit(self._run, search, detector, gray, region), now)
                self._scans += 1
                return

    def take(self, now: float) -> Faces:
        """What was found since last asked; no faces while a scan goes on.

        The very first scan is waited for: a program that begins with a blank looks broken.
        """
        scan = self._scan
        if scan is None:
            return Faces.empty()
        first = self._scans == 1
        ready = scan.future.done() if self._live else now - scan.offered_at >= LAG_S
        if not (ready or first):
            return Faces.empty()
        self._scan = None
        return scan.future.result()

    def close(self) -> None:
        """Ends the thread, after the scan it is in at the latest; may be called twice."""
        self._thread.shutdown(cancel_futures=True)

    def _run(self, search: _Search, detector: Detector, gray: NDArray[np.uint8], region: Region) -> Faces:
        """On the thread: the faces in a region, in pixels of the frame."""
        began = self._clock()
        found = detector.detect(region.of(gray))
        search.cost_s = self._clock() - began
        corner = np.array([region.x1, region.y1, region.x1, region.y1], np.float32)
        return Faces(found.boxes_xyxy + corner, found.scores)


def _coarse(smallest: float) -> Detector:
    return HaarDetector(smallest, search_side=SEARCH_SIDE, scale_step=SCALE_STEP, min_neighbours=MIN_NEIGHBOURS)
