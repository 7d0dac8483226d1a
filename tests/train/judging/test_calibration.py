"""Temperature and logit adjustment, and that the folded layer does the same."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.train_data import patterns
from train.data.datasets import FaceSet
from train.judging.calibration import TEMPERATURE_RANGE, calibrate, class_shares, fit_temperature


def drawn(temperature: float, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes drawn with the probabilities of logits / temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (n, 4)).astype(np.float32)
    powers = np.exp(logits / temperature)
    edges = (powers / powers.sum(axis=1, keepdims=True)).cumsum(axis=1)
    return logits, (rng.random((n, 1)) > edges).sum(axis=1).clip(0, 3)


def nll(logits: np.ndarray, truth: np.ndarray) -> float:
    return float(torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(truth)))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_the_data_were_drawn_with_is_found(temperature: float) -> None:
    logits, truth = drawn(temperature)
    found = fit_temperature(logits, truth)
    assert found == pytest.approx(temperature, rel=0.08)
    best = nll(logits / np.float32(found), truth)
    assert best <= nll(logits / np.float32(found * 1.05), truth)
    assert best <= nll(logits / np.float32(found * 0.95), truth)


def test_predictions_that_are_all_right_or_all_wrong_stop_at_the_bounds() -> None:
    logits = np.array([[5, 0], [0, 5]], np.float32)
    assert fit_temperature(logits, np.array([0, 1])) == pytest.approx(TEMPERATURE_RANGE[0])
    assert fit_temperature(logits, np.array([1, 0])) == pytest.approx(TEMPERATURE_RANGE[1])


def test_large_logits_do_not_overflow() -> None:
    logits, truth = drawn(1.0)
    assert fit_temperature(logits * 1000, truth) == pytest.approx(TEMPERATURE_RANGE[1])


def test_logit_adjustment_takes_the_prior_away() -> None:
    """A network that sees nothing says the prior; fully adjusted it says that all classes are alike."""
    shares = np.array([0.7, 0.2, 0.1], np.float32)
    blind = np.log(np.tile(shares, (10, 1)))
    fitted = calibrate(blind, np.arange(10) % 3, shares, tau=1.0)
    np.testing.assert_allclose(fitted.shift, -np.log(shares), rtol=1e-6)
    np.testing.assert_allclose(fitted.apply(blind), 0, atol=1e-5)
    assert calibrate(blind, np.arange(10) % 3, shares, tau=0.0).shift.tolist() == [0, 0, 0]


def test_a_class_without_a_training_image_is_no_division_by_nothing() -> None:
    shares = np.array([0.5, 0.5, 0.0], np.float32)
    for tau in (0.0, 0.5):
        assert np.isfinite(calibrate(np.zeros((6, 3), np.float32), np.arange(6) % 3, shares, tau).shift).all()


def test_the_folded_layer_gives_what_apply_gives() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(16, 4)
    features = torch.randn(50, 16)
    with torch.inference_mode():
        before = layer(features).numpy()
    truth = before.argmax(axis=1)
    truth[::3] = 0
    fitted = calibrate(before, truth, np.array([0.4, 0.3, 0.2, 0.1], np.float32), tau=0.5)
    assert fitted.temperature != pytest.approx(1, abs=0.05)
    fitted.fold_into(layer)
    with torch.inference_mode():
        np.testing.assert_allclose(layer(features).numpy(), fitted.apply(before), atol=1e-5)


def test_class_shares_are_the_mean_distribution() -> None:
    faces = patterns(4, ("neutral", "happiness"))
    targets = np.array([[0.6, 0.2], [0.5, 0.5], [1, 0], [0, 0.4]], np.float32)
    shares = class_shares(FaceSet(faces.images, targets, faces.labels, faces.names))
    np.testing.assert_allclose(shares, [(0.75 + 0.5 + 1 + 0) / 4, (0.25 + 0.5 + 0 + 1) / 4], atol=1e-6)
