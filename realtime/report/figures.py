"""Looks up the accuracy of a network per class in the result files of the bundled weights."""

import json
from dataclasses import dataclass
from pathlib import Path

LABELLING = "ferplus"
"""The labels against which the accuracy was measured."""


@dataclass(frozen=True)
class ClassFigures:
    """Results for one expression on the test images.

    Attributes:
        label: the name of the expression.
        images: number of images that show it, by majority vote.
        recall: share of these images that get this label.
        precision: share of the images with this label that show the expression; None if no image gets the label.
        taken_for: the most frequent wrong label and the number of images that get it; None if there are no mistakes.
    """

    label: str
    images: int
    recall: float
    precision: float | None
    taken_for: tuple[str, int] | None


@dataclass(frozen=True)
class Figures:
    """The accuracy of a network on images that it was not trained on.

    Attributes:
        model: file name of the weights.
        command: the command that measured it.
        images: number of images.
        accuracy, balanced_accuracy: share of correctly labelled images, and mean recall over the classes.
        classes: the results for each expression, in the order of the labels.
    """

    model: str
    command: str
    images: int
    accuracy: float
    balanced_accuracy: float
    classes: tuple[ClassFigures, ...]


def find(weights_sha256: str) -> Figures | None:
    """The accuracy of the weights with this checksum; None if it is unknown."""
    package = Path(__file__).parent.parent
    for folder in (package / "weights", package.parent / "weights"):  # installed, or a checkout
        for path in sorted(folder.glob(f"results/*--{LABELLING}-*.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            if weights_sha256 and result.get("model_sha256") == weights_sha256:
                return _read(result)
    return None


def _read(result: dict[str, object]) -> Figures | None:
    match result:
        case {
            "model": str(model),
            "command": str(command),
            "n": int(n),
            "accuracy": float(accuracy),
            "balanced_accuracy": float(balanced),
            "labels": list(labels),
            "support": list(support),
            "recall": list(recall),
            "precision": list(precision),
            "confusion": list(confusion),
        }:
            rows = zip(labels, support, recall, precision, strict=True)
            classes = tuple(ClassFigures(*row, _taken_for(labels, i, confusion[i])) for i, row in enumerate(rows))
            return Figures(model, command, n, accuracy, balanced, classes)
    return None


def _taken_for(labels: list[str], own: int, named: list[int]) -> tuple[str, int] | None:
    others = [(count, label) for i, (label, count) in enumerate(zip(labels, named, strict=True)) if i != own]
    count, label = max(others, key=lambda other: other[0])
    return (label, count) if count else None
