"""Numbers in the data: rounded probabilities still make one, boxes have a corner and a size."""

import math

import numpy as np
import pytest

from realtime.rounding import rounded, xywh


@pytest.mark.parametrize("seed", range(20))
def test_rounded_probabilities_still_make_one(seed: int) -> None:
    probs = np.random.default_rng(seed).dirichlet(np.full(8, 0.3)).astype(np.float32)
    shown = rounded(probs)
    assert math.fsum(shown) == pytest.approx(1, abs=1e-9)
    assert np.abs(np.array(shown) - probs).max() < 1e-4
    assert all(round(p, 4) == p and 0 <= p <= 1 for p in shown)


def test_thirds_are_rounded_by_the_largest_remainder() -> None:
    assert rounded((1 / 3, 1 / 3, 1 / 3)) == (0.3334, 0.3333, 0.3333)
    assert rounded((0.0, 0.0)) == (0.0, 0.0)


def test_a_box_becomes_corner_and_size() -> None:
    assert xywh(np.array([1.26, 2, 30.24, 31], np.float32)) == (1.3, 2.0, 29.0, 29.0)
