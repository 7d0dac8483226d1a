"""The faces of a run: FER+ with a recipe's additions, FER2013's own labels, a tree of class folders, or joined sets."""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.errors import ConfigError
from train.data import datasets, fer2013, folders, sets
from train.data.datasets import FaceSet
from train.recipes import Recipe

FERPLUS, FER2013, FOLDER, JOINED = "ferplus", "fer2013", "folder", "joined"
"""Sources of labels."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Training and validation faces of a run.

    Attributes:
        train: without copies of validation faces; then the extra images, repeated as the recipe says.
        val: same classes; for FER+ only rows with a majority.
        copies: number of training images dropped as copies.
        extra: number of distinct extra images.
        about, judged_on: descriptions of `train` and `val`.
    """

    train: FaceSet
    val: FaceSet
    copies: int
    extra: int
    about: str
    judged_on: str


def gather(
    recipe: Recipe, data: Path, votes: Path | None = None, extra: Path | None = None, labels: str = FERPLUS
) -> TrainingData:
    """Loads the faces for a recipe.

    Args:
        recipe: sets the own-label weight and the repeats.
        data: fer2013.csv, or a folder: train and validation (or test) with class folders, or the joined sets.
        votes: fer2013new.csv, for FERPLUS.
        extra: CK+48, zip or folder, or None.
        labels: FERPLUS, FER2013, FOLDER or JOINED (all of `train.data.sets`).

    Raises:
        ConfigError: missing or damaged file; missing or unwanted `extra` for this recipe; or labels the recipe is not made
            for.
    """
    if (labels == JOINED) != (recipe.balance == "sets"):
        wanted = (
            "needs the joined sets: give --labels joined"
            if labels != JOINED
            else "is not made for joined sets: give other --labels"
        )
        raise ConfigError(f"recipe {recipe.name} {wanted}")
    if labels == JOINED:
        parts = sets.gather(data, unlabelled=recipe.teacher_weight > 0)
        return TrainingData(parts.train, parts.val, parts.copies, 0, "joined sets", "their validation parts")
    if labels != FERPLUS:
        if extra is not None or recipe.extra_repeats or recipe.own_label_weight:
            raise ConfigError(
                f"recipe {recipe.name} needs FER+ votes; with --labels {labels} choose another recipe and omit --extra"
            )
        return _plain(data, labels)
    if (extra is not None) != (recipe.extra_repeats > 0):
        wants = "needs extra images: give --extra ckplus48.zip" if extra is None else "takes no extra images: omit --extra"
        raise ConfigError(f"recipe {recipe.name} {wants}")
    if votes is None:
        raise ConfigError("--labels ferplus needs --votes fer2013new.csv")
    words = "FER2013 Training with FER+ votes", "PublicTest"
    val = fer2013.load_ferplus(data, votes, "PublicTest")
    train = fer2013.load_ferplus(data, votes, "Training")
    kept = datasets.drop_copies(train, of=val)
    copies = len(train) - len(kept)
    if recipe.own_label_weight:
        own = fer2013.load_fer2013(data, "Training")
        kept = with_own_labels(kept, own, recipe.own_label_weight, recipe.own_label_classes)
    if extra is None:
        return TrainingData(kept, val.with_majority(), copies, 0, *words)
    added = datasets.drop_copies(sets.learned_persons(extra), of=val)
    return TrainingData(join(kept, added, recipe.extra_repeats), val.with_majority(), copies, len(added), *words)


def _plain(data: Path, labels: str) -> TrainingData:
    """FER2013's own labels, or a tree of class folders, one label per image."""
    if labels == FER2013:
        words = "FER2013 Training with its own labels", "PublicTest"
        train, val = (fer2013.load_fer2013(data, usage) for usage in ("Training", "PublicTest"))
    else:
        splits = folders.splits(data)
        judged_on = next((split for split in ("validation", "test") if split in splits), None)
        if judged_on is None or "train" not in splits:
            there = ", ".join(splits) or "no split folders"
            raise ConfigError(f"{data} has {there}; training needs train and validation (or test) with class folders")
        words = f"{data.resolve().name}/train", f"{data.resolve().name}/{judged_on}"
        train, val = (folders.load_folder(data, split) for split in ("train", judged_on))
        unknown = [label for label in val.labels if label not in train.labels]
        if unknown:
            raise ConfigError(f"{words[1]} has the class {unknown[0]}, which {words[0]} does not have")
        val = datasets.with_labels(val, train.labels)
    kept = datasets.drop_copies(train, of=val)
    return TrainingData(kept, val, len(train) - len(kept), 0, *words)


def join(faces: FaceSet, more: FaceSet, repeats: int) -> FaceSet:
    """`faces`, then `more` repeated; both have the same classes."""
    if faces.labels != more.labels:
        raise ValueError(f"{faces.labels} and {more.labels} are different classes")
    return FaceSet(
        np.concatenate([faces.images, *[more.images] * repeats]),
        np.concatenate([faces.targets, *[more.targets] * repeats]),
        faces.labels,
        faces.names + more.names * repeats,
    )


def with_own_labels(faces: FaceSet, own: FaceSet, weight: float, classes: tuple[str, ...]) -> FaceSet:
    """Mixes FER2013's own label into the targets: (1 - weight) * votes + weight * label, where annotators confirm it.

    Changes only rows with an own label in `classes` that at least two FER+ annotators voted for (single votes are dropped
    before): 14 % of FER2013's fear and 31 % of its disgust. The labels of the other rows are the web search terms; FER+ calls
    these faces neutral, sad or surprised.

    Args:
        faces: FER+ votes; targets of changed rows are scaled to sum 1.
        own: FER2013's own labels, matched by name.
        weight: of the own label, 0 to 1.
        classes: the own labels to mix in.
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the data options; a run and its export take the same."""
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="fer2013.csv, plain or .xz, .gz, .zip; or a folder: splits of class folders, or all joined sets",
    )
    parser.add_argument(
        "--labels",
        choices=(FERPLUS, FER2013, FOLDER, JOINED),
        default=FERPLUS,
        help=f"source of the labels (default: {FERPLUS})",
    )
    parser.add_argument("--votes", type=Path, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument("--extra", type=Path, metavar="CKPLUS", help="ckplus48.zip: extra images, for recipes that need them")
