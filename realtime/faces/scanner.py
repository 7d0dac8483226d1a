"""Looks for new faces in the background: in the whole frame, or in what changed of it, on threads of its own.

A scan costs as much as a dozen frames, so no frame waits for one. It only has to say roughly where a face might be: the
follower looks closely there, in the frame at hand.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from realtime import workers
from realtime.datatypes import FULL_EFFORT, Effort, Faces
from realtime.faces.changes import ChangeDetector, Region
from realtime.faces.detector import DEFAULT_MIN_FACE, Detector, HaarDetector
from realtime.workers import Workers

SEARCH_SIDE = 24
SCALE_STEP = 1.2
MIN_NEIGHBOURS = 2
"""Coarser than the tutorial's search, at half its cost; what it finds too much does not stand the follower's closer look."""

NEAR_S, NEAR_SIZE = 0.095, 2.0
FAR_S, FAR_SIZE = 0.6, 1.0
"""Two searches take turns: often for faces of twice the smallest side and more, which costs a quarter, and now and then for
all. Seconds between two of a kind, at least: three frames of 30 a second, and a little less, since times are rounded."""

REST = 2.0
"""Live, nothing is searched for so many times as long as the last scan took: scans never take more than a third of a core."""

NEAR_LAG_S, FAR_LAG_S = 0.075, 0.295
"""In files, what a scan found is taken up so much later, whether it was done sooner or not: every run gives the same rows. A
search for all faces takes as long as a dozen frames and is not waited for within the next three. Where frames are further
apart than that, a scan is waited for at once: by the next frame a face may be anywhere."""

ANYWAY_S = 2.0
"""The whole frame is searched this often, changed or not."""


@dataclass(frozen=True)
class _Scan:
    """One scan under way."""

    future: "Future[Faces]"
    offered_at: float


class _Search:
    """One kind of search, and the scan of that kind that goes on.

    Args:
        size: of the smallest face, times the smallest of all.
        every_s: how often, at most.
        lag_s: when a scan is taken up, in files.
    """

    def __init__(self, size: float, every_s: float, lag_s: float) -> None:
        self.size = size
        self.every_s = every_s
        self.lag_s = lag_s
        self.cost_s = 0.0
        self.scan: _Scan | None = None
        self._novelty = ChangeDetector()
        self._detector: tuple[float, Detector] | None = None
        self.looked_s = self._whole_s = -math.inf

    def regions(
        self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], smallest: float, now: float
    ) -> tuple[Region, ...]:
        """What of a frame is to be searched at `now`."""
        self.looked_s = now
        anyway = now - self._whole_s >= ANYWAY_S
        if anyway:
            self._whole_s = now
        return self._novelty.take(gray, known_xyxy, smallest, everything=anyway)

    def is_due(self, pause: float, now: float) -> bool:
        """Whether the time between two looks is over, `pause` times as long as usual."""
        return now - self.looked_s >= pause * self.every_s

    def taken(self) -> Faces:
        """What the scan has found, waiting for it; it is over then.

        Raises:
            ModelError: it hangs (`workers.RESULT_S`).
            Exception: whatever ended it.
        """
        scan, self.scan = self.scan, None
        return Faces.empty() if scan is None else workers.result(scan.future, "a search for faces")

    def detector(self, smallest: float, make: Callable[[float], Detector]) -> Detector:
        """For faces from so many pixels up; made anew when that changes."""
        if self._detector is None or self._detector[0] != smallest:
            self._detector = smallest, make(smallest)
        return self._detector[1]


class Scanner:
    """Scans of the frame that was offered when a pause was over: live one at a time, in files one of each kind.

    Args:
        min_face: side of the smallest face looked for, pixels of the frame; 0 means a twelfth of its height.
        live: results are taken when they are there; otherwise a fixed time after the frame, waiting for them.
        make: makes a detector for faces from so many pixels up.
        clock: seconds, for what a scan costs.
        pool: runs the scans, and is closed with the scanner; by default threads of its own.
    """

    def __init__(
        self,
        min_face: int = 0,
        *,
        live: bool,
        make: Callable[[float], Detector] | None = None,
        clock: Callable[[], float] = time.perf_counter,
        pool: Workers | None = None,
    ) -> None:
        self._min_face = min_face
        self._live = live
        self._make = make or _coarse
        self._clock = clock
        self._searches = (_Search(FAR_SIZE, FAR_S, FAR_LAG_S), _Search(NEAR_SIZE, NEAR_S, NEAR_LAG_S))
        self._workers = pool or Workers(1 if live else len(self._searches), "scan")
        self._scans = 0
        self._offered_s = self._taken_s = -math.inf
        self._step_s = self._rest_s = 0.0

    def offer(self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], now: float, effort: Effort = FULL_EFFORT) -> None:
        """Begins to search a frame, uint8 (H,W), if it is time and something has changed outside the known faces, (n,4)."""
        self._step_s, self._offered_s = now - self._offered_s, now
        rests = now - self._taken_s < effort.pause * self._rest_s
        if self._live and (rests or any(search.scan for search in self._searches)):
            return
        smallest = (self._min_face or gray.shape[0] * DEFAULT_MIN_FACE) * effort.min_face
        for search in sorted(self._searches, key=lambda search: search.looked_s):
            if search.scan or not search.is_due(effort.pause, now):
                continue
            side = smallest * search.size
            regions = search.regions(gray, known_xyxy, side, now)
            if regions:
                detector = search.detector(side, self._make)
                search.scan = _Scan(self._workers.submit(partial(self._run, search, detector, gray, regions)), now)
                self._scans += 1
                return

    def take(self, now: float) -> Faces:
        """What was found since last asked; no faces while a scan goes on.

        The very first scan is waited for: a program that begins with a blank looks broken.
        """
        found = []
        for search in self._searches:
            if self._is_ready(search, now):
                found.append(search.taken())
                self._taken_s, self._rest_s = now, REST * search.cost_s
        return Faces.joined(found)

    def close(self) -> None:
        """Ends the threads after the scans they are in, or leaves behind one that hangs; may be called twice."""
        self._workers.close()

    def _is_ready(self, search: _Search, now: float) -> bool:
        if search.scan is None or self._scans == 1:
            return search.scan is not None
        if self._live:
            return search.scan.future.done()
        return max(now - search.scan.offered_at, self._step_s) >= search.lag_s

    def _run(self, search: _Search, detector: Detector, gray: NDArray[np.uint8], regions: tuple[Region, ...]) -> Faces:
        """On its thread: the faces in some regions, in pixels of the frame."""
        began = self._clock()
        found = [(region, detector.detect(region.of(gray))) for region in regions]
        search.cost_s = self._clock() - began
        return Faces.joined(
            Faces(faces.boxes_xyxy + np.array([region.x1, region.y1] * 2, np.float32), faces.scores) for region, faces in found
        )


def _coarse(smallest: float) -> Detector:
    return HaarDetector(smallest, search_side=SEARCH_SIDE, scale_step=SCALE_STEP, min_neighbours=MIN_NEIGHBOURS)
