"""Finds the faces of a frame with their ids: by detection in every frame, or by tracking known faces."""

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FULL_EFFORT, Effort, Faces, State
from realtime.faces import geometry
from realtime.faces.detector import Detector
from realtime.faces.evidence import DeniedPlaces
from realtime.faces.follower import Follower, Hit
from realtime.faces.scanner import Scanner
from realtime.faces.tracker import Expected, Sighting, Tracker

KNOWN_MARGIN = 1.6
"""Side of the area around a known face, times its side, in which no new face is searched: hair and collar move with it."""

SAME_FACE = 0.3
"""Overlap (IoU) from which two boxes are the same face."""

ENTER_INSIDE, STAY_INSIDE = 0.8, 0.75
"""Share of a face that must be inside the image to be shown: neither network nor cascade handles less. A shown face stays
visible a little longer, so that it does not flicker at the edge."""

SURE_VOTES = 10
"""Cascade windows that must agree on a face without detected eyes."""

MOST_SEARCHES = 2
"""Confirmed faces searched by the cascade in one frame. In a crowd the others are tracked by template matching meanwhile."""


class Finder(Protocol):
    """Finds the faces of consecutive frames."""

    def find(self, gray: NDArray[np.uint8], now: float, effort: Effort = FULL_EFFORT) -> tuple[Sighting, ...]:
        """The faces to show in a frame, uint8 (H,W), at `now`, by id."""

    def deny(self, ids: frozenset[int], now: float) -> None:
        """Drops tracks that the network has classified as false positives."""

    def close(self) -> None:
        """Ends background threads; may be called twice."""


class PerImageFinder:
    """For unrelated images: every face is shown at once, with a new id."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._ids = 0

    def find(self, gray: NDArray[np.uint8], now: float, effort: Effort = FULL_EFFORT) -> tuple[Sighting, ...]:
        """All detected faces."""
        faces = self._detector.detect(gray)
        first = self._ids + 1
        self._ids += len(faces)
        return tuple(Sighting(first + i, box, State.SEEN, now, now) for i, box in enumerate(faces.boxes_xyxy))

    def deny(self, ids: frozenset[int], now: float) -> None:
        """Does nothing: no state is kept between images."""

    def close(self) -> None:
        """Does nothing: no thread runs in the background."""


class FrameByFrame:
    """Detects in every whole frame and matches faces by position: the simple baseline for tracking."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._tracker = Tracker()

    def find(self, gray: NDArray[np.uint8], now: float, effort: Effort = FULL_EFFORT) -> tuple[Sighting, ...]:
        """The confirmed faces."""
        return self._tracker.update(self._detector.detect(gray), now)

    def deny(self, ids: frozenset[int], now: float) -> None:
        """Drops their tracks; the next frame may detect them again."""
        for track in self._tracker.expected(now):
            if track.id in ids:
                self._tracker.drop(track.key)

    def close(self) -> None:
        """Does nothing: no thread runs in the background."""


class TrackingFinder:
    """Searches known faces where they are expected, and new ones with a background scan.

    Args:
        scanner: proposes new faces.
        follower: confirms and tracks them.
    """

    def __init__(self, scanner: Scanner, follower: Follower) -> None:
        self._scanner = scanner
        self._follower = follower
        self._tracker = Tracker()
        self._turn = 0
        self._shown: frozenset[int] = frozenset()
        self._denied = DeniedPlaces()
        self._gray: NDArray[np.uint8] | None = None

    def find(self, gray: NDArray[np.uint8], now: float, effort: Effort = FULL_EFFORT) -> tuple[Sighting, ...]:
        """The confirmed faces."""
        self._gray = gray
        expected = self._tracker.expected(now)
        self._follow(gray, expected, now)
        self._add_new(gray, self._scanner.take(now), now)
        self._scanner.offer(gray, _boxes([each.square for each in self._tracker.expected(now)], KNOWN_MARGIN), now, effort)
        self._add_new(gray, self._scanner.take(now), now)  # the first scan is always waited for
        turned = {each.id for each in self._tracker.expected(now) if self._follower.is_turned(each.key, now)}
        shown = (replace(each, turned=each.id in turned) for each in self._tracker.shown(now))
        sightings = tuple(each for each in shown if self._is_inside(each, gray))
        self._shown = frozenset(each.id for each in sightings)
        self._follower.forget(frozenset(each.key for each in self._tracker.expected(now)))
        return sightings

    def deny(self, ids: frozenset[int], now: float) -> None:
        """Drops their tracks, and skips their places until they change."""
        for track in self._tracker.expected(now):
            if track.id in ids and self._gray is not None:
                self._denied.add(self._gray, track.square)
                self._tracker.drop(track.key)

    def close(self) -> None:
        """Ends the scans."""
        self._scanner.close()

    def _is_inside(self, face: Sighting, gray: NDArray[np.uint8]) -> bool:
        return _share_inside(face.box_xyxy, gray) >= (STAY_INSIDE if face.id in self._shown else ENTER_INSIDE)

    def _follow(self, gray: NDArray[np.uint8], expected: tuple[Expected, ...], now: float) -> None:
        """Searches every known face, confirmed ones first; a tentative track of the same face is dropped."""
        taken: list[NDArray[np.float32]] = []
        known = [each.key for each in expected if each.confirmed]
        turns = {known[(self._turn + i) % len(known)] for i in range(min(MOST_SEARCHES, len(known)))}
        self._turn += len(turns)
        for each in sorted(expected, key=lambda each: not each.confirmed):
            closely = not each.confirmed or each.key in turns
            hit = self._follower.follow(each.key, gray, each.square, now, closely=closely)
            if hit is None:
                continue
            if _is_among(_boxes([hit.square])[0], _boxes(taken)):
                self._tracker.drop(each.key)
                continue
            taken.append(hit.square)
            self._see(each, gray, hit, now)

    def _see(self, track: Expected, gray: NDArray[np.uint8], hit: Hit, now: float) -> None:
        """Updates a track; a tentative one must also show eyes or enough votes."""
        eyes = not track.confirmed and self._follower.has_eyes(gray, hit.square)
        if track.confirmed or eyes or hit.votes >= SURE_VOTES:
            steady = self._tracker.see(track.key, hit.square, now, certain=eyes)
            self._follower.remember(track.key, gray, hit, steady, now)

    def _add_new(self, gray: NDArray[np.uint8], found: Faces, now: float) -> None:
        """Adds tracks for new faces of a scan that the cascade confirms in this frame."""
        known = _boxes([each.square for each in self._tracker.expected(now)])
        for box, square in zip(found.boxes_xyxy, geometry.to_centre_side(found.boxes_xyxy), strict=True):
            if _is_among(box, known) or self._denied.covers(gray, square):
                continue
            hit = self._follower.search(gray, square)
            if hit is not None and not _is_among(_boxes([hit.square])[0], known):
                known = np.concatenate([known, _boxes([hit.square])])
                self._see(Expected(self._tracker.add(hit.square, now), 0, hit.square, False), gray, hit, now)


def _share_inside(box_xyxy: NDArray[np.float32], gray: NDArray[np.uint8]) -> float:
    """Share of a box, (4,), inside the image, 0 to 1."""
    height, width = gray.shape
    seen = np.array([[*np.maximum(box_xyxy[:2], 0), *np.minimum(box_xyxy[2:], (width, height))]], np.float32)
    return float(geometry.area(seen)[0] / geometry.area(box_xyxy[None])[0])


def _is_among(box_xyxy: NDArray[np.float32], known_xyxy: NDArray[np.float32]) -> bool:
    """Whether a box, (4,), is one of the known faces, (n,4)."""
    return bool((geometry.iou(box_xyxy[None], known_xyxy) >= SAME_FACE).any())


def _boxes(squares: list[NDArray[np.float32]], margin: float = 1.0) -> NDArray[np.float32]:
    """Squares as boxes, float32 (n,4), enlarged by `margin`."""
    return geometry.from_centre_side(np.array(squares, np.float32).reshape(-1, 3) * np.array([1, 1, margin], np.float32))
