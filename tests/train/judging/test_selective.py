"""Risk and coverage, and the curve over tau, on answers that can be counted by hand."""

import numpy as np
import pytest

from train.judging import selective

LABELS = ("a", "b")


def answers(*pairs: tuple[float, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of two classes and the truth, from (confidence, right) of each image; it always says b."""
    confidence = np.array([pair[0] for pair in pairs], np.float32)
    return np.stack([1 - confidence, confidence], axis=1), np.array([int(right) for _, right in pairs])


def test_every_threshold_keeps_what_is_at_least_as_sure() -> None:
    curve = selective.risk_coverage(*answers((0.9, True), (0.6, False), (0.8, True), (0.7, False), (0.8, False)))
    assert curve.thresholds == pytest.approx([0.6, 0.7, 0.8, 0.9])
    assert curve.coverage == pytest.approx([1, 0.8, 0.6, 0.2])
    assert curve.risk == pytest.approx([3 / 5, 2 / 4, 1 / 3, 0])
    assert curve.area == pytest.approx((3 / 5 + 2 / 4 + 2 * 1 / 3 + 0) / 5)
    assert curve.at(0.75).coverage == pytest.approx(0.6)
    assert curve.at(0.75).risk == pytest.approx(1 / 3)
    assert (curve.at(0.95).coverage, curve.at(0.95).risk) == (0, 0)


def test_silence_pays_where_labels_are_more_often_wrong_than_right() -> None:
    unsure = [(0.52, False), (0.54, True), (0.56, False), (0.58, False)]
    sure = [(0.7, True), (0.72, False), (0.74, True), (0.9, True)]
    assert selective.risk_coverage(*answers(*unsure, *sure)).uncertain_below == pytest.approx(0.7)
    assert selective.risk_coverage(*answers(*sure)).uncertain_below == 0
    assert selective.risk_coverage(*answers((0.6, False), (0.9, False))).uncertain_below == 1


def test_for_calibrated_answers_it_is_one_half() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.2, 1, 20_000)
    probs = np.full((20_000, 8), 0.0, np.float32)
    probs[:, 0], probs[:, 1:] = confidence, ((1 - confidence) / 7)[:, None]
    truth = (rng.random(20_000) > confidence).astype(int)
    assert selective.risk_coverage(probs, truth).uncertain_below == pytest.approx(0.5, abs=0.03)


def test_the_curve_over_tau_moves_from_common_to_rare() -> None:
    """Class b is a tenth of training: tau 0 calls all a, and the first tau that lifts 0.3 over 0.7 is 0.4: 9**0.4 = 2.41."""
    probs = np.array([[0.7, 0.3]] * 4 + [[0.9, 0.1]] * 6, np.float32)
    truth = np.array([1] * 4 + [0] * 6)
    curve = {point.tau: point for point in selective.tau_curve(probs, truth, LABELS, np.array([0.9, 0.1], np.float32))}
    assert sorted(curve) == list(selective.TAUS)
    assert (curve[0.0].accuracy, curve[0.0].balanced_accuracy) == (0.6, 0.5)
    assert (curve[0.3].accuracy, curve[0.3].balanced_accuracy) == (0.6, 0.5)
    assert (curve[0.4].accuracy, curve[0.4].balanced_accuracy) == (1, 1)
    assert (curve[0.9].accuracy, curve[0.9].balanced_accuracy) == (1, 1)
    assert curve[-0.5].accuracy == 0.6
