"""Two ways to keep rare classes from being overlooked: draw them more often, or let them weigh more."""

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from train.datasets import FaceSet

METHODS = ("none", "sampling", "loss")


def order(method: str, faces: FaceSet, rng: np.random.Generator) -> NDArray[np.intp]:
    """int (n,): the rows of one epoch in the order they are learned from.

    Every row once; with "sampling" n draws, in which every class that occurs is as likely as any other.

    Raises:
        ConfigError: no such method.
    """
    _check(method)
    if method != "sampling":
        return rng.permutation(len(faces))
    classes = faces.classes()
    counts = np.bincount(classes, minlength=len(faces.labels))
    shares = 1 / counts[classes]
    return rng.choice(len(faces), size=len(faces), p=shares / shares.sum())


def class_weights(method: str, faces: FaceSet) -> NDArray[np.float32]:
    """float32 (k,): what an error on each class weighs.

    All 1; with "loss" n / (k * pictures of the class), so that every class weighs the same in all and the mean stays 1
    (scikit-learn's "balanced"). A class without pictures weighs 1.

    Raises:
        ConfigError: no such method.
    """
    _check(method)
    k = len(faces.labels)
    if method != "loss":
        return np.ones(k, dtype=np.float32)
    counts = np.bincount(faces.classes(), minlength=k)
    return np.where(counts > 0, len(faces) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 1).astype(np.float32)


def _check(method: str) -> None:
    if method not in METHODS:
        raise ConfigError(f"no way to balance {method!r}; there are: {', '.join(METHODS)}")
