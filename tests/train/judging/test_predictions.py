"""Predictions of exported networks, by value."""

from pathlib import Path

import numpy as np
import pytest

from realtime.labels import LABELS, NO_FACE
from realtime.model.spec import ModelSpec
from tests.tiny_models import write_left_right, write_linear
from tests.train_data import patterns
from train.data.datasets import FaceSet
from train.judging import predictions


def one_sided() -> FaceSet:
    """Two faces, brighter on the left and on the right."""
    images = np.random.default_rng(0).integers(0, 60, (2, 48, 48)).astype(np.uint8)
    images[0, :, :24] += 150
    images[1, :, 24:] += 100
    return FaceSet(images, np.eye(8, dtype=np.float32)[[1, 3]], LABELS, ("a", "b"))


def test_mirrored_is_the_mean_over_the_face_and_its_mirror_image(tmp_path: Path) -> None:
    classifier = predictions.open_classifier(write_left_right(tmp_path / "net.onnx"))
    faces = one_sided()
    flipped = FaceSet(np.ascontiguousarray(faces.images[:, :, ::-1]), faces.targets, LABELS, faces.names)
    plain, other = (predictions.predict(classifier, each).probs for each in (faces, flipped))
    assert (plain.argmax(axis=1) != other.argmax(axis=1)).all()
    mean = predictions.predict(classifier, faces, mirrored=True).probs
    np.testing.assert_allclose(mean, (plain + other) / 2, atol=1e-6)


def test_the_probability_of_a_face_is_averaged_too(tmp_path: Path) -> None:
    """The ninth output answers "no face" to a bright left half."""
    weights = np.zeros((48, 48, 9), np.float32)
    weights[:, :24, 8] = 0.002
    spec = ModelSpec.of_outputs("nine", (*LABELS, NO_FACE))
    path = write_linear(tmp_path / "nine.onnx", weights.reshape(48 * 48, 9), np.zeros(9, np.float32), spec)
    classifier = predictions.open_classifier(path)
    plain = predictions.predict_all(classifier, one_sided()).face_probs
    assert plain[0] < plain[1]
    mean = predictions.predict_all(classifier, one_sided(), mirrored=True).face_probs
    np.testing.assert_allclose(mean, [plain.mean()] * 2, atol=0.1)


def test_no_faces_are_no_rows(tmp_path: Path) -> None:
    classifier = predictions.open_classifier(write_left_right(tmp_path / "net.onnx"))
    none = patterns(2).where(np.zeros(2, np.bool_))
    assert predictions.predict_all(classifier, none, mirrored=True).probs.shape == (0, 8)


@pytest.mark.parametrize("count", [63, 64, 65])
def test_batches_keep_the_order(tmp_path: Path, count: int) -> None:
    classifier = predictions.open_classifier(write_left_right(tmp_path / "net.onnx"))
    faces = patterns(count)
    every = predictions.predict(classifier, faces).probs
    last = predictions.predict(classifier, faces.where(np.arange(count) == count - 1)).probs
    np.testing.assert_allclose(every[-1:], last, atol=1e-6)
