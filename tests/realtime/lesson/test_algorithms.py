"""The paper's Algorithm 1 and Algorithm 2, on synthetic images and on the demo clip's average faces."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import preprocess
from realtime.errors import ModelError
from realtime.faces import detector, geometry
from realtime.lesson import algorithms
from realtime.lesson.algorithms import RegionDetector
from tests.demo import Shot, demo_frame

TWO_FACES = 318
"""A frame of the demo clip with two people."""


def stripes(levels: tuple[int, int], columns: int, width: int = 6, rows: int = 48) -> NDArray[np.uint8]:
    """Vertical stripes of two alternating gray levels."""
    row = np.array(levels, np.uint8)[np.arange(columns) // width % 2]
    return np.tile(row, (rows, 1))


class TestEdges:
    def test_a_step_is_one_line_where_the_step_is(self) -> None:
        image = np.full((40, 60), 30, np.uint8)
        image[:, 25:] = 220
        found = algorithms.edges(image)
        assert found.dtype == np.uint8
        assert found.shape == (40, 60)
        (columns,) = np.nonzero(found[20])
        assert columns.tolist() in ([24], [25])
        np.testing.assert_array_equal(found, np.tile(found[20], (40, 1)))
        assert set(np.unique(found)) == {0, 255}

    def test_equalizing_comes_first(self) -> None:
        """A step of two gray levels equals one of 190, because the histogram is equalized first."""
        faint = np.full((40, 60), 100, np.uint8)
        faint[:, 25:] = 102
        strong = np.full((40, 60), 30, np.uint8)
        strong[:, 25:] = 220
        np.testing.assert_array_equal(algorithms.edges(faint), algorithms.edges(strong))

    def test_light_and_contrast_of_the_room_change_nothing(self) -> None:
        face = preprocess.to_gray(demo_frame(45).image) // 4 * 4
        darker = (face // 2 + 20).astype(np.uint8)
        np.testing.assert_array_equal(algorithms.edges(face), algorithms.edges(darker))

    def test_a_plain_image_has_none(self) -> None:
        assert not algorithms.edges(np.full((48, 48), 128, np.uint8)).any()

    def test_colour_is_converted_to_gray_and_alpha_dropped(self) -> None:
        image = demo_frame(45).image[100:300, 200:420]
        wanted = algorithms.edges(preprocess.to_gray(image))
        np.testing.assert_array_equal(algorithms.edges(image), wanted)
        np.testing.assert_array_equal(algorithms.edges(np.dstack([image, image[:, :, :1]])), wanted)
        assert 0.02 < np.count_nonzero(wanted) / wanted.size < 0.3

    def test_thresholds_follow_the_image(self) -> None:
        """Weak stripes are edges on their own, but not beside strong ones over half of the image."""
        weak = stripes((120, 122), 60)
        assert np.count_nonzero(algorithms.edges(weak)[24]) >= 8
        # the 30 levels in between keep the weak stripes close after equalization
        ramp = np.repeat(np.arange(122, 182, 2, dtype=np.uint8)[:, None], 12, axis=1).repeat(4, axis=0)
        both = np.hstack([stripes((0, 255), 120, rows=120), stripes((120, 122), 60, rows=120), ramp])
        found = algorithms.edges(both)[60]
        assert np.count_nonzero(found[:114]) >= 18
        assert np.count_nonzero(found[126:174]) == 0

    @pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint16), np.zeros((0, 4), np.uint8), np.zeros((4, 4, 2), np.uint8)])
    def test_invalid_arrays_are_refused(self, image: NDArray[np.uint8]) -> None:
        with pytest.raises(ValueError, match=r", not (uint16|uint8|2)"):
            algorithms.edges(image)
        with pytest.raises(ValueError, match=r", not (uint16|uint8|2)"):
            RegionDetector().detect(image)


@pytest.fixture(scope="module")
def shot() -> Shot:
    return demo_frame(TWO_FACES)


@pytest.fixture(scope="module")
def face(shot: Shot) -> NDArray[np.uint8]:
    """A gray crop of one face at the cascade's box."""
    gray = preprocess.to_gray(shot.image)
    return preprocess.crop(gray, detector.HaarDetector().detect(gray).boxes_xyxy[0])


def centres(boxes_xyxy: NDArray[np.float32], face_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centres (n,2) of boxes in units of a face's box."""
    middle = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    return np.asarray((middle - face_xyxy[:2]) / (face_xyxy[2] - face_xyxy[0]), np.float32)


def assert_parts_in_place(eyes: NDArray[np.float32], mouths: NDArray[np.float32], face_xyxy: NDArray[np.float32]) -> None:
    """Two eyes side by side in the upper half, a mouth in the middle of the lower."""
    places = centres(eyes, face_xyxy)
    places = places[places[:, 0].argsort()]
    np.testing.assert_allclose(places, [[0.31, 0.39], [0.69, 0.39]], atol=0.1)
    np.testing.assert_allclose(centres(mouths, face_xyxy), [[0.5, 0.82]], atol=0.12)


class TestRegions:
    def test_every_face_with_its_eyes_and_mouth(self, shot: Shot) -> None:
        found = RegionDetector().detect(shot.image)
        assert found.message == "Faces detected: 2"
        assert found.scale == 1
        overlap = geometry.iou(found.faces.boxes_xyxy, shot.boxes_xyxy)
        assert (overlap.max(axis=1) > 0.6).all()
        for box in found.faces.boxes_xyxy:
            eyes, mouths = (
                boxes[((boxes[:, :2] >= box[:2] - 5) & (boxes[:, 2:] <= box[2:] + 40)).all(axis=1)]
                for boxes in (found.eyes_xyxy, found.mouths_xyxy)
            )
            assert_parts_in_place(eyes, mouths, box)

    def test_boxes_are_red_and_two_wide(self, shot: Shot) -> None:
        before = shot.image.copy()
        found = RegionDetector().detect(shot.image)
        np.testing.assert_array_equal(shot.image, before)
        x1, y1, _, y2 = (round(float(value)) for value in found.faces.boxes_xyxy[0])
        across = found.annotated[(y1 + y2) // 2, x1 - 5 : x1 + 6]
        red = (across == algorithms.FACE_COLOUR).all(axis=1)
        assert red.sum() == algorithms.LINE_PX == 2
        assert (found.annotated == algorithms.EYE_COLOUR).all(axis=2).any()
        assert (found.annotated == algorithms.MOUTH_COLOUR).all(axis=2).any()

    def test_a_crop_of_48_pixels_is_enlarged_for_the_cascades(self, face: NDArray[np.uint8]) -> None:
        small = preprocess.shrink(face)
        found = RegionDetector().detect(small)
        assert found.message == "Faces detected: 1"
        assert found.scale == 4
        assert found.annotated.shape == (192, 192, 3)
        whole = np.array([[0, 0, 48, 48]], np.float32)
        assert geometry.iou(found.faces.boxes_xyxy, whole)[0, 0] > 0.8
        assert_parts_in_place(found.eyes_xyxy, found.mouths_xyxy, whole[0])

    def test_a_box_that_fills_the_image_can_be_seen(self, face: NDArray[np.uint8]) -> None:
        found = RegionDetector().detect(preprocess.shrink(face))
        red = (found.annotated == algorithms.FACE_COLOUR).all(axis=2)
        assert red[:12].any(axis=0).sum() > 150
        assert red[-12:].any(axis=0).sum() > 150

    def test_a_large_close_crop_needs_no_surroundings(self, face: NDArray[np.uint8]) -> None:
        face = face[20:-20, 20:-20]
        assert len(detector.HaarDetector().detect(face)) == 0, "this crop is no longer close enough to test anything"
        found = RegionDetector().detect(face)
        assert found.scale == 1
        whole = np.array([[0, 0, *face.shape[::-1]]], np.float32)
        assert geometry.iou(found.faces.boxes_xyxy, whole)[0, 0] > 0.8

    @pytest.mark.parametrize("size_hw", [(1, 1), (48, 48), (1, 640), (240, 320)])
    def test_no_faces(self, size_hw: tuple[int, int]) -> None:
        image = np.full((*size_hw, 3), 90, np.uint8)
        found = RegionDetector().detect(image)
        assert found.message == "No faces detected."
        assert found.faces.boxes_xyxy.shape == found.eyes_xyxy.shape == found.mouths_xyxy.shape == (0, 4)
        assert (found.annotated == 90).all()
        assert found.annotated.shape[:2] == tuple(round(side * found.scale) for side in size_hw)

    @pytest.mark.parametrize("missing", [algorithms.EYE_CASCADE, algorithms.MOUTH_CASCADE])
    def test_an_opencv_without_cascades(self, missing: str, tmp_path: Path) -> None:
        for name in {detector.CASCADE, algorithms.EYE_CASCADE, algorithms.MOUTH_CASCADE} - {missing}:
            shutil.copy(cv2.data.haarcascades + name, tmp_path)
        with pytest.raises(ModelError, match=f"lacks {missing}"):
            RegionDetector(tmp_path)

    @pytest.mark.data
    def test_ckplus(self, data: Path) -> None:
        """Real 48x48 faces, the last image of every tenth sequence: one face each, nearly all eyes and mouths."""
        from train.data.ckplus import load_ckplus

        images = load_ckplus(data / "ckplus48.zip").images[2::30]
        finder = RegionDetector()
        found = [finder.detect(image) for image in images]
        assert {each.message for each in found} == {"Faces detected: 1"}
        assert np.mean([len(each.eyes_xyxy) == 2 for each in found]) > 0.75
        assert np.mean([len(each.mouths_xyxy) == 1 for each in found]) > 0.85
