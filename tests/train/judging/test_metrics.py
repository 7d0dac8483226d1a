"""Figures by value, on probabilities invented so that the result can be worked out by hand."""

import math

import numpy as np
import pytest

from train.judging.metrics import expected_calibration_error, score

LABELS = ("a", "b", "c")


def probabilities(called: list[int], confidence: float) -> np.ndarray:
    rest = (1 - confidence) / 2
    return np.array([[confidence if i == j else rest for j in range(3)] for i in called], dtype=np.float32)


def test_every_figure() -> None:
    """Truth aaaabb, called aaabbb: a 3 of 4 right, b 2 of 2, one b too many; c does not occur."""
    scores = score(probabilities([0, 0, 0, 1, 1, 1], 0.8), np.array([0, 0, 0, 0, 1, 1]), LABELS)
    assert scores.n == 6
    assert scores.accuracy == pytest.approx(5 / 6)
    assert scores.balanced_accuracy == pytest.approx((3 / 4 + 1) / 2)
    assert scores.recall[:2] == pytest.approx([3 / 4, 1])
    assert scores.precision[:2] == pytest.approx([1, 2 / 3])
    assert scores.f1[:2] == pytest.approx([6 / 7, 4 / 5])
    assert scores.macro_f1 == pytest.approx((6 / 7 + 4 / 5) / 2)
    assert np.isnan([scores.recall[2], scores.precision[2], scores.f1[2]]).all()
    np.testing.assert_array_equal(scores.support, [4, 2, 0])
    np.testing.assert_array_equal(scores.confusion, [[3, 1, 0], [0, 2, 0], [0, 0, 0]])
    assert scores.nll == pytest.approx(-(5 * math.log(0.8) + math.log(0.1)) / 6, rel=1e-5)
    assert scores.ece == pytest.approx(5 / 6 - 0.8, abs=1e-6)
    assert scores.labels == LABELS


def test_a_class_that_is_called_but_never_true_costs_accuracy_not_macro_recall() -> None:
    scores = score(probabilities([0, 2], 0.9), np.array([0, 0]), LABELS)
    assert scores.accuracy == 0.5
    assert scores.balanced_accuracy == 0.5
    assert scores.precision[2] == 0
    assert math.isnan(scores.recall[2])


def test_perfect_confidence_that_is_right_has_no_calibration_error() -> None:
    assert expected_calibration_error(probabilities([0, 1, 2], 1.0), np.array([0, 1, 2])) == pytest.approx(0)


def test_bins_are_weighed_by_what_is_in_them() -> None:
    """Three at 0.9, all right (gap 0.1); one at 0.5, wrong (gap 0.5)."""
    probs = np.concatenate([probabilities([0, 0, 0], 0.9), probabilities([0], 0.5)])
    assert expected_calibration_error(probs, np.array([0, 0, 0, 1])) == pytest.approx(0.75 * 0.1 + 0.25 * 0.5, abs=1e-6)


def test_gaps_of_opposite_sign_in_different_bins_do_not_cancel() -> None:
    probs = np.concatenate([probabilities([0, 0], 0.9), probabilities([0, 0], 0.5)])
    assert expected_calibration_error(probs, np.array([1, 1, 0, 0])) == pytest.approx(0.5 * 0.9 + 0.5 * 0.5, abs=1e-6)
