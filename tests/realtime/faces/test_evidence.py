"""What the network takes for no face is not shown, is let go, and its place is left alone until something changes there."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import preprocess
from realtime.config import ReadingConfig
from realtime.datatypes import FULL_EFFORT, Faces, Frame, FrameResult
from realtime.faces.evidence import DENIED_S, MEMORY_S, DeniedPlaces, Evidence
from realtime.faces.finder import FrameByFrame, TrackingFinder
from realtime.faces.follower import Follower
from realtime.faces.scanner import Scanner
from realtime.labels import LABELS, NO_FACE
from realtime.model.classifier import Classifier
from realtime.model.spec import ModelSpec
from realtime.pipeline import Pipeline
from tests import demo
from tests.tiny_models import write_linear

FPS = 30


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    """Its answer: happiness, and no face at all where the upper half of the crop is brighter than the lower one."""
    spec = ModelSpec.of_outputs("nine", (*LABELS, NO_FACE))
    weights = np.zeros((48, 48, 9), np.float32)
    weights[:24, :, 8], weights[24:, :, 8] = 0.01, -0.01
    bias = np.zeros(9, np.float32)
    bias[LABELS.index("happiness")] = 4
    return Classifier.load(str(write_linear(tmp_path / "nine.onnx", weights.reshape(-1, 9), bias, spec)))


def image(*, upper_bright: bool) -> NDArray[np.uint8]:
    """A square of 100 px whose upper or lower half is bright."""
    whole = np.full((120, 120, 3), 100, np.uint8)
    whole[10:60, 10:110], whole[60:110, 10:110] = (220, 40) if upper_bright else (40, 220)
    whole[10:110:10, 10:110] += 15
    return whole


class OneBox:
    """Finds the square, always."""

    def detect(self, gray: NDArray[np.uint8]) -> Faces:
        return Faces(np.array([[10, 10, 110, 110]], np.float32), np.ones(1, np.float32))


def test_the_ninth_output_is_no_expression(classifier: Classifier) -> None:
    crops = [np.asarray(image(upper_bright=up)[10:110, 10:110, 0]) for up in (True, False)]

    scores = classifier.classify([preprocess.prepare(crop) for crop in crops])
    assert scores.labels == LABELS
    np.testing.assert_allclose(scores.probs.sum(axis=1), 1, atol=1e-6)
    assert scores.names() == ("happiness", "happiness")
    assert scores.face_probs[0] < 0.01
    assert scores.face_probs[1] > 0.99


def play(pipeline: Pipeline, shown: NDArray[np.uint8], seconds: float, start_s: float = 0.0) -> list[FrameResult]:
    return [pipeline.process(Frame(shown, i, 0.0, start_s + i / FPS, "clip")) for i in range(round(seconds * FPS))]


def test_a_false_positive_is_never_shown(classifier: Classifier) -> None:
    pipeline = Pipeline(FrameByFrame(OneBox()), classifier, ReadingConfig())
    assert all(not result.faces for result in play(pipeline, image(upper_bright=True), 2.0))


def test_a_face_denied_for_a_moment_keeps_its_id(classifier: Classifier) -> None:
    pipeline = Pipeline(FrameByFrame(OneBox()), classifier, ReadingConfig())
    (face,) = play(pipeline, image(upper_bright=False), 1.0)[-1].faces
    during = play(pipeline, image(upper_bright=True), 0.1, 1.0)
    assert [len(result.faces) for result in during] == [1, 1, 1]
    (again,) = play(pipeline, image(upper_bright=False), 0.2, 1.1)[-1].faces
    assert again.id == face.id


def test_single_images_omit_false_positives(classifier: Classifier) -> None:
    pipeline = Pipeline(FrameByFrame(OneBox()), classifier, ReadingConfig(), temporal=False)
    assert not play(pipeline, image(upper_bright=True), 1.0)[-1].faces


def test_a_mean_that_falls_below_one_half_denies_and_for_long_enough_is_hopeless() -> None:
    evidence = Evidence()
    evidence.update(1, 1.0, 0.0)
    evidence.update(1, 0.0, MEMORY_S * 0.5)  # the mean is exp(-0.5) = 0.61
    assert not evidence.is_denied(1)
    evidence.update(1, 0.0, MEMORY_S)  # 0.37
    assert evidence.is_denied(1)
    assert evidence.hopeless(MEMORY_S + DENIED_S - 0.01) == frozenset()
    assert evidence.hopeless(MEMORY_S + DENIED_S + 0.01) == {1}
    evidence.update(1, 1.0, MEMORY_S + 1)
    assert not evidence.is_denied(1)
    assert not evidence.is_denied(2)
    evidence.forget_before(10.0)
    assert evidence.hopeless(20.0) == frozenset()


def test_a_denied_place_is_left_alone_until_it_changes() -> None:
    rng = np.random.default_rng(0)
    poster, person = (rng.integers(0, 256, (200, 200), dtype=np.uint8) for _ in range(2))
    places, square = DeniedPlaces(), np.array([100, 100, 80], np.float32)
    places.add(poster, square)
    noisy = np.clip(poster + rng.normal(0, 4, poster.shape), 0, 255).astype(np.uint8)
    assert places.covers(noisy, square + np.array([3, -3, 4], np.float32))
    assert not places.covers(poster, np.array([30, 30, 40], np.float32))
    assert not places.covers(person, square)
    assert len(places) == 0


def test_a_denied_face_is_not_found_again_while_its_place_stays() -> None:
    still, now = demo.demo_frame(45), 0.0
    gray = np.asarray(still.image.mean(axis=2), np.uint8)
    finder = TrackingFinder(Scanner(live=False), Follower())
    try:
        (face,) = finder.find(gray, now, FULL_EFFORT)
        finder.deny(frozenset({face.id}), now)
        for frame in range(1, 60):
            assert finder.find(gray, frame / FPS, FULL_EFFORT) == ()
        mirrored = np.ascontiguousarray(gray[:, ::-1])
        found = [finder.find(mirrored, 2 + frame / FPS, FULL_EFFORT) for frame in range(60)]
        assert found[-1]
        assert found[-1][0].id != face.id
    finally:
        finder.close()
