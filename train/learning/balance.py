"""Two ways to keep rare classes from being overlooked: draw them more often, or let them weigh more."""

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from train.data.datasets import FaceSet, set_of

METHODS = ("none", "sampling", "sqrt", "sets", "loss")

_FALL = {"sampling": 1.0, "sqrt": 0.5, "sets": 0.5}
"""How an image's share of the draws falls with the images of its class: as this power of their number."""


def order(method: str, faces: FaceSet, rng: np.random.Generator) -> NDArray[np.intp]:
    """int (n,): the rows of one epoch in the order they are learned from.

    Every row once; with "sampling" n draws, in which every class that occurs is as likely as any other, with "sqrt" n draws, in
    which a class is as likely as the square root of its images; "sets" is "sqrt" for every class of every joined set apart.

    Raises:
        ConfigError: no such method.
    """
    _check(method)
    if method not in _FALL:
        return rng.permutation(len(faces))
    return rng.choice(len(faces), size=len(faces), p=_shares(method, faces))


def prior(method: str, faces: FaceSet) -> NDArray[np.float32]:
    """float32 (k,): the mean target of the rows as they are drawn: what a network that sees nothing would learn to say.

    Raises:
        ConfigError: no such method.
    """
    _check(method)
    return np.asarray(_shares(method, faces) @ faces.distributions().astype(np.float64), dtype=np.float32)


def class_weights(method: str, faces: FaceSet) -> NDArray[np.float32]:
    """float32 (k,): what an error on each class weighs.

    All 1; with "loss" n / (k * images of the class), so that every class weighs the same in all and the mean stays 1
    (scikit-learn's "balanced"). A class without images weighs 1.

    Raises:
        ConfigError: no such method.
    """
    _check(method)
    k = len(faces.labels)
    if method != "loss":
        return np.ones(k, dtype=np.float32)
    counts = np.bincount(faces.classes(), minlength=k)
    return np.where(counts > 0, len(faces) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 1).astype(np.float32)


def _shares(method: str, faces: FaceSet) -> NDArray[np.float64]:
    """float64 (n,): how likely each row is in a draw, sum 1."""
    groups = faces.classes()
    if method == "sets":
        of_sets = np.unique([set_of(name) for name in faces.names], return_inverse=True)[1]
        groups = of_sets * len(faces.labels) + groups
    counts = np.bincount(groups).astype(np.float64)
    shares = 1 / counts[groups] ** _FALL.get(method, 0.0)
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _check(method: str) -> None:
    if method not in METHODS:
        raise ConfigError(f"no way to balance {method!r}; there are: {', '.join(METHODS)}")
