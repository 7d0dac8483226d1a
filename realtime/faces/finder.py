"""The faces of a frame, each with its number: by looking at every frame anew, or by following what is known already."""

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
"""Around a known face, times its side, nothing new is looked for: its hair and collar move with it."""

SAME_FACE = 0.3
"""Overlap (IoU) from which two boxes are one face."""

ENTER_INSIDE, STAY_INSIDE = 0.8, 0.75
"""A face of which less is in the image is not shown: nobody could read it, and the cascade would not find it. One that is
shown stays a little longer, so that it does not blink at the edge."""

SURE_VOTES = 10
"""Windows of the cascade that must agree on a face in which no eyes are found."""

MOST_SEARCHES = 2
"""Confirmed faces looked at closely in one frame; in a crowd the others are followed by their images until their turn."""


class Finder(Protocol):
    """Faces of consecutive frames."""

    def find(self, gray: NDArray[np.uint8], now: float, effort: Effort = FULL_EFFORT) -> tuple[Sighting, ...]:
        """The faces to show in a frame, uint8 (H,W), at `now`, by id."""

    def deny(self, ids: frozenset[int], now: float) -> None:
        """The network has found these to be no faces: they are not shown again."""

    def close(self) -> None:
        """Ends what runs in the background; may be called twice."""


class PerImageFinder:
    """For images that have nothing to do with one another: every face at once, with an id of its own."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._ids = 0

    def find(self, gray: NDArray[np.uint8], now: float, effort: Effort = FULL_EFFORT) -> tuple[Sighting, ...]:
        """Every face that the detector finds."""
        faces = self._detector.detect(gray)
        first = self._ids + 1
        self._ids += len(faces)
        return tuple(Sighting(first + i, box, State.SEEN, now, now) for i, box in enumerate(faces.boxes_xyxy))

    def deny(self, ids: frozenset[int], now: float) -> None:
        """Nothing is carried from image to image."""

    def close(self) -> None:
        """Nothing runs in the background."""


class FrameByFrame:
    """Every frame searched whole, the faces then told apart by where they are: simple, and what following is measured by."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._tracker = Tracker()

    def find(self, gray: NDArray[np.uint8], now: float, effort: Effort = FULL_EFFORT) -> tuple[Sighting, ...]:
        """The confirmed faces."""
        return self._tracker.update(self._detector.detect(gray), now)

    def deny(self, ids: frozenset[int], now: float) -> None:
        """Lets their tracks go; the next frame may find them again."""
        for track in self._tracker.expected(now):
            if track.id in ids:
                self._tracker.drop(track.key)

    def close(self) -> None:
        """Nothing runs in the background."""


class TrackingFinder:
    """Known faces are looked for where they are expected, new ones by a scan in the background.

    Args:
        scanner: finds where new faces might be.
        follower: looks closely.
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
        self._welcome(gray, self._scanner.take(now), now)
        self._scanner.offer(gray, _boxes([each.square for each in self._tracker.expected(now)], KNOWN_MARGIN), now, effort)
        self._welcome(gray, self._scanner.take(now), now)  # the very first scan is waited for
        turned = {each.id for each in self._tracker.expected(now) if self._follower.is_turned(each.key, now)}
        shown = (replace(each, turned=each.id in turned) for each in self._tracker.shown(now))
        sightings = tuple(each for each in shown if self._is_inside(each, gray))
        self._shown = frozenset(each.id for each in sightings)
        self._follower.forget(frozenset(each.key for each in self._tracker.expected(now)))
        return sightings

    def deny(self, ids: frozenset[int], now: float) -> None:
        """Lets their tracks go, and leaves their places alone until something changes there."""
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
        """Looks for every known face, the confirmed ones first: what of the others is the same face is let go."""
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
        """Notes a sighting; a face not yet confirmed has to look like one."""
        eyes = not track.confirmed and self._follower.has_eyes(gray, hit.square)
        if track.confirmed or eyes or hit.votes >= SURE_VOTES:
            steady = self._tracker.see(track.key, hit.square, now, certain=eyes)
            self._follower.remember(track.key, gray, hit, steady, now)

    def _welcome(self, gray: NDArray[np.uint8], found: Faces, now: float) -> None:
        """What a scan found besides the known faces, as far as it is there in this frame and looks like a face."""
        known = _boxes([each.square for each in self._tracker.expected(now)])
        for box, square in zip(found.boxes_xyxy, geometry.to_centre_side(found.boxes_xyxy), strict=True):
            if _is_among(box, known) or self._denied.covers(gray, square):
                continue
            hit = self._follower.search(gray, square)
            if hit is not None and not _is_among(_boxes([hit.square])[0], known):
                known = np.concatenate([known, _boxes([hit.square])])
                self._see(Expected(self._tracker.add(hit.square, now), 0, hit.square, False), gray, hit, now)


def _share_inside(box_xyxy: NDArray[np.float32], gray: NDArray[np.uint8]) -> float:
    """How much of a box, (4,), lies in the image, 0 to 1."""
    height, width = gray.shape
    seen = np.array([[*np.maximum(box_xyxy[:2], 0), *np.minimum(box_xyxy[2:], (width, height))]], np.float32)
    return float(geometry.area(seen)[0] / geometry.area(box_xyxy[None])[0])


def _is_among(box_xyxy: NDArray[np.float32], known_xyxy: NDArray[np.float32]) -> bool:
    """Whether a box, (4,), is one of the known faces, (n,4)."""
    return bool((geometry.iou(box_xyxy[None], known_xyxy) >= SAME_FACE).any())


def _boxes(squares: list[NDArray[np.float32]], margin: float = 1.0) -> NDArray[np.float32]:
    """Squares as boxes, float32 (n,4), enlarged by `margin`."""
    return geometry.from_centre_side(np.array(squares, np.float32).reshape(-1, 3) * np.array([1, 1, margin], np.float32))
