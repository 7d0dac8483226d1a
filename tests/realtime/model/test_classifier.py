from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import preprocess
from realtime.labels import LABELS
from realtime.model.classifier import Classifier
from realtime.model.session import Session
from tests.tiny_models import write_left_right, write_linear


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return Classifier(Session(write_left_right(tmp_path / "tiny.onnx")))


def half(left: bool) -> NDArray[np.uint8]:
    face = np.zeros((48, 48), np.uint8)
    face[:, :24] = 255 * left
    face[:, 24:] = 255 * (not left)
    return face


def test_reads_each_face_of_a_batch(classifier: Classifier) -> None:
    scores = classifier.classify([half(True), half(False), half(True)])
    assert scores.names() == ("happiness", "sadness", "happiness")
    np.testing.assert_allclose(scores.probs.sum(axis=1), 1, atol=1e-6)
    assert classifier.name == "tiny.onnx"


class Idle(Session):
    """A network that must not be called."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        raise AssertionError("called without faces")


def test_no_faces_is_no_call(tmp_path: Path) -> None:
    classifier = Classifier(Idle(write_left_right(tmp_path / "tiny.onnx")))
    assert classifier.classify([]).probs.shape == (0, len(LABELS))


def test_probabilities_are_the_softmax_of_the_logits(tmp_path: Path) -> None:
    bias = np.arange(len(LABELS), dtype=np.float32)
    path = write_linear(tmp_path / "bias.onnx", np.zeros((2304, len(LABELS)), np.float32), bias)
    probs = Classifier.load(str(path)).classify([half(True)]).probs[0]
    np.testing.assert_allclose(probs, np.exp(bias) / np.exp(bias).sum(), rtol=1e-5)


def test_huge_logits_do_not_overflow(tmp_path: Path) -> None:
    bias = np.array([1000] + [0] * 7, np.float32)
    path = write_linear(tmp_path / "huge.onnx", np.zeros((2304, 8), np.float32), bias)
    np.testing.assert_array_equal(Classifier.load(str(path)).classify([half(True)]).probs, [[1, 0, 0, 0, 0, 0, 0, 0]])


def test_a_face_scores_the_same_alone_and_among_others() -> None:
    """The shipped network: batching must not leak from one face into another."""
    classifier = Classifier.load()
    rng = np.random.default_rng(0)
    faces = [preprocess.prepare(rng.integers(0, 256, (60, 60), dtype=np.uint8)) for _ in range(7)]
    together = classifier.classify(faces).probs
    alone = np.concatenate([classifier.classify([face]).probs for face in faces])
    np.testing.assert_allclose(together, alone, atol=1e-4)
