"""McNemar's exact test, and segments as its units."""

import numpy as np
import pytest

from train.judging.paired import Paired, right_units


@pytest.mark.parametrize(
    ("gained", "lost", "p", "verdict"),
    [
        (0, 0, 1.0, "not shown"),
        (5, 1, 0.21875, "not shown"),
        (5, 0, 0.0625, "not shown"),
        (6, 0, 0.03125, "better"),
        (0, 6, 0.03125, "worse"),
        (4, 4, 1.0, "not shown"),
        (15, 4, 0.019210815, "better"),
    ],
)
def test_the_p_value_is_exact(gained: int, lost: int, p: float, verdict: str) -> None:
    """Reference values: scipy.stats.binomtest(gained, gained + lost).pvalue."""
    paired = Paired(gained, lost)
    assert paired.p == pytest.approx(p)
    assert paired.verdict == verdict


def test_changes_are_counted() -> None:
    before, after = np.array([True, True, False, False, False]), np.array([True, False, True, True, False])
    assert Paired.of(before, after) == Paired(gained=2, lost=1)


def test_a_unit_is_right_by_the_mean_of_its_faces() -> None:
    probs = np.array([[0.9, 0.1], [0.4, 0.6], [0.4, 0.6], [0.2, 0.8]], np.float32)
    truth = np.array([0, 0, 1, 0])
    assert right_units(probs, truth, ["a", "a", "b", "c"]).tolist() == [True, True, False]
