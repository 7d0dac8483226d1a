"""How labelled faces are parted into training and test, and what the parting lets through."""

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
    """One parting of n faces.

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
    """Protocol A, the paper's: 80 % of each class, drawn at random, to learn from, the rest to test on.

    It leaks where a person was photographed more than once; `sibling_share` says how much. Of CK+48's 981 images 785 are
    learned from and 196 tested, as in the paper (99.49 % is 195 of 196).

    Raises:
        ConfigError: there are so few images of every class that one side would be empty.
    """
    rng = np.random.default_rng(seed)
    classes = faces.classes()
    train = np.zeros(len(faces), dtype=np.bool_)
    for index in range(len(faces.labels)):
        rows = rng.permutation(np.flatnonzero(classes == index))
        train[rows[: round(TRAINING_SHARE * len(rows))]] = True
    if train.all() or not train.any():
        raise ConfigError(f"{len(faces)} images of {len(faces.labels)} classes cannot be parted 80/20; give more data")
    return Split(f"seed {seed}", train, ~train)


def by_person(faces: FaceSet, fold: int, folds: int = FOLDS) -> Split:
    """Protocol B: every `folds`-th person of the sorted list, from the `fold`-th on, is tested; no person is on both sides.

    Raises:
        ConfigError: a name does not tell whose face it is, or there are fewer persons than folds.
    """
    subjects = [subject_of(name) for name in faces.names]
    people = sorted(set(subjects))
    if "" in people:
        raise ConfigError(
            f"{faces.names[subjects.index('')]}: its name does not tell the person (as S005_001_00000011.png does)"
        )
    if len(people) < folds:
        raise ConfigError(f"{len(people)} persons cannot be parted into {folds} folds; give more data")
    chosen = set(people[fold::folds])
    test = np.array([subject in chosen for subject in subjects])
    return Split(f"fold {fold}", ~test, test)


def sibling_share(faces: FaceSet, split: Split) -> float:
    """Share of test images with another frame of the same sequence among the training images."""
    sequences = np.array([sequence_of(name) for name in faces.names])
    known = set(sequences[split.train]) - {""}
    return float(np.mean([sequence in known for sequence in sequences[split.test]]))
