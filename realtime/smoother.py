"""What a face is said to show: probabilities smoothed over time, and a label that does not flicker.

Smoothing is exponential with a time constant in seconds, so it does not depend on the frame rate. The label changes only
when another expression leads by a margin, and is `uncertain` while none is likely enough.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.labels import UNCERTAIN

MARGIN = 0.10
"""Lead in probability that another expression needs to take over the label."""

SLACK = 0.05
"""A label is kept until its probability falls this far below the threshold."""

MIN_QUALITY = 0.2
"""Crops of lower quality (see `quality.measure`) are not believed: their label is `uncertain`."""


@dataclass(frozen=True, eq=False)
class Opinion:
    """What is said of one face now.

    Attributes:
        probs: float32 (k,), smoothed; sums to 1.
        label: an expression, or `uncertain`.
        confidence: probability of the likeliest expression.
        quality: of the last crop, 0 to 1.
    """

    probs: NDArray[np.float32]
    label: str
    confidence: float
    quality: float


class Smoother:
    """Keeps the opinion on every face by its id.

    Args:
        labels: names of the columns.
        threshold: probability below which a face is `uncertain`.
        time_constant_s: of the smoothing; 0 turns it off.
    """

    def __init__(self, labels: tuple[str, ...], threshold: float, time_constant_s: float) -> None:
        self._labels = labels
        self._threshold = threshold
        self._time_constant_s = time_constant_s
        self._opinions: dict[int, tuple[float, Opinion]] = {}

    def update(self, face_id: int, raw: NDArray[np.float32], quality: float, now: float) -> Opinion:
        """Takes the network's probabilities, float32 (k,), of a face seen at `now`."""
        before_s, before = self._opinions.get(face_id, (now, None))
        probs, label = raw, UNCERTAIN
        if before is not None:
            label = before.label
            if self._time_constant_s > 0:
                weight = 1 - math.exp(-(now - before_s) / self._time_constant_s)
                probs = (before.probs + np.float32(weight) * (raw - before.probs)).astype(np.float32)
        opinion = Opinion(probs, self._choose(probs, label, quality), float(probs.max()), quality)
        self._opinions[face_id] = (now, opinion)
        return opinion

    def opinion(self, face_id: int) -> Opinion:
        """The last opinion on a face, also in the moments in which it is not seen.

        Raises:
            KeyError: it was never seen, or was forgotten.
        """
        return self._opinions[face_id][1]

    def heard_at(self, face_id: int) -> float:
        """When the network last read a face; minus infinity if it never did, or that was forgotten."""
        return self._opinions[face_id][0] if face_id in self._opinions else -math.inf

    def forget_before(self, time_s: float) -> None:
        """Drops the faces not seen since `time_s`."""
        self._opinions = {face_id: kept for face_id, kept in self._opinions.items() if kept[0] >= time_s}

    def _choose(self, probs: NDArray[np.float32], label: str, quality: float) -> str:
        if quality < MIN_QUALITY:
            return UNCERTAIN
        best = int(probs.argmax())
        if label == UNCERTAIN:
            return self._labels[best] if probs[best] >= self._threshold else UNCERTAIN
        if probs[best] < self._threshold - SLACK:
            return UNCERTAIN
        current = self._labels.index(label)
        return self._labels[best] if probs[best] > probs[current] + MARGIN else label
