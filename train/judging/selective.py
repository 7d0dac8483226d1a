"""How far a network's probabilities can be trusted, and how accuracy changes when rare classes are favoured."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.judging import metrics

TAUS = tuple(round(0.1 * step, 1) for step in range(-5, 11))
"""Strengths of logit adjustment that are tried, beyond the one folded into the file."""


@dataclass(frozen=True)
class OperatingPoint:
    """One threshold on confidence: the share of images that get a label, and the share of wrong ones among these labels."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Risk against coverage as a threshold on confidence rises (El-Yaniv and Wiener, 2010: selective classification).

    Attributes:
        thresholds: float (m,), rising: confidences below which no label is given; the first keeps every image.
        coverage: float (m,), share of images that get a label.
        risk: float (m,), share of wrong ones among these labels.
        area: mean risk over all coverages, lower is better.
        uncertain_below: the threshold with the most right labels minus wrong ones. It is optimal where a wrong label costs as
            much as a right one gains and no label costs nothing: below it, labels are more often wrong than right. 0 if every
            label is worth giving, 1 if none is.
    """

    thresholds: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    area: float
    uncertain_below: float

    def at(self, threshold: float) -> OperatingPoint:
        """Labels of less confidence than `threshold` are not given; where that leaves none, coverage and risk are 0."""
        place = int(np.searchsorted(self.thresholds, threshold))
        if place == len(self.thresholds):
            return OperatingPoint(threshold, 0.0, 0.0)
        return OperatingPoint(threshold, float(self.coverage[place]), float(self.risk[place]))


@dataclass(frozen=True)
class Point:
    """One point of the curve between accuracy and balanced accuracy."""

    tau: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float


def risk_coverage(probs: NDArray[np.float32], truth: NDArray[np.intp]) -> RiskCoverage:
    """The curve of a network on labelled faces; probabilities float (n,k), classes int (n,)."""
    confidence = probs.max(axis=1).astype(np.float64)
    order = np.argsort(confidence, kind="stable")
    confidence, wrong = confidence[order], (probs.argmax(axis=1) != truth)[order].astype(np.float64)
    n = len(wrong)
    # images of equal confidence are kept or dropped together
    thresholds, first = np.unique(confidence, return_index=True)
    kept = n - first
    risk = np.cumsum(wrong[::-1])[::-1][first] / kept
    gain = kept * (1 - 2 * risk)
    best = int(gain.argmax())
    uncertain_below = 1.0 if gain[best] <= 0 else float(thresholds[best]) if best else 0.0
    area = float(np.average(risk, weights=np.diff(np.append(first, n))))
    return RiskCoverage(thresholds, kept / n, risk, area, uncertain_below)


def tau_curve(
    probs: NDArray[np.float32], truth: NDArray[np.intp], labels: tuple[str, ...], class_shares: NDArray[np.float32]
) -> tuple[Point, ...]:
    """Figures for each of TAUS, as logit adjustment after training would give them (Menon et al., 2021).

    Args:
        probs, truth, labels: float (n,k), int (n,), k names.
        class_shares: float (k,), of the training rows, sum 1.
    """
    logits = np.log(np.maximum(probs.astype(np.float64), 1e-12))
    points = []
    for tau in TAUS:
        powers = np.exp(logits - tau * np.log(class_shares))
        adjusted = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        scores = metrics.score(adjusted, truth, labels)
        points.append(Point(tau, scores.accuracy, scores.balanced_accuracy, scores.macro_f1))
    return tuple(points)
