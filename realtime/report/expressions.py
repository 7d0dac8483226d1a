"""Computes statistics of expressions: shares of time, bouts and transitions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.report.recording import UNLABELLED, FaceSeries, Recording


@dataclass(frozen=True)
class Share:
    """How the time of one face, or of all faces, is divided among the expressions.

    Attributes:
        face: the id of the face; None for all faces together.
        present_s: time in which the face was seen or coasting.
        uncertain_s: time in which it was uncertain.
        by_label_s: time with each expression, in the order of the labels.
    """

    face: int | None
    present_s: float
    uncertain_s: float
    by_label_s: tuple[float, ...]

    @property
    def labelled_s(self) -> float:
        """Time with an expression: the denominator of the shares."""
        return sum(self.by_label_s)

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each expression in the labelled time; zeros if there is no labelled time."""
        return tuple(seconds / self.labelled_s if self.labelled_s else 0.0 for seconds in self.by_label_s)


@dataclass(frozen=True)
class Bout:
    """A stretch of time in which a face has the same label without a break.

    Attributes:
        label: column of the probabilities, or UNLABELLED.
        start_s: time of its first frame.
        duration_s: the sum of the time steps of its frames.
        joined: the face was present with another label immediately before it.
        cut: the face appeared at its start or disappeared at its end, so the expression may have lasted longer.
    """

    label: int
    start_s: float
    duration_s: float
    joined: bool
    cut: bool


@dataclass(frozen=True)
class BoutStatistics:
    """Statistics of all bouts of one expression.

    Attributes:
        label: the name of the expression.
        bouts: number of bouts.
        cut: number of these that may have lasted longer.
        per_minute: bouts per minute in which a face was present.
        median_s, longest_s: median and longest duration.
    """

    label: str
    bouts: int
    cut: int
    per_minute: float
    median_s: float
    longest_s: float


def shares(recording: Recording) -> tuple[Share, ...]:
    """The shares of all faces together, followed by those of each face."""
    each = tuple(_share(recording, face) for face in recording.faces)
    columns = zip(*(share.by_label_s for share in each), strict=True) if each else ((0.0,) for _ in recording.labels)
    total = Share(
        None,
        sum(share.present_s for share in each),
        sum(share.uncertain_s for share in each),
        tuple(sum(column) for column in columns),
    )
    return (total, *each)


def _share(recording: Recording, face: FaceSeries) -> Share:
    weight_s = recording.weight_s[face.rows]
    seconds = np.bincount(face.labels + 1, weight_s, minlength=len(recording.labels) + 1)  # UNLABELLED is -1
    return Share(face.id, float(weight_s.sum()), float(seconds[0]), tuple(float(s) for s in seconds[1:]))


def bouts(recording: Recording, face: FaceSeries) -> tuple[Bout, ...]:
    """All bouts of a face in order, including those in which it is `uncertain`."""
    follows = (np.diff(face.rows) == 1) & (recording.weight_s[face.rows[1:]] > 0)
    starts = np.flatnonzero(np.concatenate(([True], ~follows | (np.diff(face.labels) != 0))))
    ends = np.append(starts[1:], len(face.rows))
    joined = np.append([False], follows)[starts]
    went = np.append(~joined[1:], True)
    weight_s = recording.weight_s[face.rows]
    return tuple(
        Bout(
            int(face.labels[start]),
            float(recording.t[face.rows[start]]),
            float(weight_s[start:end].sum()),
            bool(after),
            bool(not after or gone),
        )
        for start, end, after, gone in zip(starts, ends, joined, went, strict=True)
    )


def bout_statistics(recording: Recording, faces: Sequence[FaceSeries]) -> tuple[BoutStatistics, ...]:
    """Statistics of each expression that these faces showed, the most frequent first."""
    minutes = sum(recording.present_s(face) for face in faces) / 60
    every = [bout for face in faces for bout in bouts(recording, face)]
    found = []
    for column, label in enumerate(recording.labels):
        own = [bout for bout in every if bout.label == column]
        if own:
            durations = [bout.duration_s for bout in own]
            rate = len(own) / minutes if minutes else 0.0
            cut = sum(bout.cut for bout in own)
            found.append(BoutStatistics(label, len(own), cut, rate, float(np.median(durations)), max(durations)))
    return tuple(sorted(found, key=lambda statistics: -statistics.bouts))


def transitions(recording: Recording, faces: Sequence[FaceSeries]) -> NDArray[np.int64]:
    """How often one expression follows another, int64 (k,k): from the row to the column.

    Uncertain time between the two is skipped. If the face was absent in between, there is no transition.
    """
    counts = np.zeros((len(recording.labels),) * 2, np.int64)
    for face in faces:
        before = UNLABELLED
        for bout in bouts(recording, face):
            if not bout.joined:
                before = UNLABELLED
            if bout.label == UNLABELLED:
                continue
            if UNLABELLED != before != bout.label:
                counts[before, bout.label] += 1
            before = bout.label
    return counts
