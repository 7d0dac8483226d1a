import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.faces import quality
from realtime.faces.quality import Fault


def sharp() -> NDArray[np.uint8]:
    y, x = np.mgrid[:48, :48]
    return np.asarray(128 + 60 * np.sin(x / 2.0) * np.cos(y / 3.0), dtype=np.uint8)


def test_a_large_light_sharp_face_is_good() -> None:
    assert quality.measure(sharp(), 120) == 1.0


def test_a_small_face_is_worse_in_proportion() -> None:
    assert quality.measure(sharp(), 24) == 0.5


def test_a_dark_face_is_worse() -> None:
    dark = (sharp() // 12).astype(np.uint8)
    assert quality.measure(dark, 120) < 0.2


def test_a_blurred_face_is_worse() -> None:
    blurred = np.asarray(cv2.GaussianBlur(sharp(), (0, 0), 4), dtype=np.uint8)
    assert quality.measure(blurred, 120) < quality.measure(sharp(), 120)


def test_an_empty_wall_is_nothing() -> None:
    assert quality.measure(np.full((48, 48), 77, np.uint8), 120) == 0.0


def test_deviations_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    for spread in (2, 9, 18):
        small = rng.integers(128 - spread, 128 + spread, (48, 48)).astype(np.uint8)
        contrast = small.std()
        detail = cv2.Laplacian(small, cv2.CV_64F).std() / contrast
        expected = min(1.0, contrast / quality.ENOUGH_CONTRAST, detail / quality.ENOUGH_DETAIL)
        assert quality.measure(small, 200) == pytest.approx(expected, abs=1e-9)


def test_the_fault_is_the_worst_of_size_light_and_sharpness_or_a_cover() -> None:
    assert quality.judge(sharp(), 120).fault is None
    assert quality.judge(sharp(), 20).fault is Fault.SMALL
    dim = (sharp() // 24).astype(np.uint8)
    assert quality.judge(dim, 120).fault is Fault.DARK
    assert quality.judge((dim + 180).astype(np.uint8), 120).fault is Fault.FLAT
    masked = sharp()
    masked[30:] = 128
    assert quality.judge(masked, 120).fault is Fault.COVERED
    ramp = np.tile(np.linspace(20, 235, 48).astype(np.uint8), (48, 1))
    assert quality.judge(ramp, 120).fault is Fault.BLURRED
