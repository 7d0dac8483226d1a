"""The library's door, with the network that ships."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import realtime
from realtime import LABELS, Config, FrameResult, Recognizer
from realtime.errors import SourceOpenError, WeightsNotFound
from tests.demo import CLIP, demo_frame


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


def test_a_single_picture_needs_no_warming_up(recognizer: Recognizer) -> None:
    shot = demo_frame(20)
    result = recognizer.process(shot.image)
    (face,) = result.faces
    assert face.label == "neutral"
    assert abs(face.box_xyxy - shot.boxes_xyxy[0]).max() < 0.25 * (face.box_xyxy[2] - face.box_xyxy[0])
    assert recognizer.labels == LABELS == result.labels


def test_nothing_is_carried_from_picture_to_picture(recognizer: Recognizer) -> None:
    image = demo_frame(20).image
    first = recognizer.process(image)
    recognizer.process(np.zeros_like(image))
    again = recognizer.process(image)
    np.testing.assert_array_equal(first.faces[0].probs, again.faces[0].probs)
    assert first.faces[0].id != again.faces[0].id


def test_a_gray_picture_reads_the_same(recognizer: Recognizer) -> None:
    image = demo_frame(20).image
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    (face,) = recognizer.process(np.asarray(gray, np.uint8)).faces
    np.testing.assert_allclose(face.probs, recognizer.process(image).faces[0].probs, atol=1e-3)


def test_the_caller_keeps_the_right_to_draw_on_the_picture(recognizer: Recognizer) -> None:
    image = demo_frame(20).image.copy()
    result = recognizer.process(image)
    image[:] = 0
    assert result.frame.image.any()


def test_a_picture_without_faces(recognizer: Recognizer) -> None:
    assert recognizer.process(np.full((100, 100, 3), 90, np.uint8)).faces == ()


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (4320, 7680)])
def test_pictures_of_every_size(recognizer: Recognizer, size: tuple[int, int]) -> None:
    assert recognizer.process(np.zeros((*size, 3), np.uint8)).faces == ()


def test_crops_of_different_sizes_make_one_batch(recognizer: Recognizer) -> None:
    shot = demo_frame(20)
    x1, y1, x2, y2 = shot.boxes_xyxy[0].astype(int)
    crop = shot.image[y1:y2, x1:x2]
    larger = np.asarray(cv2.resize(crop, (300, 300), interpolation=cv2.INTER_LINEAR), np.uint8)
    scores = recognizer.classify([crop, larger, crop[:, :, 0]])
    assert scores.names() == ("neutral",) * 3
    np.testing.assert_allclose(scores.probs.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(scores.probs[0], scores.probs[1], atol=0.1)


def test_no_crops(recognizer: Recognizer) -> None:
    assert len(recognizer.classify([])) == 0


def test_a_stream_gives_every_frame_of_a_file(recognizer: Recognizer) -> None:
    results: list[FrameResult] = []
    for result in recognizer.stream(CLIP):
        results.append(result)
        if len(results) == 40:
            break
    assert [result.frame.index for result in results] == list(range(40))
    assert {face.id for result in results for face in result.faces} == {1}


def test_a_stream_that_is_not_there(recognizer: Recognizer, tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError):
        next(recognizer.stream(tmp_path / "nowhere.mp4"))


def test_settings_are_passed_on() -> None:
    image = demo_frame(20).image
    assert Recognizer(config=Config(min_face=450)).process(image).faces == ()


def test_a_model_that_is_not_there() -> None:
    with pytest.raises(WeightsNotFound):
        Recognizer("nowhere.onnx")


def test_the_door_knows_its_names() -> None:
    for name in realtime.__all__:
        assert getattr(realtime, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        realtime.nonsense  # noqa: B018
