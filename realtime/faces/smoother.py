"""What a face is said to show: probabilities smoothed over time, and a label that does not flicker.

Smoothing is exponential with a time constant in seconds, so it does not depend on the frame rate. A label is never shown
below the threshold. Against flicker it is kept until another expression leads by a margin, and a face that was `uncertain` gets
a label when one is a little above the threshold, or has been above it for a while.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.labels import UNCERTAIN

MARGIN = 0.10
"""Lead in probability that another expression needs to take over the label."""

SLACK = 0.05
"""How far above the threshold an expression must rise for an `uncertain` face to get a label at once."""

RETURN_S = 0.5
"""After so long above the threshold an expression becomes the label also within SLACK: the delay has an end."""

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


@dataclass(frozen=True, eq=False)
class _Kept:
    """What is remembered of a face.

    Attributes:
        read_s: when the network last read it.
        opinion: what was said of it then.
        likeliest: its likeliest expression, if that is not below the threshold.
        since_s: since when that has been the same.
    """

    read_s: float
    opinion: Opinion
    likeliest: str | None
    since_s: float


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
        self._kept: dict[int, _Kept] = {}

    def update(self, face_id: int, raw: NDArray[np.float32], quality: float, now: float, fault: str | None = None) -> Opinion:
        """Takes the network's probabilities, float32 (k,), of a face seen at `now`.

        Args:
            face_id: whose.
            raw: of this frame alone.
            quality: of the crop, 0 to 1.
            now: seconds.
            fault: what is wrong with the crop or the pose, if anything.
        """
        kept = self._kept.get(face_id)
        probs = raw
        if kept is not None and self._time_constant_s > 0:
            weight = 1 - math.exp(-(now - kept.read_s) / self._time_constant_s)
            probs = (kept.opinion.probs + np.float32(weight) * (raw - kept.opinion.probs)).astype(np.float32)
        likeliest = self._likeliest(probs)
        since_s = now if kept is None or kept.likeliest != likeliest else kept.since_s
        before = None if kept is None else kept.opinion.label
        label = UNCERTAIN if quality < MIN_QUALITY else self._choose(probs, before, now - since_s)
        confidence = None if label == UNCERTAIN else float(probs[self._labels.index(label)])
        reason = fault if fault is not None or label != UNCERTAIN else self._between(probs)
        opinion = Opinion(probs, label, confidence, quality, reason)
        self._kept[face_id] = _Kept(now, opinion, likeliest, since_s)
        return opinion

    def opinion(self, face_id: int) -> Opinion:
        """The last opinion on a face, also in the moments in which it is not seen.

        Raises:
            KeyError: it was never seen, or was forgotten.
        """
        return self._kept[face_id].opinion

    def last_read_s(self, face_id: int) -> float:
        """When the network last read a face; minus infinity if it never did, or that was forgotten."""
        return self._kept[face_id].read_s if face_id in self._kept else -math.inf

    def forget_before(self, time_s: float) -> None:
        """Drops the faces not seen since `time_s`."""
        self._kept = {face_id: kept for face_id, kept in self._kept.items() if kept.read_s >= time_s}

    def _likeliest(self, probs: NDArray[np.float32]) -> str | None:
        """The likeliest expression, unless it is below the threshold."""
        best = int(probs.argmax())
        return self._labels[best] if probs[best] >= self._threshold else None

    def _choose(self, probs: NDArray[np.float32], before: str | None, likeliest_for_s: float) -> str:
        """The label to show after `before`, None for a face that had none yet.

        `likeliest_for_s` is for how long the likeliest expression has been that, and not below the threshold.
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
