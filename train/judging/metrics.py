"""Figures that judge a classifier, from probabilities and true classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.extra import EXTRA

with EXTRA:
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_score, recall_score

ECE_BINS = 15


@dataclass(frozen=True, eq=False)
class Scorecard:
    """Figures of a classifier on n images.

    Attributes:
        n: images judged.
        accuracy, balanced_accuracy, macro_f1: fractions; the latter two over the classes that occur.
        nll: mean negative log-likelihood, nats.
        ece: expected calibration error over 15 equal-width bins of confidence.
        support: int (k,), images of each class.
        recall, precision, f1: float (k,); recall and f1 are nan for a class without images, precision for one never predicted.
        confusion: int (k,k), rows true, columns predicted.
        labels: the k class names.
    """

    n: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    nll: float
    ece: float
    support: NDArray[np.int64]
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    f1: NDArray[np.float64]
    confusion: NDArray[np.int64]
    labels: tuple[str, ...]


def score(probs: NDArray[np.float32], truth: NDArray[np.intp], labels: tuple[str, ...]) -> Scorecard:
    """Judges probabilities, float (n,k) with rows that sum to 1, against true class indices, int (n,)."""
    predicted = probs.argmax(axis=1)
    every = np.arange(len(labels))
    present = np.unique(truth)
    likelihoods = probs.astype(np.float64)
    likelihoods /= likelihoods.sum(axis=1, keepdims=True)
    confusion = confusion_matrix(truth, predicted, labels=every)
    recall = recall_score(truth, predicted, labels=every, average=None, zero_division=np.nan)
    precision = precision_score(truth, predicted, labels=every, average=None, zero_division=np.nan)
    f1 = f1_score(truth, predicted, labels=every, average=None, zero_division=0)
    return Scorecard(
        n=len(truth),
        accuracy=float(accuracy_score(truth, predicted)),
        balanced_accuracy=float(np.nanmean(recall)),
        macro_f1=float(f1_score(truth, predicted, labels=present, average="macro", zero_division=0)),
        nll=float(log_loss(truth, likelihoods, labels=every)),
        ece=expected_calibration_error(probs, truth),
        support=confusion.sum(axis=1),
        recall=recall,
        precision=precision,
        f1=np.where(confusion.sum(axis=1) > 0, f1, np.nan),
        confusion=confusion,
        labels=labels,
    )


def expected_calibration_error(probs: NDArray[np.float32], truth: NDArray[np.intp], bins: int = ECE_BINS) -> float:
    """Mean gap between confidence and accuracy over equal-width bins of confidence (Guo et al., 2017)."""
    confidence = probs.max(axis=1)
    correct = probs.argmax(axis=1) == truth
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        inside = bin_of == b
        if inside.any():
            error += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return float(error)


def figures(scores: Scorecard) -> dict[str, object]:
    """A scorecard for JSON: arrays as lists, nan as None."""
    return {name: _plain(getattr(scores, name)) for name in scores.__dataclass_fields__}


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
