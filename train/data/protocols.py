"""Splits of labelled faces into training and test sets, and a measure of the leakage between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from train.data.datasets import FaceSet
from train.data.manifest import sequence_of, subject_of

TRAINING_SHARE = 0.8
"""Paper, section II.A."""

FOLDS = 10


@dataclass(frozen=True, eq=False)
class Split:
    """One split of n faces.

    Attributes:
        name: "seed 3" or "fold 3".
        train, test: bool (n,); no face is in both.
    """

    name: str
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if (self.train & self.test).any():
            raise ValueError(f"{self.name}: a face is on both sides")


def by_image(faces: FaceSet, seed: int) -> Split:
    """Protocol A, the paper's: a random 80 % of each class for training, the rest for testing.

    It leaks if a person appears in several images; `sibling_share` measures by how much. CK+48's 981 images give 785 for
    training and 196 for testing, as in the paper (99.49 % is 195 of 196).

    Raises:
        ConfigError: too few images, so that one side would be empty.
    """
    rng = np.random.default_rng(seed)
    classes = faces.classes()
    train = np.zeros(len(faces), dtype=np.bool_)
    for index in range(len(faces.labels)):
        rows = rng.permutation(np.flatnonzero(classes == index))
        train[rows[: round(TRAINING_SHARE * len(rows))]] = True
    if train.all() or not train.any():
        raise ConfigError(f"{len(faces)} images of {len(faces.labels)} classes are too few for an 80/20 split; give more data")
    return Split(f"seed {seed}", train, ~train)


def by_person(faces: FaceSet, fold: int, folds: int = FOLDS) -> Split:
    """Protocol B: tests on every `folds`-th person of the sorted list, from number `fold` on; no person is on both sides.

    Raises:
        ConfigError: a name without a person, or fewer persons than folds.
    """
    subjects = [subject_of(name) for name in faces.names]
    people = sorted(set(subjects))
    if "" in people:
        raise ConfigError(
            f"{faces.names[subjects.index('')]}: the name has no person (as in S005_001_00000011.png); give CK+48"
        )
    if len(people) < folds:
        raise ConfigError(f"{len(people)} persons are too few for {folds} folds; give more data")
    chosen = set(people[fold::folds])
    test = np.array([subject in chosen for subject in subjects])
    return Split(f"fold {fold}", ~test, test)


def sibling_share(faces: FaceSet, split: Split) -> float:
    """Share of test images with another frame of their sequence in the training set."""
    sequences = np.array([sequence_of(name) for name in faces.names])
    known = set(sequences[split.train]) - {""}
    return float(np.mean([sequence in known for sequence in sequences[split.test]]))
