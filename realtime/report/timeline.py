"""Packs the curves of a report into little space: one point per frame, or means over fixed steps for long recordings."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.report.recording import FaceSeries, Recording

MOST_POINTS = 90_000
"""Limit for all faces together. With eight expressions a point takes 17 bytes, so this makes 2 MB in base64."""

STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Possible steps of the means; the shortest is about a third of the time constant of the smoothing."""

SCALE = 250
"""A probability is stored as a byte in units of 1 / SCALE, that is 0.4 %."""

ABSENT = 255
"""The byte for a missing value."""

UNCERTAIN_BYTE = 254

MOST_SLICES = 30
"""Maximum number of rows in the table that repeats a curve."""


@dataclass(frozen=True)
class PackedFace:
    """The curves of one face. Its arrays are encoded in base64.

    Attributes:
        id: the id in the recording.
        start, count: the first point of the timeline that it covers, and the number of points.
        probs, raw: uint8 (count,k), in units of 1 / SCALE, or ABSENT.
        labels: uint8 (count,), column of the label, UNCERTAIN_BYTE or ABSENT.
    """

    id: int
    start: int
    count: int
    probs: str
    raw: str
    labels: str


@dataclass(frozen=True)
class Timeline:
    """The curves of several faces.

    Attributes:
        step_s: length of the step over which means were taken; None if each frame is a point.
        times: float32 (points,) in base64, seconds.
        faces: the curves of each face, in the order given.
    """

    step_s: float | None
    times: str
    faces: tuple[PackedFace, ...]


@dataclass(frozen=True)
class Slice:
    """A row of the table that repeats a curve.

    Attributes:
        start_s, end_s: the time that it covers.
        present_s: time in which the face was present.
        means: mean probabilities; None if the face was absent.
    """

    start_s: float
    end_s: float
    present_s: float
    means: tuple[float, ...] | None


def pack(recording: Recording, faces: Sequence[FaceSeries]) -> Timeline:
    """Packs the curves of these faces."""
    if sum(int(face.rows[-1] - face.rows[0]) + 1 for face in faces) <= MOST_POINTS:
        return _every_frame(recording, faces)
    start_s, step_s = float(recording.t[0]), _step_s(recording, faces)
    points = np.floor((recording.t - start_s) / step_s).astype(np.int64)
    times = start_s + (np.arange(points[-1] + 1) + 0.5) * step_s
    return Timeline(step_s, _text(times.astype("<f4")), tuple(_pack(face, points[face.rows]) for face in faces))


def slices(recording: Recording, face: FaceSeries) -> tuple[Slice, ...]:
    """Divides the time of a face into equal parts: at most MOST_SLICES, each at least a second long."""
    start_s, end_s = (float(recording.t[face.rows[i]]) for i in (0, -1))
    count = max(1, min(MOST_SLICES, int(end_s - start_s)))
    edges = np.linspace(start_s, end_s, count + 1)
    times = recording.t[face.rows]
    parts = np.clip(np.searchsorted(edges, times, "right") - 1, 0, count - 1)
    weight_s = recording.weight_s[face.rows]
    found = []
    for i in range(count):
        inside = parts == i
        means = tuple(float(p) for p in face.probs[inside].mean(0)) if inside.any() else None
        found.append(Slice(float(edges[i]), float(edges[i + 1]), float(weight_s[inside].sum()), means))
    return tuple(found)


def _step_s(recording: Recording, faces: Sequence[FaceSeries]) -> float:
    spans_s = sum(float(recording.t[face.rows[-1]] - recording.t[face.rows[0]]) for face in faces)
    return next((step_s for step_s in STEPS_S if spans_s / step_s <= MOST_POINTS), STEPS_S[-1])


def _every_frame(recording: Recording, faces: Sequence[FaceSeries]) -> Timeline:
    """Makes one point per frame, and an empty point in each gap, so that no curve is drawn across it."""
    gaps = np.flatnonzero(recording.weight_s[1:] < np.diff(recording.t)) + 1
    points = np.arange(len(recording.t)) + np.searchsorted(gaps, np.arange(len(recording.t)), "right")
    times = np.insert(recording.t, gaps, (recording.t[gaps] + recording.t[gaps - 1]) / 2)
    return Timeline(None, _text(times.astype("<f4")), tuple(_pack(face, points[face.rows]) for face in faces))


def _pack(face: FaceSeries, points: NDArray[np.int64]) -> PackedFace:
    start = int(points[0])
    inside = points - start
    count = int(inside[-1]) + 1
    return PackedFace(
        face.id,
        start,
        count,
        _text(_means(face.probs, inside, count)),
        _text(_means(face.raw, inside, count)),
        _text(_most(face.labels, inside, count, face.probs.shape[1])),
    )


def _means(probs: NDArray[np.float32], points: NDArray[np.int64], count: int) -> NDArray[np.uint8]:
    """The mean of each point over the rows that are not NaN."""
    known = ~np.isnan(probs[:, 0])
    numbers = np.bincount(points[known], minlength=count)
    sums = np.stack([np.bincount(points[known], column[known], minlength=count) for column in probs.T], axis=1)
    scaled = np.rint(SCALE * sums / np.maximum(numbers, 1)[:, None])
    return np.where((numbers > 0)[:, None], scaled, ABSENT).astype(np.uint8)


def _most(labels: NDArray[np.int16], points: NDArray[np.int64], count: int, k: int) -> NDArray[np.uint8]:
    """The most frequent label of each point."""
    numbers = np.bincount(points * (k + 1) + labels + 1, minlength=count * (k + 1)).reshape(count, k + 1)
    best = numbers.argmax(1)
    return np.where(numbers.any(1), np.where(best == 0, UNCERTAIN_BYTE, best - 1), ABSENT).astype(np.uint8)


def _text(values: NDArray[np.generic]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
