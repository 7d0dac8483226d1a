"""Random changes stay within their documented ranges."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.train_data import noise_image
from train.images import augment

CHANGES = [
    augment.webcam,
    augment.affine,
    augment.gamma,
    augment.erase,
    augment.blur,
    augment.low_resolution,
    augment.noise,
    augment.jpeg,
]


def dot(x: int, y: int) -> np.ndarray:
    face = np.zeros((48, 48), np.uint8)
    cv2.circle(face, (x, y), 2, 255, -1)
    return face


def centre(face: np.ndarray) -> np.ndarray:
    weights = face.astype(float)
    y, x = np.mgrid[:48, :48]
    return np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()


@pytest.mark.parametrize("change", CHANGES)
def test_images_stay_images_and_the_original_is_untouched(change: Callable) -> None:
    face = noise_image(0)
    before = face.copy()
    changed = [change(face, np.random.default_rng(seed)) for seed in range(20)]
    assert all(out.shape == (48, 48) and out.dtype == np.uint8 for out in changed)
    assert any((out != face).any() for out in changed)
    np.testing.assert_array_equal(face, before)


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_generator_gives_the_same_image(change: Callable) -> None:
    first, second = (change(noise_image(1), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_none_changes_nothing() -> None:
    assert augment.AUGMENTATIONS["none"](noise_image(2), np.random.default_rng(0)) is not None
    np.testing.assert_array_equal(augment.AUGMENTATIONS["none"](noise_image(2), np.random.default_rng(0)), noise_image(2))


def test_affine_moves_the_middle_by_the_shift_alone_and_flips_half_of_them() -> None:
    moves = np.array([centre(augment.affine(dot(24, 24), np.random.default_rng(s))) - 24 for s in range(300)])
    assert np.abs(moves).max() < augment.SHIFT * 48 + 1.5
    assert np.abs(moves).max() > augment.SHIFT * 48 * 0.8
    sides = [centre(augment.affine(dot(34, 24), np.random.default_rng(s)))[0] > 24 for s in range(300)]
    assert 0.4 < np.mean(sides) < 0.6


def test_affine_scales_and_rolls_within_its_bounds() -> None:
    """Two dots 20 px apart: their distance and slope give scale and roll."""
    scales, rolls = [], []
    for seed in range(300):
        left = centre(augment.affine(dot(14, 24), np.random.default_rng(seed)))
        right = centre(augment.affine(dot(34, 24), np.random.default_rng(seed)))
        across = right - left
        scales.append(np.hypot(*across) / 20)
        rolls.append(np.degrees(np.arctan(across[1] / across[0])))
    assert augment.SCALE[0] - 0.05 < min(scales) < 0.9
    assert 1.12 < max(scales) < augment.SCALE[1] + 0.05
    assert -augment.ROLL_DEG - 1.5 < min(rolls) < -12
    assert 12 < max(rolls) < augment.ROLL_DEG + 1.5


def test_gamma_keeps_black_white_and_the_order_of_levels() -> None:
    ramp = np.linspace(0, 255, 48).astype(np.uint8)[None, :].repeat(48, axis=0)
    middles = []
    for seed in range(50):
        out = augment.gamma(ramp, np.random.default_rng(seed))
        assert out[0, 0] == 0
        assert out[0, -1] == 255
        assert (np.diff(out[0].astype(int)) >= 0).all()
        middles.append(int(out[0, 24]))
    assert min(middles) < 110
    assert max(middles) > 150


def test_erase_fills_one_rectangle_of_5_to_20_percent() -> None:
    for seed in range(50):
        face = noise_image(3)
        changed = augment.erase(face, np.random.default_rng(seed)) != face
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        area = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) / 48**2
        assert 0.03 < area < 0.21
        assert changed.sum() > 0.9 * area * 48**2


@pytest.mark.parametrize("change", [augment.blur, augment.low_resolution])
def test_softening_takes_detail_away(change: Callable) -> None:
    out = change(noise_image(4), np.random.default_rng(0))
    assert out.std() < 0.9 * noise_image(4).std()


def test_noise_has_the_documented_strength() -> None:
    gray = np.full((48, 48), 128, np.uint8)
    deviations = [augment.noise(gray, np.random.default_rng(seed)).std() for seed in range(60)]
    assert min(deviations) > 2.5
    assert max(deviations) < 12.8
