"""Patches around faces, and the way back to the frame."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.faces import patches


def dot(x: int, y: int, size_hw: tuple[int, int] = (600, 800)) -> NDArray[np.uint8]:
    """A black frame with one bright blot."""
    gray = np.zeros(size_hw, np.uint8)
    cv2.circle(gray, (x, y), 9, 255, -1)
    return gray


def brightest(image: NDArray[np.uint8]) -> tuple[float, float]:
    """Centre of mass of the light."""
    ys, xs = np.indices(image.shape)
    weight = image.astype(np.float64)
    return float((xs * weight).sum() / weight.sum()), float((ys * weight).sum() / weight.sum())


@pytest.mark.parametrize("side", [30.0, 100.0, 201.3, 333.0])
@pytest.mark.parametrize("roll_deg", [0.0, 25.0, -45.0])
def test_a_patch_maps_back_to_the_frame(side: float, roll_deg: float) -> None:
    square = np.array([400, 300, side], np.float32)
    x, y = 400 + round(side / 5), 300 - round(side / 8)
    patch = patches.cut(dot(x, y), square, 1.3, 76, roll_deg)
    assert patch.image.shape == (76, 76)
    u, v = brightest(patch.image)
    found = patch.to_frame(np.array([u + 0.5, v + 0.5, 60], np.float32))
    assert found[:2] == pytest.approx([x, y], abs=max(1.5, side / 76))
    assert found[2] == pytest.approx(60 * side * 1.3 / 76, rel=0.05)


def test_a_rolled_face_is_shown_upright() -> None:
    """A blot that is above the centre of a face rolled by 45 degrees counter-clockwise lies to its upper left."""
    patch = patches.cut(dot(360, 260), np.array([400, 300, 120], np.float32), 1.3, 76, 45)
    u, v = brightest(patch.image)
    assert u == pytest.approx(37.5, abs=2)
    assert v < 20


def test_beyond_the_frame_its_edge_is_repeated() -> None:
    gray = np.full((100, 100), 10, np.uint8)
    gray[:, 0] = 200
    patch = patches.cut(gray, np.array([0, 50, 60], np.float32), 1.0, 60)
    assert (patch.image[:, :29] == 200).all()
    assert (patch.image[:, 32:] == 10).all()
