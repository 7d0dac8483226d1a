"""Expressions around markers: latency to the first expression, and mean probabilities locked to the marker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.report.expressions import Bout, bouts
from realtime.report.recording import UNLABELLED, FaceSeries, MarkerAt, Recording

NEUTRAL = "neutral"

BEFORE_S = 1.0
"""Seconds before a marker that the means begin with."""

STEP_S = 0.1
"""Between two points of a mean; a third of the smoothing's time constant."""

STALE_S = 0.25
"""A frame older than this, and than two frames, says nothing of a moment."""

FEWEST = 2
"""Markers below which there is no interval."""

# Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom, as in every table.
T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True)
class FirstExpression:
    """The first expression of a face after a marker.

    Attributes:
        marker: name and time.
        face: its id.
        at_marker: its label then; None where it was uncertain or not there.
        label: the first expression other than neutral that began after the marker; None where there was none in time.
        latency_s: from the marker to it.
        window_s: how long was waited: until the next marker, the end of the window, or the face's last frame before that.
    """

    marker: MarkerAt
    face: int
    at_marker: str | None
    label: str | None
    latency_s: float | None
    window_s: float


@dataclass(frozen=True, eq=False)
class LockedMean:
    """Mean probabilities of one face around the markers of one name, (g) moments.

    Attributes:
        name: of the markers.
        face: its id.
        offsets_s: float64 (g,), from the marker.
        mean: float64 (g,k); NaN where the face was never there.
        low, high: float64 (g,k), 95 % interval of the mean over markers (Student's t), clipped to 0..1; NaN below FEWEST.
        counts: int64 (g,), markers at which the face was there.
    """

    name: str
    face: int
    offsets_s: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    counts: NDArray[np.int64]


def first_expressions(recording: Recording, faces: Sequence[FaceSeries], window_s: float) -> tuple[FirstExpression, ...]:
    """For each marker and each of the faces that was there within the window."""
    found = []
    every = {face.id: bouts(recording, face) for face in faces}
    for i, marker in enumerate(recording.markers):
        later = [other.t for other in recording.markers[i + 1 :] if other.t > marker.t]
        end_s = min([marker.t + window_s, float(recording.t[-1]), *later[:1]])
        for face in faces:
            times = recording.t[face.rows]
            there = times[(times > marker.t) & (times <= end_s)]
            if len(there):
                found.append(_first(recording, face, every[face.id], marker, float(there[-1])))
    return tuple(found)


def _first(recording: Recording, face: FaceSeries, every: Sequence[Bout], marker: MarkerAt, end_s: float) -> FirstExpression:
    row = _rows_at(recording, face, np.array([marker.t]))[0]
    at_marker = None if row < 0 or face.labels[row] == UNLABELLED else recording.labels[face.labels[row]]
    window_s = end_s - marker.t
    for bout in every:
        expressive = bout.label != UNLABELLED and recording.labels[bout.label] != NEUTRAL
        if expressive and marker.t < bout.start_s <= end_s:
            label, latency_s = recording.labels[bout.label], bout.start_s - marker.t
            return FirstExpression(marker, face.id, at_marker, label, latency_s, window_s)
    return FirstExpression(marker, face.id, at_marker, None, None, window_s)


def locked_mean(recording: Recording, face: FaceSeries, name: str, window_s: float) -> LockedMean | None:
    """Mean over the markers of a name; None where the face was never near one. No baseline is subtracted."""
    offsets = np.array([i * STEP_S for i in range(round(-BEFORE_S / STEP_S), round(window_s / STEP_S) + 1)])
    times = np.array([marker.t for marker in recording.markers if marker.name == name])
    rows = _rows_at(recording, face, (times[:, None] + offsets).ravel()).reshape(len(times), -1)
    values = np.where((rows >= 0)[..., None], face.probs[rows].astype(np.float64), np.nan)
    counts = (rows >= 0).sum(0)
    if not counts.any():
        return None
    mean = np.nansum(values, 0) / np.where(counts, counts, np.nan)[:, None]
    squares = np.nansum((values - mean) ** 2, 0)
    enough = counts >= FEWEST
    error = np.sqrt(squares / np.where(enough, counts - 1, np.nan)[:, None] / np.maximum(counts, 1)[:, None])
    half = error * np.array([t95(int(n) - 1) for n in counts])[:, None]
    return LockedMean(name, face.id, offsets, mean, np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1), counts)


def t95(degrees: int) -> float:
    """Two-sided 95 % quantile of Student's t; beyond the table by its usual expansion (within 0.001)."""
    if degrees < 1:
        return float("nan")
    return T95[degrees - 1] if degrees <= len(T95) else 1.95996 + 2.37227 / degrees + 2.8225 / degrees**2


def _rows_at(recording: Recording, face: FaceSeries, moments: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of the face that hold at these moments: the last one not later, and not stale; else -1."""
    times = recording.t[face.rows]
    rows = np.searchsorted(times, moments + 1e-9, "right") - 1
    stale = moments - times[rows] > max(STALE_S, 2 * recording.step_s)
    return np.where((rows < 0) | stale, -1, rows).astype(np.int64)
