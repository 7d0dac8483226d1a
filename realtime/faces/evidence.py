"""Whether what the cascade found is a face at all, by what the network says of it over time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.faces import geometry, patches

LEAST_FACE = 0.5
"""Probability of a face below which the network denies one."""

MEMORY_S = 0.3
"""Time constant over which that probability is averaged."""

DENIED_S = 0.4
"""A face that is denied for so long is let go."""

SAME_PLACE = 0.3
"""Overlap (IoU) from which a new box lies where one was denied."""

SAME_IMAGE = 0.9
"""Correlation from which a denied place still looks as it did; a face that comes before a poster is far below it."""

PLACE_PIXELS = 16
MOST_PLACES = 64


@dataclass
class _Belief:
    face_prob: float
    read_s: float
    denied_since_s: float | None


class Evidence:
    """Averages over time what the network says of every track."""

    def __init__(self) -> None:
        self._beliefs: dict[int, _Belief] = {}

    def update(self, face_id: int, face_prob: float, now: float) -> None:
        """Takes what the network says of a track that was read at `now`, seconds."""
        before = self._beliefs.get(face_id)
        if before is not None:
            weight = 1 - math.exp(-(now - before.read_s) / MEMORY_S)
            face_prob = before.face_prob + weight * (face_prob - before.face_prob)
        since = None if face_prob >= LEAST_FACE else now
        if since is not None and before is not None and before.denied_since_s is not None:
            since = before.denied_since_s
        self._beliefs[face_id] = _Belief(face_prob, now, since)

    def is_denied(self, face_id: int) -> bool:
        """Whether the track is held to be no face now; a track that was never read is not."""
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
        """Drops the tracks not read since `time_s`."""
        self._beliefs = {face_id: belief for face_id, belief in self._beliefs.items() if belief.read_s >= time_s}


class DeniedPlaces:
    """Where the network denied a face, and how it looked there: not tried again until it changes."""

    def __init__(self) -> None:
        self._places: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, gray: NDArray[np.uint8], square: NDArray[np.float32]) -> None:
        """Remembers a place of a frame, uint8 (H,W): centre x, centre y, side, float32 (3,)."""
        self._places.append((square, _appearance(gray, square)))
        del self._places[:-MOST_PLACES]

    def covers(self, gray: NDArray[np.uint8], square: NDArray[np.float32]) -> bool:
        """Whether a face was denied there and nothing has changed since; a place that has changed is forgotten."""
        there = geometry.from_centre_side(square[None])
        for place in list(self._places):
            denied, look = place
            if geometry.iou(there, geometry.from_centre_side(denied[None]))[0, 0] < SAME_PLACE:
                continue
            if float(np.mean(look * _appearance(gray, denied))) >= SAME_IMAGE:
                return True
            self._places = [other for other in self._places if other is not place]
        return False


def _appearance(gray: NDArray[np.uint8], square: NDArray[np.float32]) -> NDArray[np.float32]:
    """A small image of a place with mean 0 and variance 1, so that the mean of a product of two is their correlation."""
    image = patches.cut(gray, square, 1.0, PLACE_PIXELS).image.astype(np.float32)
    image -= image.mean()
    return np.asarray(image / (image.std() + 1e-6), np.float32)
