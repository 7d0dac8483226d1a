"""Jitters and conditions have their documented strength."""

import cv2
import numpy as np
import pytest

from tests.train.images.test_augment import centre, dot
from tests.train_data import noise_image
from train.images import corruptions


def test_a_jitter_moves_the_middle_by_at_most_4_percent_and_never_flips() -> None:
    faces = [corruptions.jitter(dot(24, 24), np.random.default_rng(seed)) for seed in range(200)]
    moves = np.abs([centre(face) - 23.5 for face in faces])
    assert moves.max() < 0.04 * 48 + 1.5
    assert moves.max() > 1.5
    assert all(centre(corruptions.jitter(dot(38, 24), np.random.default_rng(seed)))[0] > 24 for seed in range(200))


def test_a_jitter_scales_by_8_percent_and_rolls_by_5_degrees() -> None:
    scales, rolls = [], []
    for seed in range(200):
        left, right = (centre(corruptions.jitter(dot(x, 24), np.random.default_rng(seed))) for x in (14, 34))
        across = right - left
        scales.append(np.hypot(*across) / 20)
        rolls.append(np.degrees(np.arctan(across[1] / across[0])))
    assert 0.88 < min(scales) < 0.95
    assert 1.05 < max(scales) < 1.12
    assert -6.5 < min(rolls) < -3.5
    assert 3.5 < max(rolls) < 6.5


def test_a_jitter_lights_with_a_gamma_of_0_7_to_1_4() -> None:
    gray = np.full((48, 48), 128, np.uint8)
    levels = [int(corruptions.jitter(gray, np.random.default_rng(seed))[24, 24]) for seed in range(200)]
    darkest, brightest = (round(255 * (128 / 255) ** gamma) for gamma in (1.4, 0.7))
    assert darkest <= min(levels) < darkest + 8
    assert brightest - 8 < max(levels) <= brightest


@pytest.mark.parametrize("name", corruptions.CONDITIONS)
def test_conditions_follow_from_the_generator_and_keep_the_original(name: str) -> None:
    face = noise_image(0)
    first, second = (corruptions.CONDITIONS[name](face, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first.shape, first.dtype) == ((48, 48), np.uint8)
    assert (first != face).any()
    np.testing.assert_array_equal(face, noise_image(0))


def test_conditions_are_as_bad_as_they_say() -> None:
    rng = np.random.default_rng(0)
    gray = np.full((48, 48), 120, np.uint8)
    assert corruptions.noise(gray, rng).std() == pytest.approx(8, abs=0.4)
    assert (corruptions.third_of_the_light(gray, rng) == 40).all()
    spot = corruptions.blur(dot(24, 24), rng)
    assert spot[24, 24] < 255
    assert spot[24, 28] < 40
    assert spot[24, 27] > 5
    board = (np.indices((48, 48)).sum(axis=0) % 2 * 255).astype(np.uint8)
    np.testing.assert_array_equal(corruptions.half_resolution(board, rng), np.full((48, 48), 128))
    wanted = cv2.imdecode(cv2.imencode(".jpg", noise_image(5), [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(corruptions.jpeg(noise_image(5), rng), wanted)
