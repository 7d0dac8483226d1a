"""The pipeline on synthetic images: a scripted detector, and a network whose output can be computed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.config import ReadingConfig
from realtime.datatypes import Effort, Faces, Frame, FrameResult, Scores, State
from realtime.faces.finder import FrameByFrame, PerImageFinder
from realtime.labels import LABELS, UNCERTAIN
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline
from tests.tiny_models import write_top_bottom

FPS = 30


class ScriptedDetector:
    """Returns scripted faces, whatever the image."""

    def __init__(self) -> None:
        self.boxes: list[tuple[float, float, float, float]] = []

    def detect(self, gray: NDArray[np.uint8]) -> Faces:
        boxes = np.array(self.boxes, np.float32).reshape(-1, 4)
        return Faces(boxes, np.ones(len(boxes), np.float32))


class Clock:
    """Moves on by one second at every look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


LEFT = (10.0, 10.0, 110.0, 110.0)
RIGHT = (200.0, 10.0, 300.0, 110.0)


def make_image(left_smiles: bool = True, right_smiles: bool = False) -> NDArray[np.uint8]:
    """Two striped squares; the network reads a bright top half as happiness, a bright bottom half as sadness."""
    image = np.full((120, 320, 3), 100, np.uint8)
    for (x1, y1, x2, y2), smiles in ((LEFT, left_smiles), (RIGHT, right_smiles)):
        middle = int(y1 + y2) // 2
        bright = slice(int(y1), middle) if smiles else slice(middle, int(y2))
        dark = slice(middle, int(y2)) if smiles else slice(int(y1), middle)
        image[bright, int(x1) : int(x2)] = 220
        image[dark, int(x1) : int(x2)] = 40
        image[int(y1) : int(y2), int(x1) : int(x2) : 10] += 15
    return image


@pytest.fixture
def detector() -> ScriptedDetector:
    return ScriptedDetector()


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return Classifier.load(str(write_top_bottom(tmp_path / "tiny.onnx")))


def play(pipeline: Pipeline, image: NDArray[np.uint8], seconds: float, start: float = 0.0) -> FrameResult:
    """Shows a still image for some seconds; returns the last result."""
    for i in range(round(seconds * FPS)):
        result = pipeline.process(Frame(image.copy(), i, 0.0, start + i / FPS, "clip"))
    return result


def test_all_faces_of_a_frame_are_read(detector: ScriptedDetector, classifier: Classifier) -> None:
    detector.boxes = [RIGHT, LEFT]
    result = play(Pipeline(FrameByFrame(detector), classifier, ReadingConfig()), make_image(), 1.0)
    read = {face.label: face.box_xyxy[0] for face in result.faces}
    assert read == {"happiness": pytest.approx(10, abs=1), "sadness": pytest.approx(200, abs=1)}
    assert [face.id for face in result.faces] == [1, 2]
    assert result.labels == LABELS
    for face in result.faces:
        assert face.raw is not None
        assert face.confidence == face.probs.max()
        assert face.quality > 0.5


def test_one_call_of_the_network_per_frame(detector: ScriptedDetector, tmp_path: Path) -> None:
    sizes: list[int] = []

    class Counting(Classifier):
        def classify(self, faces: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> Scores:
            sizes.append(len(faces))
            return super().classify(faces)

    counting = Counting.load(str(write_top_bottom(tmp_path / "tiny.onnx")))
    detector.boxes = [LEFT, RIGHT]
    play(Pipeline(FrameByFrame(detector), counting, ReadingConfig()), make_image(), 10 / FPS)
    assert sizes == [0] * 5 + [2] * 5  # tentative faces cost nothing


def test_no_face_is_an_empty_tuple(detector: ScriptedDetector, classifier: Classifier) -> None:
    assert play(Pipeline(FrameByFrame(detector), classifier, ReadingConfig()), make_image(), 0.2).faces == ()


def test_a_missed_face_carries_its_label_without_a_reading(detector: ScriptedDetector, classifier: Classifier) -> None:
    pipeline = Pipeline(FrameByFrame(detector), classifier, ReadingConfig())
    detector.boxes = [LEFT]
    play(pipeline, make_image(), 1.0)
    detector.boxes = []
    (face,) = play(pipeline, make_image(), 0.2, start=1.0).faces
    assert (face.state, face.label, face.raw) == (State.COASTING, "happiness", None)


def test_labels_follow_the_face_over_time(detector: ScriptedDetector, classifier: Classifier) -> None:
    pipeline = Pipeline(FrameByFrame(detector), classifier, ReadingConfig())
    detector.boxes = [LEFT]
    play(pipeline, make_image(left_smiles=True), 1.0)
    (early,) = play(pipeline, make_image(left_smiles=False), 2 / FPS, start=1.0).faces
    (late,) = play(pipeline, make_image(left_smiles=False), 1.5, start=1.1).faces
    assert (early.label, late.label) == ("happiness", "sadness")
    assert early.raw is not None
    assert LABELS[early.raw.argmax()] == "sadness"  # the raw reading is never smoothed


def test_images_are_read_at_once_and_unsmoothed(detector: ScriptedDetector, classifier: Classifier) -> None:
    pipeline = Pipeline(PerImageFinder(detector), classifier, ReadingConfig(), temporal=False)
    detector.boxes = [LEFT]
    first = pipeline.process(Frame(make_image(left_smiles=True), 0, 0.0, None, "a.png"))
    second = pipeline.process(Frame(make_image(left_smiles=False), 1, 0.0, None, "b.png"))
    assert [face.label for face in (*first.faces, *second.faces)] == ["happiness", "sadness"]
    assert [face.id for face in (*first.faces, *second.faces)] == [1, 2]
    np.testing.assert_array_equal(first.faces[0].box_xyxy, LEFT)


def test_a_threshold_above_every_probability(detector: ScriptedDetector, classifier: Classifier) -> None:
    detector.boxes = [LEFT]
    flat = np.full((120, 320, 3), 100, np.uint8)
    flat[:, ::3, :] = 160
    pipeline = Pipeline(PerImageFinder(detector), classifier, ReadingConfig(), temporal=False)
    (face,) = pipeline.process(Frame(flat, 0, 0.0, None, "x")).faces
    assert face.label == UNCERTAIN


def test_times_of_the_stages_come_from_the_clock(detector: ScriptedDetector, classifier: Classifier) -> None:
    pipeline = Pipeline(FrameByFrame(detector), classifier, ReadingConfig(), clock=Clock())
    live = pipeline.process(Frame(make_image(), 0, 0.5, None, "camera"), dropped=3)
    stages = live.stages
    assert (stages.find, stages.preprocess, stages.classify, stages.smooth) == (1, 1, 1, 1)
    assert live.latency_s == 6.5  # seven looks at the clock, captured at 0.5
    assert live.dropped == 3
    of_a_file = pipeline.process(Frame(make_image(), 1, 0.5, 0.0, "clip"))
    assert of_a_file.latency_s == 4  # it may have waited for others; that says nothing
    images = Pipeline(FrameByFrame(detector), classifier, ReadingConfig(), temporal=False, clock=Clock())
    assert images.process(Frame(make_image(), 0, 0.5, None, "me.png")).latency_s == 4


def test_a_batch_of_frames_gives_the_same_results(detector: ScriptedDetector, classifier: Classifier) -> None:
    detector.boxes = [LEFT, RIGHT]
    frames = [Frame(make_image(left_smiles=i < 20), i, 0.0, i / FPS, "clip") for i in range(40)]
    alone = Pipeline(FrameByFrame(detector), classifier, ReadingConfig())
    together = Pipeline(FrameByFrame(detector), classifier, ReadingConfig())
    one_by_one = [alone.process(frame) for frame in frames]
    in_batches = [result for i in range(0, 40, 8) for result in together.process_many(frames[i : i + 8])]
    for a, b in zip(one_by_one, in_batches, strict=True):
        assert a.frame is b.frame
        assert [(face.id, face.label, face.state) for face in a.faces] == [
            (face.id, face.label, face.state) for face in b.faces
        ]
        for mine, theirs in zip(a.faces, b.faces, strict=True):
            assert (mine.id, mine.label, mine.state) == (theirs.id, theirs.label, theirs.state)
            np.testing.assert_allclose(mine.probs, theirs.probs, atol=1e-5)


def test_with_less_effort_the_faces_take_turns(detector: ScriptedDetector, classifier: Classifier) -> None:
    pipeline = Pipeline(FrameByFrame(detector), classifier, ReadingConfig())
    detector.boxes = [LEFT, RIGHT]
    play(pipeline, make_image(), 1.0)
    half = Effort("half", readings=0.5)
    read = []
    for i in range(4):
        result = pipeline.process(Frame(make_image(), 30 + i, 0.0, 1.0 + i / FPS, "clip"), effort=half)
        assert [face.label for face in result.faces] == ["happiness", "sadness"]
        assert result.effort is half
        read.append([face.id for face in result.faces if face.raw is not None])
    assert read == [[1], [2], [1], [2]]


def test_a_box_over_the_edge_of_the_frame(detector: ScriptedDetector, classifier: Classifier) -> None:
    detector.boxes = [(-30.0, -20.0, 70.0, 80.0)]
    pipeline = Pipeline(PerImageFinder(detector), classifier, ReadingConfig(), temporal=False)
    (face,) = pipeline.process(Frame(make_image(), 0, 0.0, None, "x")).faces
    assert face.probs.sum() == pytest.approx(1, abs=1e-5)
