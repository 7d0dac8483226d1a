"""Accuracy of a network per class, from the result files of the bundled weights."""

import json
from dataclasses import dataclass
from pathlib import Path

LABELLING = "ferplus"
"""The reference labels of the figures."""


@dataclass(frozen=True)
class ClassFigures:
    """One expression on the test images.

    Attributes:
        label: its name.
        images: that show it, by the majority of the votes.
        recall: of these, the share that is named so.
        precision: of all that are named so, the share that is right; None where none is.
        taken_for: the label most often given instead, and for how many images; None where there is no mistake.
    """

    label: str
    images: int
    recall: float
    precision: float | None
    taken_for: tuple[str, int] | None


@dataclass(frozen=True)
class Figures:
    """A network on images that it was not trained on.

    Attributes:
        model: file name of the weights.
        command: what measured it.
        images: how many.
        accuracy, balanced_accuracy: share of images named right; mean of the recalls.
        classes: in the order of the labels.
    """

    model: str
    command: str
    images: int
    accuracy: float
    balanced_accuracy: float
    classes: tuple[ClassFigures, ...]


def find(weights_sha256: str) -> Figures | None:
    """The figures of the weights with this checksum; None where they are unknown."""
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
