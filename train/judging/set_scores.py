"""Figures of a network in training on each of the joined sets, after every epoch: by_set.csv beside metrics.csv."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.errors import SinkError
from realtime.faces.evidence import LEAST_FACE
from realtime.labels import LABELS, NO_FACE
from train.data.datasets import FaceSet, set_of
from train.judging import metrics

NAME = "by_set.csv"


@dataclass(frozen=True)
class SetScore:
    """Figures of one validation set.

    Attributes:
        set: its name.
        n: faces, or false positives.
        denied: share that the network classifies as no face.
        labelled: share classified as a face whose label has a probability of at least one half.
        accuracy, balanced_accuracy: of all faces' labels, denied or not; nan where no face has a label.
        neutral_recall: nan without neutral faces.
        nll: of the eight expressions alone, nats; nan where no face has a label.
    """

    set: str
    n: int
    denied: float
    labelled: float
    accuracy: float
    balanced_accuracy: float
    neutral_recall: float
    nll: float


def score(probs: NDArray[np.float32], faces: FaceSet) -> list[SetScore]:
    """Figures of each set among the faces, in the order of their first faces.

    Args:
        probs: float32 (n,9), eight expressions and "no face", rows sum to 1.
        faces: n faces of joined sets.
    """
    sets = np.array([set_of(name) for name in faces.names])
    return [_score(name, probs[sets == name], faces.where(sets == name)) for name in dict.fromkeys(sets.tolist())]


def _score(name: str, probs: NDArray[np.float32], faces: FaceSet) -> SetScore:
    face_probs = 1 - probs[:, faces.labels.index(NO_FACE)]
    labels = np.asarray(probs[:, : len(LABELS)] / np.maximum(face_probs, 1e-6)[:, np.newaxis], dtype=np.float32)
    denied = face_probs < LEAST_FACE
    truth = faces.classes()
    known = truth < len(LABELS)
    nothing = float("nan")
    judged = metrics.score(labels[known], truth[known], LABELS) if known.any() else None
    return SetScore(
        set=name,
        n=len(faces),
        denied=float(denied.mean()),
        labelled=float((~denied & (labels.max(axis=1) >= 0.5)).mean()),
        accuracy=judged.accuracy if judged else nothing,
        balanced_accuracy=judged.balanced_accuracy if judged else nothing,
        neutral_recall=float(judged.recall[LABELS.index("neutral")]) if judged else nothing,
        nll=judged.nll if judged else nothing,
    )


def append(folder: Path, epoch: int, scores: Iterable[SetScore]) -> None:
    """Adds an epoch's figures to folder/by_set.csv.

    Raises:
        SinkError: it cannot be written.
    """
    path = folder / NAME
    try:
        begins = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["epoch", *(field.name for field in fields(SetScore))], lineterminator="\n")
            if begins:
                writer.writeheader()
            writer.writerows({"epoch": epoch, **asdict(score)} for score in scores)
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror}); make room, and go on with --resume") from error
