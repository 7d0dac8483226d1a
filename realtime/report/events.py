"""Analyses expressions around markers: the latency to the first expression, and marker-locked mean probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.report.expressions import Bout, bouts
from realtime.report.recording import UNLABELLED, FaceSeries, MarkerAt, Recording

NEUTRAL = "neutral"

BEFORE_S = 1.0
"""Marker-locked means begin this long before the marker."""

STEP_S = 0.1
"""Time between two points of a mean: about a third of the time constant of the smoothing."""

STALE_S = 0.25
"""A frame stands for the time until the next one, but for no longer than this or two frames, whichever is longer."""

FEWEST = 2
"""An interval needs at least this many markers."""

# Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom, from the usual table.
T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True)
class FirstExpression:
    """The first expression of a face after a marker.

    Attributes:
        marker: the marker.
        face: the id of the face.
        at_marker: the label at the time of the marker; None if the face was uncertain or absent.
        label: the first expression other than neutral that began within the window; None if there was none.
        latency_s: time from the marker to the start of that expression; None if there was none.
        window_s: length of the window. It ends at the next marker, after the time asked for, or with the last frame of the
            face, whichever comes first.
    """

    marker: MarkerAt
    face: int
    at_marker: str | None
    label: str | None
    latency_s: float | None
    window_s: float


@dataclass(frozen=True, eq=False)
class LockedMean:
    """Mean probabilities of one face around all markers of one name, at g offsets.

    Attributes:
        name: the name of the markers.
        face: the id of the face.
        offsets_s: float64 (g,), time since the marker.
        mean: float64 (g,k); NaN if the face was absent at every marker.
        low, high: float64 (g,k), 95 % interval of the mean over markers (Student's t), clipped to 0..1; NaN for fewer than
            FEWEST markers.
        counts: int64 (g,), number of markers at which the face was present.
    """

    name: str
    face: int
    offsets_s: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    counts: NDArray[np.int64]


def first_expressions(recording: Recording, faces: Sequence[FaceSeries], window_s: float) -> tuple[FirstExpression, ...]:
    """The first expression after each marker, for each face that is present within its window."""
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
    """The mean over all markers of a name, without subtracting a baseline; None if the face was never present near one."""
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
    """Two-sided 95 % quantile of Student's t. Beyond the table it uses the series expansion, which is within 0.001."""
    if degrees < 1:
        return float("nan")
    return T95[degrees - 1] if degrees <= len(T95) else 1.95996 + 2.37227 / degrees + 2.8225 / degrees**2


def _rows_at(recording: Recording, face: FaceSeries, moments: NDArray[np.float64]) -> NDArray[np.int64]:
    """The row of the face that is valid at each moment: the last one before it, or -1 if that is stale or missing."""
    times = recording.t[face.rows]
    rows = np.searchsorted(times, moments + 1e-9, "right") - 1
    stale = moments - times[rows] > max(STALE_S, 2 * recording.step_s)
    return np.where((rows < 0) | stale, -1, rows).astype(np.int64)
