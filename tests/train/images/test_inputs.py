"""The inputs of the network: the live program's image and the two alternatives."""

import numpy as np
import pytest

from realtime import preprocess
from realtime.lesson import algorithms
from tests.train_data import noise_image
from train.images.inputs import INPUTS


def test_equalized_is_the_live_programs_input() -> None:
    dark = noise_image(0) // 4
    np.testing.assert_array_equal(INPUTS["equalized"](dark), preprocess.prepare(dark))
    assert INPUTS["equalized"](dark).max() == 255


def test_raw_is_untouched() -> None:
    dark = noise_image(0) // 4
    np.testing.assert_array_equal(INPUTS["raw"](dark), dark)


def test_edges_are_algorithm_1() -> None:
    step = np.zeros((48, 48), np.uint8)
    step[:, 24:] = 200
    shown = INPUTS["edges"](step)
    np.testing.assert_array_equal(shown, algorithms.edges(step))
    assert set(np.unique(shown)) == {0, 255}
    assert shown[:, 20:28].any()
    assert not shown[:, :16].any()


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_larger_images_are_shrunk(name: str) -> None:
    shown = INPUTS[name](np.random.default_rng(0).integers(0, 256, (100, 90, 3), dtype=np.uint8))
    assert (shown.shape, shown.dtype) == ((48, 48), np.uint8)
