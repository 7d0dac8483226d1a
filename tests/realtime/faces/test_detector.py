"""The Haar cascade on the demo clip's average faces."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.errors import ModelError
from realtime.faces import detector, geometry
from realtime.faces.detector import CASCADE, HaarDetector, load_cascade
from tests.demo import demo_frame


@pytest.fixture(scope="module")
def portrait() -> tuple[NDArray[np.uint8], geometry.Boxes]:
    """A gray frame of the demo clip with one face, and the face's true box (1,4)."""
    shot = demo_frame(45)
    return np.asarray(cv2.cvtColor(shot.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8), shot.boxes_xyxy


def test_finds_the_face_where_it_is(portrait: tuple[NDArray[np.uint8], geometry.Boxes]) -> None:
    gray, truth = portrait
    found = HaarDetector().detect(gray)
    assert len(found) == 1
    assert geometry.iou(found.boxes_xyxy, truth)[0, 0] > 0.6
    assert found.scores[0] >= detector.MIN_NEIGHBOURS


def test_boxes_are_square_and_in_pixels_of_the_image_given(portrait: tuple[NDArray[np.uint8], geometry.Boxes]) -> None:
    gray, truth = portrait
    large = cv2.resize(gray, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_LINEAR)
    (box,) = HaarDetector().detect(np.asarray(large, dtype=np.uint8)).boxes_xyxy
    assert box[2] - box[0] == pytest.approx(box[3] - box[1], rel=1e-3)
    assert geometry.iou(box[None], np.asarray(truth * np.float32(2.5), np.float32))[0, 0] > 0.6


def test_faces_below_the_smallest_size_are_not_detected(portrait: tuple[NDArray[np.uint8], geometry.Boxes]) -> None:
    gray, truth = portrait
    side = int(truth[0, 2] - truth[0, 0])
    assert len(HaarDetector(min_face=side * 2).detect(gray)) == 0


def test_sixty_faces(portrait: tuple[NDArray[np.uint8], geometry.Boxes]) -> None:
    gray, truth = portrait
    x1, y1, x2, y2 = truth[0].astype(int)
    margin = (x2 - x1) // 3
    tile = cv2.resize(gray[y1 - margin : y2 + margin, x1 - margin : x2 + margin], (120, 120), interpolation=cv2.INTER_AREA)
    crowd = np.tile(np.asarray(tile, dtype=np.uint8), (6, 10))
    assert len(HaarDetector(min_face=48).detect(crowd)) >= 54


@pytest.mark.parametrize("shape", [(1, 1), (27, 400), (400, 10)])
def test_an_image_too_small_for_a_face_has_none(shape: tuple[int, int]) -> None:
    assert len(HaarDetector().detect(np.zeros(shape, np.uint8))) == 0


def test_an_empty_wall_has_no_face() -> None:
    assert len(HaarDetector().detect(np.full((480, 640), 120, np.uint8))) == 0


def test_opencv_without_cascades(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="lacks haarcascade_frontalface_default"):
        load_cascade(CASCADE, tmp_path)
