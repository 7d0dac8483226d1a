"""The images of a step depend on seed, epoch, step and position only; mixup also mixes targets."""

import numpy as np
import pytest

from tests.train_data import patterns, recipe
from train.learning.batches import Batch, Batches

ROWS = np.array([5, 0, 3, 7, 2, 6])


def make(places: range = range(6), *, epoch: int = 0, step: int = 0, **changes: object) -> Batch:
    return Batches(recipe(**changes), patterns(8)).make(epoch, step, ROWS, places)


@pytest.mark.parametrize("mixup", [0.0, 1.0])
def test_parts_of_a_step_are_the_step(mixup: float) -> None:
    """Two processes together make the batch of a single one."""
    whole = make(mixup_probability=mixup)
    for rank in (0, 1):
        part = make(range(rank, 6, 2), mixup_probability=mixup)
        np.testing.assert_array_equal(part.images, whole.images[rank::2])
        np.testing.assert_array_equal(part.targets, whole.targets[rank::2])


def test_without_mixup_targets_are_those_of_the_rows() -> None:
    batch = make()
    np.testing.assert_array_equal(batch.targets, patterns(8).distributions()[ROWS])
    assert (batch.images.shape, batch.images.dtype, batch.targets.dtype) == ((6, 1, 48, 48), np.float32, np.float32)


@pytest.mark.parametrize("other", [{"epoch": 1}, {"step": 1}, {"seed": 4}])
def test_another_epoch_step_or_seed_gives_other_images(other: dict[str, int]) -> None:
    assert np.abs(make().images - make(**other).images).max() > 0.1  # type: ignore[arg-type]


def test_mixup_lays_two_images_of_the_batch_over_one_another() -> None:
    """Recovers both images and the share from the targets; without augmentation both are known."""
    changes: dict[str, object] = {"augmentation": "none", "mixup_alpha": 1.0}
    plain, mixed = make(**changes), make(mixup_probability=1.0, **changes)
    mixtures = 0
    for place, row in enumerate(ROWS):
        classes = np.flatnonzero(mixed.targets[place])
        assert mixed.targets[place].sum() == pytest.approx(1, abs=1e-6)
        assert row in classes, "an image keeps a part of itself"
        if len(classes) == 2:
            mixtures += 1
            (other,) = classes[classes != row]
            share = mixed.targets[place, row]
            wanted = share * plain.images[place] + (1 - share) * plain.images[list(ROWS).index(other)]
            np.testing.assert_allclose(mixed.images[place], wanted, atol=1e-6)
    assert mixtures >= 3


def test_mixup_happens_as_often_as_it_should() -> None:
    changed = 0
    for step in range(100):
        plain, mixed = (make(step=step, augmentation="none", mixup_probability=p, mixup_alpha=1.0) for p in (0.0, 0.3))
        changed += int((np.abs(mixed.images - plain.images).max(axis=(1, 2, 3)) > 0).sum())
    assert 0.18 < changed / 600 < 0.32  # a sixth of 0.3 meets itself
