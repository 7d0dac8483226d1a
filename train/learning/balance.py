"""Class balancing: sampling rare classes more often, or weighting them in the loss."""

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from train.data.datasets import FaceSet, set_of

METHODS = ("none", "sampling", "sqrt", "sets", "loss")

_FALL = {"sampling": 1.0, "sqrt": 0.5, "sets": 0.5}
"""Exponent: an image is drawn in proportion to this power of its class size."""


def order(method: str, faces: FaceSet, rng: np.random.Generator) -> NDArray[np.intp]:
    """int (n,): the rows of one epoch, in training order.

    Every row once by default. "sampling": n draws, all present classes equally likely. "sqrt": n draws, a class in proportion
    to the square root of its size. "sets": "sqrt" for each class of each joined set.

    Raises:
        ConfigError: unknown method.
    """
    _check(method)
    if method not in _FALL:
        return rng.permutation(len(faces))
    return rng.choice(len(faces), size=len(faces), p=_shares(method, faces))


def prior(method: str, faces: FaceSet) -> NDArray[np.float32]:
    """float32 (k,): the class prior, that is the mean target of the rows as drawn.

    Raises:
        ConfigError: unknown method.
    """
    _check(method)
    return np.asarray(_shares(method, faces) @ faces.distributions().astype(np.float64), dtype=np.float32)


def class_weights(method: str, faces: FaceSet) -> NDArray[np.float32]:
    """float32 (k,): weight of each class in the loss.

    All 1 by default. "loss": n / (k * class size), scikit-learn's "balanced": equal totals, and a mean of 1 over the rows.
    A class without images has weight 1.

    Raises:
        ConfigError: unknown method.
    """
    _check(method)
    k = len(faces.labels)
    if method != "loss":
        return np.ones(k, dtype=np.float32)
    counts = np.bincount(faces.classes(), minlength=k)
    return np.where(counts > 0, len(faces) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 1).astype(np.float32)


def _shares(method: str, faces: FaceSet) -> NDArray[np.float64]:
    """float64 (n,): probability of each row in a draw, sum 1."""
    groups = faces.classes()
    if method == "sets":
        of_sets = np.unique([set_of(name) for name in faces.names], return_inverse=True)[1]
        groups = of_sets * len(faces.labels) + groups
    counts = np.bincount(groups).astype(np.float64)
    shares = 1 / counts[groups] ** _FALL.get(method, 0.0)
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _check(method: str) -> None:
    if method not in METHODS:
        raise ConfigError(f"unknown balance {method!r}; known: {', '.join(METHODS)}")
