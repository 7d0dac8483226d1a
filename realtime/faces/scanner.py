"""Searches new faces in the background, in the whole frame or its changed regions, on threads of its own.

A scan takes as long as a dozen frames, so no frame waits for one. It only proposes rough positions; the follower confirms them
in the current frame.
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
"""Coarser than the tutorial's search, at half its cost; the follower rejects the additional false positives."""

NEAR_S, NEAR_SIZE = 0.095, 2.0
FAR_S, FAR_SIZE = 0.6, 1.0
"""Two searches alternate: a frequent one for faces of at least twice the smallest side, at a quarter of the cost, and a rare
one for all. Shortest time between two of a kind: three frames at 30 a second, and slightly less, since times are rounded."""

REST = 2.0
"""Live, the pause after a scan is this multiple of its duration, so that scans use at most a third of a core."""

NEAR_LAG_S, FAR_LAG_S = 0.075, 0.295
"""In files, the results of a scan are used after this fixed time, even if they are ready sooner: every run gives the same rows.
A search for all faces takes as long as a dozen frames, so its lag is longer than three. If frames are further apart than the
lag, the scan is waited for at once: by the next frame a face may be anywhere."""

ANYWAY_S = 2.0
"""The whole frame is searched this often, changed or not."""


@dataclass(frozen=True)
class _Scan:
    """A running scan."""

    future: "Future[Faces]"
    offered_at: float


class _Search:
    """One kind of search, and its running scan.

    Args:
        size: of the smallest face, as a multiple of the smallest of all.
        every_s: shortest time between two scans.
        lag_s: time after which results are used, in files.
    """

    def __init__(self, size: float, every_s: float, lag_s: float) -> None:
        self.size = size
        self.every_s = every_s
        self.lag_s = lag_s
        self.cost_s = 0.0
        self.scan: _Scan | None = None
        self._changes = ChangeDetector()
        self._detector: tuple[float, Detector] | None = None
        self.started_s = self._whole_s = -math.inf

    def regions(
        self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], smallest: float, now: float
    ) -> tuple[Region, ...]:
        """The regions of a frame to search at `now`."""
        self.started_s = now
        anyway = now - self._whole_s >= ANYWAY_S
        if anyway:
            self._whole_s = now
        return self._changes.take(gray, known_xyxy, smallest, everything=anyway)

    def is_due(self, pause: float, now: float) -> bool:
        """Whether `pause` times the usual interval has passed."""
        return now - self.started_s >= pause * self.every_s

    def taken(self) -> Faces:
        """Waits for the running scan and returns its faces.

        Raises:
            ModelError: it hangs (`workers.RESULT_S`).
            Exception: whatever ended it.
        """
        scan, self.scan = self.scan, None
        return Faces.empty() if scan is None else workers.result(scan.future, "a search for faces")

    def detector(self, smallest: float, make: Callable[[float], Detector]) -> Detector:
        """The detector for faces of at least `smallest` pixels; replaced when that changes."""
        if self._detector is None or self._detector[0] != smallest:
            self._detector = smallest, make(smallest)
        return self._detector[1]


class Scanner:
    """Scans an offered frame when the pause is over: live one scan at a time, in files one of each kind.

    Args:
        min_face: side of the smallest face to find, pixels of the frame; 0 means a twelfth of its height.
        live: use results as soon as they are ready; otherwise a fixed time after the frame, waiting for them.
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
        """Starts a scan of a frame, uint8 (H,W), if one is due and the frame has changed outside the known faces, (n,4)."""
        self._step_s, self._offered_s = now - self._offered_s, now
        rests = now - self._taken_s < effort.pause * self._rest_s
        if self._live and (rests or any(search.scan for search in self._searches)):
            return
        smallest = (self._min_face or gray.shape[0] * DEFAULT_MIN_FACE) * effort.min_face
        for search in sorted(self._searches, key=lambda search: search.started_s):
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
        """The faces found since the last call; empty while a scan runs.

        The first scan is waited for, so that the first frame already shows faces.
        """
        found = []
        for search in self._searches:
            if self._is_ready(search, now):
                found.append(search.taken())
                self._taken_s, self._rest_s = now, REST * search.cost_s
        return Faces.joined(found)

    def close(self) -> None:
        """Ends the threads after their current scans, without waiting for a hung one; may be called twice."""
        self._workers.close()

    def _is_ready(self, search: _Search, now: float) -> bool:
        if search.scan is None or self._scans == 1:
            return search.scan is not None
        if self._live:
            return search.scan.future.done()
        return max(now - search.scan.offered_at, self._step_s) >= search.lag_s

    def _run(self, search: _Search, detector: Detector, gray: NDArray[np.uint8], regions: tuple[Region, ...]) -> Faces:
        """Runs on its thread: the faces in some regions, in pixels of the frame."""
        began = self._clock()
        found = [(region, detector.detect(region.of(gray))) for region in regions]
        search.cost_s = self._clock() - began
        return Faces.joined(
            Faces(faces.boxes_xyxy + np.array([region.x1, region.y1] * 2, np.float32), faces.scores) for region, faces in found
        )


def _coarse(smallest: float) -> Detector:
    return HaarDetector(smallest, search_side=SEARCH_SIDE, scale_step=SCALE_STEP, min_neighbours=MIN_NEIGHBOURS)
