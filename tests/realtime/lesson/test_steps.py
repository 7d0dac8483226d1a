"""The steps are those that the network and the paper's algorithms take, and searches never make a frame wait."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from realtime import preprocess
from realtime.datatypes import Frame, TrackedFace
from realtime.lesson import algorithms
from realtime.lesson.algorithms import RegionDetector
from realtime.lesson.steps import KEEP_S, Lesson, Steps
from realtime.model.classifier import Classifier
from tests import builders, demo

INDEX = 100


@pytest.fixture
def lesson(classifier: Classifier) -> Iterator[Lesson]:
    made = Lesson(classifier.prepare)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shot() -> tuple[Frame, TrackedFace]:
    """A frame of the demo clip and its face."""
    found = demo.demo_frame(INDEX)
    box = tuple(float(value) for value in found.boxes_xyxy[0])
    frame = replace(builders.frame(INDEX, media_time=INDEX / 30), image=found.image)
    return frame, builders.face(box=box)  # type: ignore[arg-type]


def test_each_step_follows_from_the_one_before(lesson: Lesson, shot: tuple[Frame, TrackedFace], classifier: Classifier) -> None:
    frame, face = shot
    steps = lesson.steps(frame, face, exact=True)
    gray = preprocess.to_gray(frame.image)
    assert np.array_equal(steps.gray, preprocess.crop(gray, face.box_xyxy))
    crops = classifier.prepare([steps.gray])
    assert np.array_equal(steps.small, crops.smalls[0])
    assert np.array_equal(steps.equalized, preprocess.equalize(steps.small))
    assert np.array_equal(steps.edges, algorithms.edges(steps.small))
    assert np.array_equal(steps.network, crops.faces[0])
    assert steps.equalizes
    expected = RegionDetector().parts(gray, face.box_xyxy)
    np.testing.assert_allclose(steps.parts.eyes_xyxy, expected.eyes_xyxy, atol=0.01)
    np.testing.assert_allclose(steps.parts.mouths_xyxy, expected.mouths_xyxy, atol=0.01)
    assert len(steps.parts.eyes_xyxy) == 2


def later(lesson: Lesson, frame: Frame, face: TrackedFace, seconds: float) -> Steps:
    assert frame.media_time is not None
    return lesson.steps(replace(frame, media_time=frame.media_time + seconds), face)


def test_a_video_never_waits_for_a_search_and_its_boxes_move_with_the_face(
    lesson: Lesson, shot: tuple[Frame, TrackedFace]
) -> None:
    frame, face = shot
    assert len(later(lesson, frame, face, 0.0).parts.eyes_xyxy) == 0  # the first search has only begun
    found = next(steps for n in range(1_000_000) if len((steps := later(lesson, frame, face, n * 1e-6)).parts.eyes_xyxy))
    moved = replace(face, box_xyxy=face.box_xyxy + np.float32(7))
    np.testing.assert_allclose(
        later(lesson, frame, moved, 0.02).parts.eyes_xyxy, found.parts.eyes_xyxy + np.float32(7), atol=0.01
    )
    assert len(later(lesson, frame, replace(face, id=2), 0.03).parts.eyes_xyxy) == 0  # another face


def test_old_boxes_are_not_shown(lesson: Lesson, shot: tuple[Frame, TrackedFace]) -> None:
    frame, face = shot
    next(n for n in range(1_000_000) if len(later(lesson, frame, face, n * 1e-6).parts.eyes_xyxy))
    assert len(later(lesson, frame, face, KEEP_S + 0.1).parts.eyes_xyxy) == 0


def test_separate_images_are_searched_themselves(classifier: Classifier, shot: tuple[Frame, TrackedFace]) -> None:
    lesson = Lesson(classifier.prepare, temporal=False)
    assert len(lesson.steps(*shot).parts.eyes_xyxy) == 2
    lesson.close()
