"""Distillation from trained networks, which see the same augmented images as the student."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from realtime.model.session import Session
from train.data import lineage
from train.data.datasets import FaceSet


class Teachers:
    """The mean of several networks' probabilities (Hinton et al., 2015: distilling the knowledge in a neural network).

    Args:
        paths: ONNX files of `train.export`, full precision or int8; may be empty.
        labels: the student's classes.
        val: validation faces; teachers must not be trained on them, or they would leak.

    Attributes:
        seen: the record of all teachers' training images.

    Raises:
        ConfigError: a teacher has other classes or was trained on faces of `val`.
        ModelError: a file is missing or broken.
    """

    def __init__(self, paths: Sequence[Path], labels: tuple[str, ...], val: FaceSet) -> None:
        self._sessions = [Session(path) for path in paths]
        self.seen = lineage.NOTHING
        for session in self._sessions:
            name = session.path.name
            if session.spec.outputs != labels:
                raise ConfigError(
                    f"{name} has the classes {', '.join(session.spec.outputs)} and cannot teach {', '.join(labels)}"
                )
            known = lineage.read(session.path)
            lineage.refuse_seen(known, val, name)
            self.seen = np.union1d(self.seen, known)

    def __len__(self) -> int:
        return len(self._sessions)

    def blend(self, targets: NDArray[np.float32], images: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
        """(1 - weight) * targets + weight * teachers' probabilities; without teachers the targets.

        Args:
            targets: float32 (n,k); the teachers also fill what a row lacks to sum 1, for unlabelled rows all of it.
            images: float32 (n,1,48,48), the student's input.
            weight: 0 to 1.
        """
        if not self._sessions or not weight:
            return targets
        probs = np.mean([_softmax(session.run(images)) for session in self._sessions], axis=0)
        labelled = (1 - weight) * targets
        return np.asarray(labelled + (1 - labelled.sum(axis=1, keepdims=True)) * probs, dtype=np.float32)


def sha256(path: Path) -> str:
    """The SHA-256 that identifies a file in a recipe.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give an .onnx file of train.export") from error


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)
