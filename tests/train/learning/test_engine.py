"""The training loop learns, follows its recipe and reports progress."""

import copy
import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime.errors import ConfigError
from tests.train_data import forgetful, patterns, plain, recipe, tiny
from tests.trainers import LABELS, trainer
from train.data.datasets import FaceSet
from train.judging import inference
from train.judging.inference import predict
from train.learning import checkpoint
from train.learning.distributed import Group
from train.learning.engine import Trainer
from train.network import models


@pytest.fixture(autouse=True)
def _tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, network in (("tiny", tiny), ("plain", plain), ("forgetful", forgetful)):
        monkeypatch.setitem(models.NETWORKS, name, network)


def test_one_batch_is_learned_by_heart(tmp_path: Path) -> None:
    batch = patterns(8, LABELS)
    learner = Trainer(
        recipe(epochs=30, batch_size=8, augmentation="none", schedule="constant", learning_rate=0.02, ema_decay=0.0),
        batch,
        batch,
        tmp_path,
    )
    epochs = list(learner.run())
    assert epochs[0].train_loss > 0.7
    assert epochs[-1].train_loss < 0.05
    assert epochs[-1].val_accuracy == 1


def test_a_batch_is_not_split_among_more_processes_than_it_has_images(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a batch of 8 is too small for 9 processes"):
        Trainer(recipe(), patterns(24), patterns(8), tmp_path, group=Group(size=9))


def test_metrics_have_a_row_per_epoch(tmp_path: Path) -> None:
    done = list(trainer(tmp_path, epochs=2).run())
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert [float(row["val_accuracy"]) for row in rows] == [epoch.val_accuracy for epoch in done]
    assert [float(row["train_loss"]) for row in rows] == [epoch.train_loss for epoch in done]


def test_the_checkpoint_records_its_data(tmp_path: Path) -> None:
    learner = trainer(tmp_path, epochs=1)
    list(learner.run())
    saved = checkpoint.load(tmp_path)
    assert saved.recipe == learner.recipe
    assert saved.labels == LABELS
    assert saved.manifest_sha256 == patterns(24, LABELS).manifest_sha256()
    assert saved.epoch == 1


def test_every_step_is_reported(tmp_path: Path) -> None:
    steps: list[tuple[int, int, int]] = []
    learner = trainer(tmp_path, epochs=2)
    learner.on_step = lambda epoch, step, total, _loss: steps.append((epoch, step, total))
    list(learner.run())
    assert steps == [(1, 1, 3), (1, 2, 3), (1, 3, 3), (2, 1, 3), (2, 2, 3), (2, 3, 3)]


def test_logit_adjustment_in_training_favours_rare_classes(tmp_path: Path) -> None:
    """A network without usable input predicts the class frequencies; with tau 1, equal probabilities."""
    faces = patterns(32, LABELS)
    faces = faces.where((faces.classes() != 1) | (np.arange(32) < 4))
    images = np.full_like(faces.images, 128)
    alike = FaceSet(images, faces.targets, faces.labels, faces.names)
    said = []
    for tau in (0.0, 1.0):
        folder = tmp_path / str(tau)
        folder.mkdir()
        plan = recipe(network="plain", epochs=150, batch_size=25, augmentation="none", ema_decay=0.0, logit_adjustment=tau)
        learner = Trainer(plan, alike, alike, folder)
        list(learner.run())
        said.append(learner.predict(alike)[0])
    assert said[0] == pytest.approx([8 / 25, 1 / 25, 8 / 25, 8 / 25], abs=0.02)
    assert said[1] == pytest.approx([0.25] * 4, abs=0.03)


def test_a_longer_warm_up_peaks_later(tmp_path: Path) -> None:
    for warm_up, peak in ((0.2, 0), (0.6, 2)):
        folder = tmp_path / str(warm_up)
        rates = [epoch.learning_rate for epoch in trainer(folder, network="plain", epochs=5, warm_up=warm_up).run()]
        assert int(np.argmax(rates)) == peak


def test_statistics_over_some_images_are_those_of_the_images_drawn(tmp_path: Path) -> None:
    """All images equal population statistics; fewer give other, deterministic ones."""
    learner = trainer(tmp_path, epochs=1, statistics_pictures=24)
    list(learner.run())
    faces = patterns(8, LABELS, seed=1)
    everything = trainer(tmp_path / "all", epochs=1, population_statistics=True)
    list(everything.run())
    np.testing.assert_allclose(learner.predict(faces), everything.predict(faces), atol=1e-5)
    some = trainer(tmp_path / "some", epochs=1, statistics_pictures=4)
    list(some.run())
    assert np.abs(some.predict(faces) - everything.predict(faces)).max() > 1e-4
    np.testing.assert_array_equal(some.predict(faces), some.predict(faces))


def test_one_cycle_rises_and_falls(tmp_path: Path) -> None:
    rates = [epoch.learning_rate for epoch in trainer(tmp_path, epochs=5, learning_rate=0.1).run()]
    assert max(rates) == pytest.approx(0.1, rel=0.2)
    assert rates[-1] < 0.01
    assert rates[1:] == sorted(rates[1:], reverse=True)


@pytest.mark.parametrize(
    ("changes", "message"), [({"optimizer": "lion"}, "unknown optimizer"), ({"schedule": "wave"}, "unknown schedule")]
)
def test_unknown_parts_of_a_recipe(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        trainer(tmp_path, **changes)


def test_averaged_weights_are_judged_unless_averaging_is_off(tmp_path: Path) -> None:
    learner = trainer(tmp_path, epochs=1, ema_decay=0.9)
    list(learner.run())
    faces = patterns(8, LABELS, seed=1)
    averaged, last = (predict(network, faces.images) for network in (learner.average, learner.model))
    assert np.abs(averaged - last).max() > 1e-4
    np.testing.assert_array_equal(learner.predict(faces), averaged)
    plain = trainer(tmp_path / "plain", epochs=1, ema_decay=0.0)
    np.testing.assert_array_equal(plain.predict(faces), predict(plain.model, faces.images))


def test_predictions_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    network = trainer(tmp_path).model
    images = patterns(7, LABELS).images
    np.testing.assert_allclose(predict(network, images), predict(network, images, batch_size=2), atol=1e-6)
    np.testing.assert_allclose(predict(network, images).sum(axis=1), 1, atol=1e-6)


def test_metrics_that_cannot_be_written(tmp_path: Path) -> None:
    learner = trainer(tmp_path, epochs=1)
    (tmp_path / "metrics.csv").mkdir()
    with pytest.raises(ConfigError, match=r"metrics.csv: cannot be written"):
        list(learner.run())
    assert checkpoint.load(tmp_path).epoch == 1


def test_train_accuracy_is_that_of_the_batches(tmp_path: Path) -> None:
    batch = patterns(8, LABELS)
    changes = {"epochs": 12, "augmentation": "none", "schedule": "constant", "learning_rate": 0.02, "ema_decay": 0.0}
    epochs = list(Trainer(recipe(**changes), batch, batch, tmp_path).run())
    assert epochs[0].train_accuracy < 0.9
    assert epochs[-1].train_accuracy == 1


def test_population_statistics_are_those_of_all_training_images(tmp_path: Path) -> None:
    """Evaluation with them does not affect training."""
    plain, settled = (trainer(tmp_path / str(on), epochs=2, population_statistics=on) for on in (False, True))
    list(plain.run())
    list(settled.run())
    for name, value in plain.model.state_dict().items():
        assert torch.equal(value, settled.model.state_dict()[name])
    faces = patterns(8, LABELS, seed=1)
    assert np.abs(plain.predict(faces) - settled.predict(faces)).max() > 1e-4

    seen: list[torch.Tensor] = []
    network = copy.deepcopy(settled.average or settled.model)
    stem = next(module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d))
    stem.register_forward_hook(lambda _layer, inputs, _output: seen.append(inputs[0]))
    predict(network, settled.train.images)
    mean = torch.cat(seen).mean(dim=(0, 2, 3))
    inference.take_statistics(network, settled.train.images, torch.device("cpu"), "equalized")
    assert stem.running_mean is not None
    torch.testing.assert_close(stem.running_mean, mean, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"picture": "raw"},
        {"picture": "edges"},
        {"balance": "loss"},
        {"balance": "sampling"},
        {"balance": "sqrt"},
        {"logit_adjustment": 0.5},
        {"mixup_probability": 1.0},
        {"warm_up": 0.8},
    ],
)
def test_a_recipe_is_followed(tmp_path: Path, changes: dict[str, object]) -> None:
    """Another input, balance, loss or schedule gives other weights."""
    faces = patterns(32, LABELS)
    faces = faces.where((faces.classes() < 2) | (np.arange(32) < 8))
    ends = []
    for folder, extra in (("plain", {}), ("changed", changes)):
        (tmp_path / folder).mkdir()
        learner = Trainer(recipe(epochs=1, augmentation="none", **extra), faces, faces, tmp_path / folder)
        list(learner.run())
        ends.append(learner.model.state_dict()["fc.weight"])
    assert not torch.equal(*ends)
