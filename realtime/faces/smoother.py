"""What a face is said to show: probabilities smoothed over time, and a label that does not flicker.

Smoothing is exponential with a time constant in seconds, so it does not depend on the frame rate. A label is never shown
below the threshold. Against flicker it is kept until another expression leads by a margin, and a face that was `uncertain` gets
a label only when one is a little above the threshold.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.labels import UNCERTAIN

MARGIN = 0.10
"""Lead in probability that another expression needs to take over the label."""

SLACK = 0.05
"""How far above the threshold an expression must rise before an `uncertain` face gets a label again."""

MIN_QUALITY = 0.2
"""Crops of lower quality (see `quality.measure`) are not believed: their label is `uncertain`."""


@dataclass(frozen=True, eq=False)
class Opinion:
    """What is said of one face now.

    Attributes:
        probs: float32 (k,), smoothed; sums to 1.
        label: an expression, or `uncertain`.
        confidence: smoothed probability of that label; None where it is `uncertain`, which is no expression.
        quality: of the last crop, 0 to 1.
        reason: why the label is `uncertain`, or the crop poor; None where neither is.
    """

    probs: NDArray[np.float32]
    label: str
    confidence: float | None
    quality: float
    reason: str | None = None


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

    def update(self, face_id: int, raw: NDArray[np.float32], quality: float, now: float, fault: str | None = None) -> Opinion:
        """Takes the network's probabilities, float32 (k,), of a face seen at `now`.

        Args:
            face_id: whose.
            raw: of this frame alone.
            quality: of the crop, 0 to 1.
            now: seconds.
            fault: what is wrong with the crop or the pose, if anything.
        """
        before_s, before = self._opinions.get(face_id, (now, None))
        probs = raw
        if before is not None and self._time_constant_s > 0:
            weight = 1 - math.exp(-(now - before_s) / self._time_constant_s)
            probs = (before.probs + np.float32(weight) * (raw - before.probs)).astype(np.float32)
        label = UNCERTAIN if quality < MIN_QUALITY else self._choose(probs, None if before is None else before.label)
        confidence = None if label == UNCERTAIN else float(probs[self._labels.index(label)])
        reason = fault if fault is not None or label != UNCERTAIN else self._between(probs)
        opinion = Opinion(probs, label, confidence, quality, reason)
        self._opinions[face_id] = (now, opinion)
        return opinion

    def opinion(self, face_id: int) -> Opinion:
        """The last opinion on a face, also in the moments in which it is not seen.

        Raises:
            KeyError: it was never seen, or was forgotten.
        """
        return self._opinions[face_id][1]

    def last_read_s(self, face_id: int) -> float:
        """When the network last read a face; minus infinity if it never did, or that was forgotten."""
        return self._opinions[face_id][0] if face_id in self._opinions else -math.inf

    def forget_before(self, time_s: float) -> None:
        """Drops the faces not seen since `time_s`."""
        self._opinions = {face_id: kept for face_id, kept in self._opinions.items() if kept[0] >= time_s}

    def _choose(self, probs: NDArray[np.float32], before: str | None) -> str:
        """The label to show after `before`, None for a face that had none yet."""
        best = int(probs.argmax())
        if before is not None and before != UNCERTAIN:
            current = self._labels.index(before)
            if probs[current] >= self._threshold:
                return self._labels[best] if probs[best] > probs[current] + MARGIN else before
        enough = self._threshold if before is None else self._threshold + SLACK
        return self._labels[best] if probs[best] >= enough else UNCERTAIN

    def _between(self, probs: NDArray[np.float32]) -> str | None:
        """The two likeliest expressions of a face that gets no label."""
        if len(self._labels) < 2:
            return None
        first, second = np.argsort(-probs, kind="stable")[:2]
        return f"between {self._labels[first]} and {self._labels[second]}"
