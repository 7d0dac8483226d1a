"""Smooths the probabilities of each face over time, and chooses a label that does not flicker.

Smoothing is exponential with a time constant in seconds, so it does not depend on the frame rate. A label is never shown below
the threshold. To avoid flicker, a label stays until another expression leads by a margin. An `uncertain` face gets a label when
an expression is slightly above the threshold, or has been above it for a while.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.labels import UNCERTAIN

MARGIN = 0.10
"""Lead in probability that another expression needs to replace the label."""

SLACK = 0.05
"""Distance above the threshold at which an `uncertain` face gets a label at once."""

RETURN_S = 0.5
"""After this long above the threshold, an expression becomes the label even within SLACK."""

MIN_QUALITY = 0.2
"""Crops of lower quality (see `quality.measure`) are labelled `uncertain`."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """The current estimate for one face.

    Attributes:
        probs: float32 (k,), smoothed; sums to 1.
        label: an expression, or `uncertain`.
        confidence: smoothed probability of that label; None for `uncertain`, which is not an expression.
        quality: of the last crop, 0 to 1.
        reason: why the label is `uncertain` or the crop poor; None if neither.
    """

    probs: NDArray[np.float32]
    label: str
    confidence: float | None
    quality: float
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class _Kept:
    """The stored state of a face.

    Attributes:
        read_s: time of its last classification.
        estimate: the estimate at that time.
        likeliest: its likeliest expression, if not below the threshold.
        since_s: since when it has been the same.
    """

    read_s: float
    estimate: Estimate
    likeliest: str | None
    since_s: float


class Smoother:
    """Keeps the estimate for every face by its id.

    Args:
        labels: names of the columns.
        threshold: probability below which a face is `uncertain`.
        time_constant_s: of the smoothing; 0 turns it off.
    """

    def __init__(self, labels: tuple[str, ...], threshold: float, time_constant_s: float) -> None:
        self._labels = labels
        self._threshold = threshold
        self._time_constant_s = time_constant_s
        self._kept: dict[int, _Kept] = {}

    def update(self, face_id: int, raw: NDArray[np.float32], quality: float, now: float, fault: str | None = None) -> Estimate:
        """Adds the network's probabilities, float32 (k,), of a face seen at `now`.

        Args:
            face_id: id of the face.
            raw: not smoothed.
            quality: of the crop, 0 to 1.
            now: seconds.
            fault: fault of the crop or the pose, if any.
        """
        kept = self._kept.get(face_id)
        probs = raw
        if kept is not None and self._time_constant_s > 0:
            weight = 1 - math.exp(-(now - kept.read_s) / self._time_constant_s)
            probs = (kept.estimate.probs + np.float32(weight) * (raw - kept.estimate.probs)).astype(np.float32)
        likeliest = self._likeliest(probs)
        since_s = now if kept is None or kept.likeliest != likeliest else kept.since_s
        before = None if kept is None else kept.estimate.label
        label = UNCERTAIN if quality < MIN_QUALITY else self._choose(probs, before, now - since_s)
        confidence = None if label == UNCERTAIN else float(probs[self._labels.index(label)])
        reason = fault if fault is not None or label != UNCERTAIN else self._between(probs)
        estimate = Estimate(probs, label, confidence, quality, reason)
        self._kept[face_id] = _Kept(now, estimate, likeliest, since_s)
        return estimate

    def estimate(self, face_id: int) -> Estimate:
        """The last estimate for a face, even while it is not seen.

        Raises:
            KeyError: it was never seen, or was forgotten.
        """
        return self._kept[face_id].estimate

    def last_read_s(self, face_id: int) -> float:
        """Time of a face's last classification; minus infinity if never, or forgotten."""
        return self._kept[face_id].read_s if face_id in self._kept else -math.inf

    def forget_before(self, time_s: float) -> None:
        """Drops the faces not seen since `time_s`."""
        self._kept = {face_id: kept for face_id, kept in self._kept.items() if kept.read_s >= time_s}

    def _likeliest(self, probs: NDArray[np.float32]) -> str | None:
        """The likeliest expression, unless it is below the threshold."""
        best = int(probs.argmax())
        return self._labels[best] if probs[best] >= self._threshold else None

    def _choose(self, probs: NDArray[np.float32], before: str | None, likeliest_for_s: float) -> str:
        """The label to show after `before`, which is None for a new face.

        `likeliest_for_s`: how long the likeliest expression has been the same and not below the threshold.
        """
        best = int(probs.argmax())
        if before is not None and before != UNCERTAIN:
            current = self._labels.index(before)
            if probs[current] >= self._threshold:
                return self._labels[best] if probs[best] > probs[current] + MARGIN else before
        at_once = before is None or likeliest_for_s >= RETURN_S
        enough = self._threshold if at_once else self._threshold + SLACK
        return self._labels[best] if probs[best] >= enough else UNCERTAIN

    def _between(self, probs: NDArray[np.float32]) -> str | None:
        """The two likeliest expressions of a face that gets no label."""
        if len(self._labels) < 2:
            return None
        first, second = np.argsort(-probs, kind="stable")[:2]
        return f"between {self._labels[first]} and {self._labels[second]}"
