"""Probabilities of an exported network for labelled faces, through the live program's own preprocessing."""

from pathlib import Path

import numpy as np

from realtime.datatypes import Scores
from realtime.errors import ConfigError
from realtime.model.classifier import Classifier
from realtime.model.session import Session
from train.data.datasets import FaceSet

BATCH = 64


def open_classifier(path: Path) -> Classifier:
    """The live program's classifier with this file; see `realtime.model.session.Session` for its errors."""
    return Classifier(Session(path))


def predict(classifier: Classifier, faces: FaceSet, *, mirrored: bool = False) -> Scores:
    """Probabilities of the classes of `faces`, in their order.

    Classes of the network that the data lack are masked: the others are scaled to sum to 1.

    Args:
        classifier: the network.
        faces: n faces.
        mirrored: average the probabilities of each face and of its mirror image.

    Raises:
        ConfigError: the data have a class that the network lacks.
    """
    return restrict(predict_all(classifier, faces, mirrored=mirrored), faces.labels)


def predict_all(classifier: Classifier, faces: FaceSet, *, mirrored: bool = False) -> Scores:
    """Probabilities of all expressions of the network, and that each crop shows a face; arguments as in `predict`."""
    parts = []
    spec = classifier.spec
    for start in range(0, len(faces), BATCH):
        crops = classifier.prepare(faces.images[start : start + BATCH]).faces
        parts.append(classifier.classify(crops))
        if mirrored:
            parts[-1] = _mean(parts[-1], classifier.classify([np.ascontiguousarray(crop[:, ::-1]) for crop in crops]))
    none = np.zeros((0, len(spec.labels)), np.float32)
    probs = np.concatenate([none, *(part.probs for part in parts)])
    return Scores(probs, spec.labels, np.concatenate([np.zeros(0, np.float32), *(part.face_probs for part in parts)]))


def restrict(scores: Scores, labels: tuple[str, ...]) -> Scores:
    """Probabilities given that the truth is one of `labels`.

    Raises:
        ConfigError: one of them is not among the scores' labels.
    """
    unknown = [label for label in labels if label not in scores.labels]
    if unknown:
        raise ConfigError(f"the data have the class {unknown[0]!r}, which the network does not know; choose other --labels")
    if labels == scores.labels:
        return scores
    probs = scores.probs[:, [scores.labels.index(label) for label in labels]] + np.float32(1e-12)
    return Scores(probs / probs.sum(axis=1, keepdims=True), labels, scores.face_probs)


def _mean(first: Scores, second: Scores) -> Scores:
    probs = np.asarray((first.probs + second.probs) / 2, dtype=np.float32)
    return Scores(probs, first.labels, np.asarray((first.face_probs + second.face_probs) / 2, dtype=np.float32))
