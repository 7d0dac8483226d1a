"""Matches the faces of a frame with those of earlier frames.

Distance: overlap with the predicted box. Filter: `one_euro.OneEuroBox`. Life cycle: a track is tentative until it was seen
often and long enough (which removes false positives), coasts over a gap, is kept a while longer, and is dropped. All ages are
in seconds, so that a slow camera and a fast clip behave alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import Faces, State
from realtime.faces import geometry
from realtime.faces.one_euro import OneEuroBox

MIN_OVERLAP = 0.25
"""Overlap (IoU) below which a sighting belongs to another face."""

CONFIRM_SIGHTINGS = 3
CONFIRM_S = 0.15
"""A track is confirmed after this many sightings over this time: 5 frames at 30 a second."""

TENTATIVE_S = 0.2
"""A tentative track is dropped when missed for this long."""

COAST_S = 0.5
"""A confirmed face is still shown when missed for up to this long: a missed detection, a hand in front of it."""

REMEMBER_S = 1.5
"""A face that returns after this long gets a new id."""

PREDICT_S = 0.15
"""Longest time for which a missed face is predicted to keep its speed."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """A confirmed track in one frame.

    Attributes:
        id: from 1, never reused.
        box_xyxy: float32 (4,), filtered.
        state: seen or coasting.
        first_seen_s, last_seen_s: seconds of `Frame.time_s`.
        turned: whether its front has not been detected for a while.
    """

    id: int
    box_xyxy: NDArray[np.float32]
    state: State
    first_seen_s: float
    last_seen_s: float
    turned: bool = False


@dataclass(frozen=True, eq=False)
class Expected:
    """The predicted position of a track.

    Attributes:
        key: of the track, never reused.
        id: the shown id of a confirmed track; 0 for others.
        square: float32 (3,), centre x, centre y and side.
        confirmed: whether it counts as a face.
    """

    key: int
    id: int
    square: NDArray[np.float32]
    confirmed: bool


class _Track:
    def __init__(self, key: int, square: NDArray[np.float32], now: float) -> None:
        self.key = key
        self.id = 0
        self.certain = False
        self.steady = OneEuroBox(square, now)
        self.first_seen_s = self.last_seen_s = now
        self.sightings = 1

    def see(self, square: NDArray[np.float32], now: float) -> None:
        self.steady.update(square, now)
        self.last_seen_s = now
        self.sightings += 1

    def ripe(self) -> bool:
        long_enough = self.sightings >= CONFIRM_SIGHTINGS and self.last_seen_s - self.first_seen_s >= CONFIRM_S
        return self.certain or long_enough


class Tracker:
    """Tracks faces through a video or a camera's stream.

    For detections in whole frames call `update`. To search each face where it is expected, call `expected`, then `see` and
    `add` for the results, then `shown`.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._keys = 0
        self._ids = 0

    def update(self, faces: Faces, now: float) -> tuple[Sighting, ...]:
        """Adds the faces of the frame at `now` and returns the confirmed tracks to show, by id."""
        squares = geometry.to_centre_side(faces.boxes_xyxy)
        for i in self._match(squares, faces, now):
            self.add(squares[i], now)
        return self.shown(now)

    def expected(self, now: float) -> tuple[Expected, ...]:
        """The predicted position of every track at `now`, including tentative ones."""
        return tuple(Expected(t.key, t.id, t.steady.predict(now, PREDICT_S), t.id > 0) for t in self._tracks)

    def see(self, key: int, square: NDArray[np.float32], now: float, *, certain: bool = False) -> NDArray[np.float32]:
        """Adds a sighting of a track, float32 (3,), and returns its filtered square; `certain` confirms it at once.

        Raises:
            KeyError: the track does not exist or was dropped.
        """
        for track in self._tracks:
            if track.key == key:
                track.see(square, now)
                track.certain |= certain
                return track.steady.square
        raise KeyError(key)

    def add(self, square: NDArray[np.float32], now: float) -> int:
        """Starts a track at its first sighting and returns its key."""
        self._keys += 1
        self._tracks.append(_Track(self._keys, square, now))
        return self._keys

    def drop(self, key: int) -> None:
        """Drops a track."""
        self._tracks = [track for track in self._tracks if track.key != key]

    def shown(self, now: float) -> tuple[Sighting, ...]:
        """The confirmed tracks to show at `now`, by id; drops tracks missed for too long."""
        for track in self._tracks:
            if not track.id and track.ripe():
                self._ids += 1
                track.id = self._ids
        self._tracks = [t for t in self._tracks if now - t.last_seen_s <= (REMEMBER_S if t.id else TENTATIVE_S)]
        shown = [track for track in self._tracks if track.id and now - track.last_seen_s <= COAST_S]
        return tuple(self._sighting(track, now) for track in sorted(shown, key=lambda track: track.id))

    def _match(self, squares: NDArray[np.float32], faces: Faces, now: float) -> list[int]:
        """Assigns sightings to tracks, best overlap first; returns the rows of `squares` without a track."""
        free = list(range(len(squares)))
        if not self._tracks or not free:
            return free
        predicted = np.stack([track.steady.predict(now, PREDICT_S) for track in self._tracks])
        overlap = geometry.iou(geometry.from_centre_side(predicted), faces.boxes_xyxy)
        # confirmed tracks first: a false positive beside a face must not take its sighting
        overlap += np.array([1.0 if track.id else 0.0 for track in self._tracks], np.float32)[:, None] * (
            overlap >= MIN_OVERLAP
        )
        matched: set[int] = set()
        for flat in np.argsort(-overlap, axis=None, kind="stable"):
            row, column = divmod(int(flat), len(squares))
            if overlap[row, column] < MIN_OVERLAP:
                break
            if row not in matched and column in free:
                self._tracks[row].see(squares[column], now)
                matched.add(row)
                free.remove(column)
        return free

    def _sighting(self, track: _Track, now: float) -> Sighting:
        seen = track.last_seen_s == now
        square = track.steady.square if seen else track.steady.predict(now, PREDICT_S)
        return Sighting(
            track.id,
            geometry.from_centre_side(square[None])[0],
            State.SEEN if seen else State.COASTING,
            track.first_seen_s,
            track.last_seen_s,
        )
