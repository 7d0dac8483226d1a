"""Faces for calibrating 8-bit integers."""

import numpy as np

from realtime import preprocess
from tests.train_data import patterns
from train.network import quantize


def test_calibration_faces_are_balanced_prepared_and_half_of_them_changed() -> None:
    train = patterns(80)
    rare = train.where((train.classes() != 3) | (np.arange(80) == 3))
    chosen = quantize.calibration_faces(rare, 40)
    assert chosen.dtype == np.uint8
    assert chosen.shape == (7 * 5 + 1, 48, 48)
    originals = {preprocess.prepare(image).tobytes() for image in rare.images}
    assert [face.tobytes() in originals for face in chosen[:6]] == [True, False] * 3
    np.testing.assert_array_equal(chosen, quantize.calibration_faces(rare, 40))
