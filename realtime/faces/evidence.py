"""Rejects false positives of the cascade, by the network's face probability over time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.faces import geometry, patches

LEAST_FACE = 0.5
"""Face probability below which a track counts as denied."""

MEMORY_S = 0.3
"""Time constant of the average of that probability."""

DENIED_S = 0.4
"""A track denied for this long is dropped."""

SAME_PLACE = 0.3
"""Overlap (IoU) from which a new box counts as at a denied place."""

SAME_IMAGE = 0.9
"""Correlation from which a denied place counts as unchanged; a face that appears in front of a poster is far below it."""

PLACE_PIXELS = 16
MOST_PLACES = 64


@dataclass
class _Belief:
    face_prob: float
    read_s: float
    denied_since_s: float | None


class Evidence:
    """Averages the network's face probability of every track over time."""

    def __init__(self) -> None:
        self._beliefs: dict[int, _Belief] = {}

    def update(self, face_id: int, face_prob: float, now: float) -> None:
        """Adds the face probability of a track that was classified at `now`, seconds."""
        before = self._beliefs.get(face_id)
        if before is not None:
            weight = 1 - math.exp(-(now - before.read_s) / MEMORY_S)
            face_prob = before.face_prob + weight * (face_prob - before.face_prob)
        since = None if face_prob >= LEAST_FACE else now
        if since is not None and before is not None and before.denied_since_s is not None:
            since = before.denied_since_s
        self._beliefs[face_id] = _Belief(face_prob, now, since)

    def is_denied(self, face_id: int) -> bool:
        """Whether the track currently counts as a false positive; a track that was never classified does not."""
        belief = self._beliefs.get(face_id)
        return belief is not None and belief.denied_since_s is not None

    def hopeless(self, now: float) -> frozenset[int]:
        """Tracks that have been denied for DENIED_S."""
        return frozenset(
            face_id
            for face_id, belief in self._beliefs.items()
            if belief.denied_since_s is not None and now - belief.denied_since_s >= DENIED_S
        )

    def forget_before(self, time_s: float) -> None:
        """Drops the tracks not classified since `time_s`."""
        self._beliefs = {face_id: belief for face_id, belief in self._beliefs.items() if belief.read_s >= time_s}


class DeniedPlaces:
    """Places where the network denied a face, with their appearance: they are skipped until they change."""

    def __init__(self) -> None:
        self._places: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, gray: NDArray[np.uint8], square: NDArray[np.float32]) -> None:
        """Stores a place of a frame, uint8 (H,W): centre x, centre y, side, float32 (3,)."""
        self._places.append((square, _appearance(gray, square)))
        del self._places[:-MOST_PLACES]

    def covers(self, gray: NDArray[np.uint8], square: NDArray[np.float32]) -> bool:
        """Whether a face was denied there and the place has not changed since; changed places are forgotten."""
        there = geometry.from_centre_side(square[None])
        for place in list(self._places):
            denied, appearance = place
            if geometry.iou(there, geometry.from_centre_side(denied[None]))[0, 0] < SAME_PLACE:
                continue
            if float(np.mean(appearance * _appearance(gray, denied))) >= SAME_IMAGE:
                return True
            self._places = [other for other in self._places if other is not place]
        return False


def _appearance(gray: NDArray[np.uint8], square: NDArray[np.float32]) -> NDArray[np.float32]:
    """A small image of a place with mean 0 and variance 1, so that the mean of a product of two is their correlation."""
    image = patches.cut(gray, square, 1.0, PLACE_PIXELS).image.astype(np.float32)
    image -= image.mean()
    return np.asarray(image / (image.std() + 1e-6), np.float32)
