"""Classifies prepared faces: one network call for all faces of a frame."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.datatypes import Scores
from realtime.model.chooser import open_session
from realtime.model.providers import AUTO
from realtime.model.session import Session
from realtime.model.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Crops:
    """Face crops on their way to a network with images of S pixels.

    Attributes:
        smalls: each uint8 (S,S), gray, as the camera saw it; what quality is measured on.
        faces: the same as the network wants them: equalized, if it says so.
    """

    smalls: tuple[NDArray[np.uint8], ...]
    faces: tuple[NDArray[np.uint8], ...]


class Classifier:
    """Classifies prepared faces.

    Args:
        session: the network.
        notes: how it was chosen, a line each, for verbose output.
    """

    def __init__(self, session: Session, notes: Sequence[str] = ()) -> None:
        self._session = session
        self.notes = tuple(notes)

    @classmethod
    def load(cls, model: str = AUTO, threads: int = 0, provider: str = AUTO) -> "Classifier":
        """Opens the network; see `chooser.open_session` for the choice and the errors."""
        opened = open_session(model, threads, provider)
        return cls(opened.session, opened.notes)

    @property
    def spec(self) -> ModelSpec:
        """The spec in the network's metadata."""
        return self._session.spec

    @property
    def name(self) -> str:
        """File name of the weights."""
        return self._session.path.name

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file."""
        return self._session.sha256

    @property
    def provider(self) -> str:
        """Name of the provider that runs the network."""
        return self._session.provider

    @property
    def threads(self) -> int:
        """Number of threads."""
        return self._session.threads

    def close(self) -> None:
        """Ends the network's threads; may be called twice. `classify` must not be called afterwards."""
        self._session.close()

    def prepare(self, grays: Iterable[NDArray[np.uint8]]) -> Crops:
        """Crops of faces, each uint8 (H,W) of any size -> the images that `classify` takes."""
        smalls = tuple(preprocess.shrink(gray, self.spec.input_size) for gray in grays)
        return Crops(smalls, tuple(preprocess.equalize(small) for small in smalls) if self.spec.equalize else smalls)

    def classify(self, faces: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> Scores:
        """n prepared faces, uint8 (n,S,S) -> their probabilities, in one call; in none for zero faces."""
        if len(faces) == 0:
            return Scores(np.zeros((0, len(self.spec.labels)), np.float32), self.spec.labels)
        logits = self._session.run(preprocess.normalise(faces, self.spec.mean, self.spec.std))
        probs = _softmax(logits)
        if not self.spec.no_face:
            return Scores(probs, self.spec.labels)
        return Scores(_softmax(logits[:, :-1]), self.spec.labels, 1 - probs[:, -1])


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
