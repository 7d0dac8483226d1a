"""Calibrates a network's probabilities by changing only its last layer."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from realtime.labels import NO_FACE
from train.data.datasets import FaceSet

TEMPERATURE_RANGE = (0.05, 20.0)
"""Limits of the search: predictions that are all right (or all wrong) have their optimum at 0 (or infinity)."""

LEAST_SHARE = 1e-6
"""Share assumed for a class without a training image, whose logarithm would not exist."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibrated logits are (logits + shift) / temperature.

    Attributes:
        tau: strength of the logit adjustment, 0 for none (Menon et al., 2021: long-tail learning via logit adjustment).
        shift: float32 (k,), minus tau times the log of the training set's class shares.
        temperature: above 1 softens, below 1 sharpens (Guo et al., 2017).
    """

    tau: float
    shift: NDArray[np.float32]
    temperature: float

    def apply(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (n,k) -> calibrated logits (n,k)."""
        return np.asarray((logits + self.shift) / self.temperature, dtype=np.float32)

    def fold_into(self, layer: nn.Linear) -> None:
        """Changes the layer so that it gives calibrated logits: every runtime is calibrated then.

        An output beyond the calibrated ones ("no face") is not shifted.
        """
        with torch.no_grad():
            layer.bias[: len(self.shift)].add_(torch.from_numpy(self.shift))
            layer.bias.div_(self.temperature)
            layer.weight.div_(self.temperature)


def calibrate(
    logits: NDArray[np.float32], truth: NDArray[np.intp], class_shares: NDArray[np.float32], tau: float
) -> Calibration:
    """Fits the temperature on held-out logits (n,k) and classes (n,), after the logit adjustment.

    Args:
        logits, truth: of faces that were not trained on.
        class_shares: float32 (k,), of the training rows, sum 1.
        tau: strength of the logit adjustment.
    """
    shift = (-tau * np.log(np.maximum(class_shares, LEAST_SHARE))).astype(np.float32)
    return Calibration(tau, shift, fit_temperature(logits + shift, truth))


def class_shares(faces: FaceSet) -> NDArray[np.float32]:
    """float32 (k,): the mean of the labelled rows' distributions: the prediction of a network that ignores its input."""
    distributions = faces.distributions()
    if faces.labels[-1] == NO_FACE:
        distributions = distributions[:, :-1]
    total = distributions.sum(axis=0)
    return np.asarray(total / total.sum(), dtype=np.float32)


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.intp]) -> float:
    """The temperature with the least negative log-likelihood of the true classes.

    The likelihood is concave in 1/temperature, so that halving an interval by the sign of its slope finds the one optimum.
    """
    wide = logits.astype(np.float64)
    of_truth = wide[np.arange(len(truth)), truth]
    low, high = 1 / TEMPERATURE_RANGE[1], 1 / TEMPERATURE_RANGE[0]
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        scaled = np.exp(middle * (wide - wide.max(axis=1, keepdims=True)))
        expected = (scaled * wide).sum(axis=1) / scaled.sum(axis=1)
        if (of_truth - expected).mean() >= 0:
            low = middle
        else:
            high = middle
    return float(1 / np.sqrt(low * high))
