import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import preprocess
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "preprocess.npy"


def pattern(height: int = 211, width: int = 199) -> NDArray[np.uint8]:
    """A BGR image that any machine computes alike: a gradient, a disc, stripes; no randomness."""
    y, x = np.mgrid[:height, :width]
    disc = ((x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2) * 70
    blue = (x * 2 + y) % 200
    green = np.clip(60 + disc + (x // 9 % 2) * 40, 0, 255)
    red = (y * 3) % 251
    return np.stack([blue, green, red], axis=2).astype(np.uint8)


def test_golden_array() -> None:
    """The one image that pins gray -> resize -> equalize; a change here means training again."""
    ours, golden = preprocess.prepare(pattern()), np.load(GOLDEN)
    assert ours.shape == (48, 48)
    # other builds of OpenCV round a resize differently by one level, which equalizing can spread
    assert np.abs(ours.astype(int) - golden).mean() < 1.0


def test_order_is_resize_then_equalize() -> None:
    face = pattern()
    gray = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    expected = cv2.equalizeHist(cv2.resize(gray, (48, 48), interpolation=cv2.INTER_AREA))
    np.testing.assert_array_equal(preprocess.prepare(face), expected)
    wrong = cv2.resize(cv2.equalizeHist(gray), (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(wrong.astype(int) - expected).mean() > 1


def test_a_training_image_is_only_equalized() -> None:
    face = preprocess.shrink(preprocess.to_gray(pattern()))
    np.testing.assert_array_equal(preprocess.prepare(face), cv2.equalizeHist(face))


def test_small_faces_are_enlarged_linearly() -> None:
    small = preprocess.to_gray(pattern(30, 30))
    np.testing.assert_array_equal(preprocess.shrink(small), cv2.resize(small, (48, 48), interpolation=cv2.INTER_LINEAR))


def test_normalise_by_hand() -> None:
    faces = np.array([[[0, 255]], [[128, 51]]], np.uint8)
    batch = preprocess.normalise(faces, mean=0.5, std=0.25)
    assert batch.shape == (2, 1, 1, 2)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch.ravel(), [-2, 2, (128 / 255 - 0.5) / 0.25, (0.2 - 0.5) / 0.25], atol=1e-6)


def test_an_equalized_face_has_zero_mean_and_unit_variance() -> None:
    batch = preprocess.normalise([preprocess.prepare(pattern())])
    assert abs(batch.mean()) < 0.1
    assert abs(batch.std() - 1) < 0.1


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
def test_gray_and_bgr_of_every_kind_of_image(shape: tuple[int, ...]) -> None:
    image = np.full(shape, 90, np.uint8)
    np.testing.assert_array_equal(preprocess.to_gray(image), np.full((5, 7), 90))
    np.testing.assert_array_equal(preprocess.to_bgr(image), np.full((5, 7, 3), 90))


def test_gray_weighs_colours_as_bgr() -> None:
    blue = np.zeros((1, 1, 3), np.uint8)
    blue[0, 0, 0] = 255
    assert preprocess.to_gray(blue)[0, 0] == 29


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint16),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_other_arrays_are_refused(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="image"):
        preprocess.to_gray(image)
    with pytest.raises(ValueError, match="image"):
        preprocess.to_bgr(image)


def test_crop_inside() -> None:
    gray = np.arange(100, dtype=np.uint8).reshape(10, 10)
    box = np.array([2.4, 3.6, 5.4, 6.6], np.float32)
    np.testing.assert_array_equal(preprocess.crop(gray, box), gray[4:7, 2:5])


def test_crop_over_the_edge_repeats_it() -> None:
    gray = np.arange(9, dtype=np.uint8).reshape(3, 3)
    out = preprocess.crop(gray, np.array([-1, -1, 2, 2], np.float32))
    np.testing.assert_array_equal(out, [[0, 0, 1], [0, 0, 1], [3, 3, 4]])
    beyond = preprocess.crop(gray, np.array([5, 5, 7, 7], np.float32))
    np.testing.assert_array_equal(beyond, [[8, 8], [8, 8]])


def test_crop_is_never_empty() -> None:
    gray = np.zeros((5, 5), np.uint8)
    assert preprocess.crop(gray, np.array([2, 2, 2.2, 2.2], np.float32)).shape == (1, 1)
