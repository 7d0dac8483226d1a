"""Which faces a network for the webcam learns from: FER+, and what a recipe adds to it."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.errors import ConfigError
from realtime.labels import LABELS
from train import ckplus, datasets, fer2013, protocols
from train.datasets import FaceSet
from train.recipes import Recipe

HELD_OUT_FOLDS = 5
"""CK+48's persons whose place in the sorted list divides by this are never learned from: 24 of 118, to judge on."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a run learns from and is judged on.

    Attributes:
        train: FER+ Training without copies, then the extra pictures, each as often as the recipe repeats it.
        val: FER+ PublicTest, rows with a majority.
        copies: how many rows of Training were dropped.
        extra: how many different extra pictures there are.
    """

    train: FaceSet
    val: FaceSet
    copies: int
    extra: int


def gather(recipe: Recipe, pictures: Path, votes: Path, extra: Path | None = None) -> Material:
    """The faces of a recipe.

    Args:
        recipe: whose weights and repetitions count.
        pictures, votes: fer2013.csv and fer2013new.csv.
        extra: CK+48, zip or folder; None for none.

    Raises:
        ConfigError: a file is missing or damaged, or the recipe wants extra pictures and has none, or the reverse.
    """
    if (extra is not None) != (recipe.extra_repeats > 0):
        wants = (
            "wants extra pictures: give --extra ckplus48.zip" if extra is None else "takes no extra pictures: leave --extra out"
        )
        raise ConfigError(f"recipe {recipe.name} {wants}")
    val = fer2013.load_ferplus(pictures, votes, "PublicTest")
    train = fer2013.load_ferplus(pictures, votes, "Training")
    kept = datasets.drop_copies(train, of=val)
    copies = len(train) - len(kept)
    if recipe.own_label_weight:
        own = fer2013.load_fer2013(pictures, "Training")
        kept = with_own_labels(kept, own, recipe.own_label_weight, recipe.own_label_classes)
    if extra is None:
        return Material(kept, val.with_majority(), copies, extra=0)
    added = datasets.drop_copies(learned_persons(extra), of=val)
    return Material(join(kept, added, recipe.extra_repeats), val.with_majority(), copies, extra=len(added))


def learned_persons(path: Path) -> FaceSet:
    """CK+48's persons that may be learned from (place in the sorted list not divisible by 5), in the eight classes."""
    faces = ckplus.load_ckplus(path)
    return with_labels(faces.where(protocols.by_person(faces, 0, HELD_OUT_FOLDS).train), LABELS)


def held_out_persons(path: Path) -> FaceSet:
    """CK+48's other persons, in the eight classes: to judge on, never to learn from. Neutral has no picture."""
    faces = ckplus.load_ckplus(path)
    return with_labels(faces.where(protocols.by_person(faces, 0, HELD_OUT_FOLDS).test), LABELS)


def with_labels(faces: FaceSet, labels: tuple[str, ...]) -> FaceSet:
    """The same faces among more, or otherwise ordered, classes; all of `faces.labels` must be among `labels`."""
    targets = np.zeros((len(faces), len(labels)), dtype=np.float32)
    targets[:, [labels.index(label) for label in faces.labels]] = faces.targets
    return dataclasses.replace(faces, targets=targets, labels=labels)


def join(faces: FaceSet, more: FaceSet, repeats: int) -> FaceSet:
    """`faces`, then `more` that many times; both have the same classes."""
    if faces.labels != more.labels:
        raise ValueError(f"{faces.labels} and {more.labels} are different classes")
    return FaceSet(
        np.concatenate([faces.images, *[more.images] * repeats]),
        np.concatenate([faces.targets, *[more.targets] * repeats]),
        faces.labels,
        faces.names + more.names * repeats,
    )


def with_own_labels(faces: FaceSet, own: FaceSet, weight: float, classes: tuple[str, ...]) -> FaceSet:
    """Targets that FER2013's own label moves: (1 - weight) * votes + weight * label, where that has a second witness.

    Only rows with an own label among `classes` for which at least two FER+ annotators voted too are changed (single votes are
    dropped before). FER+ gives 14 % of FER2013's fear and 31 % of its disgust that much; the other rows' labels come from
    words that a picture was searched by, and FER+ calls them neutral, sad or surprised.

    Args:
        faces: FER+ votes; the targets of changed rows are scaled to sum to 1.
        own: FER2013's own labels, joined by name.
        weight: 0 to 1.
        classes: for which labels.
    """
    label_of = dict(zip(own.names, own.classes(), strict=True))
    targets, votes = faces.targets.copy(), faces.distributions()
    for row, name in enumerate(faces.names):
        label = own.labels[label_of[name]]
        index = faces.labels.index(label)
        if label in classes and votes[row, index] > 0:
            targets[row] = (1 - weight) * votes[row]
            targets[row, index] += weight
    return dataclasses.replace(faces, targets=targets)
