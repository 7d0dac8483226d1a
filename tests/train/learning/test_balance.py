"""Rare classes are drawn more often or have more weight; everything else is unchanged."""

import numpy as np
import pytest

from realtime.errors import ConfigError
from tests.train_data import patterns
from train.data.datasets import FaceSet
from train.learning import balance

LABELS = ("neutral", "happiness", "surprise")


def uneven() -> FaceSet:
    """60 neutral, 6 happy, no surprised faces."""
    faces = patterns(180, LABELS)
    counts = (60, 6, 0)
    keep = np.zeros(180, dtype=np.bool_)
    for index, count in enumerate(counts):
        keep[np.flatnonzero(faces.classes() == index)[:count]] = True
    return faces.where(keep)


def test_without_balance_every_row_comes_once() -> None:
    faces = uneven()
    for method in ("none", "loss"):
        order = balance.order(method, faces, np.random.default_rng(0))
        assert sorted(order) == list(range(66))
        assert list(order) != sorted(order)


def test_sampling_draws_every_class_that_occurs_equally_often() -> None:
    faces = uneven()
    rng = np.random.default_rng(0)
    drawn = np.concatenate([balance.order("sampling", faces, rng) for _ in range(50)])
    shares = np.bincount(faces.classes()[drawn], minlength=3) / len(drawn)
    assert shares == pytest.approx([0.5, 0.5, 0], abs=0.03)
    assert len(balance.order("sampling", faces, rng)) == 66


def test_roots_draw_every_class_as_the_root_of_its_images() -> None:
    faces = uneven()
    rng = np.random.default_rng(0)
    drawn = np.concatenate([balance.order("sqrt", faces, rng) for _ in range(100)])
    shares = np.bincount(faces.classes()[drawn], minlength=3) / len(drawn)
    roots = np.sqrt([60, 6])
    assert shares == pytest.approx([*(roots / roots.sum()), 0], abs=0.02)
    assert len(balance.order("sqrt", faces, rng)) == 66


def test_the_prior_is_the_mean_target_of_the_drawn_rows() -> None:
    """One neutral row in ten has three of ten votes for surprise, so that its share differs from its images."""
    faces = uneven()
    targets = faces.targets.copy()
    targets[np.flatnonzero(faces.classes() == 0)[::10]] = [0.7, 0, 0.3]
    faces = FaceSet(faces.images, targets, faces.labels, faces.names)
    assert balance.prior("none", faces) == pytest.approx([(60 - 1.8) / 66, 6 / 66, 1.8 / 66])
    assert balance.prior("sampling", faces) == pytest.approx([0.5 * 0.97, 0.5, 0.5 * 0.03])
    roots = np.sqrt([60, 6]) / np.sqrt([60, 6]).sum()
    assert balance.prior("sqrt", faces) == pytest.approx([roots[0] * 0.97, roots[1], roots[0] * 0.03])
    assert balance.prior("loss", faces) == pytest.approx(balance.prior("none", faces))


def test_the_same_seed_gives_the_same_order() -> None:
    faces = uneven()
    for method in balance.METHODS:
        first, second = (balance.order(method, faces, np.random.default_rng(7)) for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_weights_make_classes_equal_and_keep_the_mean() -> None:
    faces = uneven()
    np.testing.assert_array_equal(balance.class_weights("none", faces), [1, 1, 1])
    np.testing.assert_array_equal(balance.class_weights("sampling", faces), [1, 1, 1])
    weights = balance.class_weights("loss", faces)
    assert weights == pytest.approx([66 / 120, 66 / 12, 1])
    assert weights[faces.classes()].mean() == pytest.approx(1)
    assert weights.dtype == np.float32


def test_unknown_method() -> None:
    message = "unknown balance 'luck'; known: none, sampling, sqrt, sets, loss"
    with pytest.raises(ConfigError, match=message):
        balance.class_weights("luck", uneven())
    with pytest.raises(ConfigError, match=message):
        balance.order("luck", uneven(), np.random.default_rng(0))
