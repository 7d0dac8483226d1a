"""How far a network's probabilities can be trusted, and what naming rare classes more often would cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.judging import metrics

TAUS = tuple(round(0.1 * step, 1) for step in range(-5, 11))
"""Strengths of logit adjustment that are tried, beyond what the file has folded in."""


@dataclass(frozen=True)
class Silence:
    """What silence below a confidence comes to: the share of pictures that get a label, and of wrong ones among these."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """What a threshold on confidence gains and costs (El-Yaniv and Wiener, 2010: selective classification).

    Attributes:
        thresholds: float (m,), rising: confidences below which no label is given; the first keeps every picture.
        coverage: float (m,), share of pictures that get a label.
        risk: float (m,), share of wrong ones among these labels.
        area: mean risk over all coverages, lower is better.
        uncertain_below: the threshold with the most right labels minus wrong ones: where a wrong label costs as much as a right
            one gains, and silence nothing, the next label below it is more likely wrong than right. 0 if every label pays, 1 if
            none does.
    """

    thresholds: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    area: float
    uncertain_below: float

    def at(self, threshold: float) -> Silence:
        """Labels of less confidence than `threshold` are not given; where that leaves none, coverage and risk are 0."""
        place = int(np.searchsorted(self.thresholds, threshold))
        if place == len(self.thresholds):
            return Silence(threshold, 0.0, 0.0)
        return Silence(threshold, float(self.coverage[place]), float(self.risk[place]))


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
    # pictures of equal confidence are kept or left together
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
    """Figures for each of TAUS: what logit adjustment after training would give (Menon et al., 2021).

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
