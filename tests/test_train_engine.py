"""The training loop learns, resumes to the same bits, and tells where it stands."""

import copy
import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime.errors import ConfigError
from tests.train_data import patterns, recipe, tiny
from train import checkpoint, engine, models
from train.engine import Trainer, predict

LABELS = ("neutral", "happiness", "surprise", "sadness")


@pytest.fixture(autouse=True)
def _tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.NETWORKS, "tiny", tiny)


def trainer(folder: Path, **changes: object) -> Trainer:
    folder.mkdir(exist_ok=True)
    return Trainer(recipe(**changes), patterns(24, LABELS), patterns(8, LABELS, seed=1, prefix="val"), folder)


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


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, optimizer: str) -> None:
    """Two epochs in one go, and one epoch, a new process's worth of forgetting, one epoch."""
    changes = {"epochs": 2, "optimizer": optimizer, "learning_rate": 0.01}
    whole = trainer(tmp_path / "whole", **changes)
    list(whole.run())
    first = trainer(tmp_path / "halves", **changes)
    next(first.run())
    torch.manual_seed(999)
    second = trainer(tmp_path / "halves", **changes)
    second.resume()
    assert second.epoch == 1
    list(second.run())
    for mine, theirs in ((whole.model, second.model), (whole.average, second.average)):
        other = theirs.state_dict()
        assert all(torch.equal(value, other[name]) for name, value in mine.state_dict().items())
    assert (tmp_path / "whole" / "metrics.csv").read_text() == (tmp_path / "halves" / "metrics.csv").read_text()


def test_metrics_have_a_row_per_epoch(tmp_path: Path) -> None:
    done = list(trainer(tmp_path, epochs=2).run())
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert [float(row["val_accuracy"]) for row in rows] == [epoch.val_accuracy for epoch in done]
    assert [float(row["train_loss"]) for row in rows] == [epoch.train_loss for epoch in done]


def test_the_checkpoint_says_what_it_was_trained_on(tmp_path: Path) -> None:
    learner = trainer(tmp_path, epochs=1)
    list(learner.run())
    saved = checkpoint.load(tmp_path)
    assert saved.recipe == learner.recipe
    assert saved.labels == LABELS
    assert saved.manifest_sha256 == patterns(24, LABELS).manifest_sha256()
    assert saved.epoch == 1


def test_every_step_is_told(tmp_path: Path) -> None:
    steps: list[tuple[int, int, int]] = []
    learner = trainer(tmp_path, epochs=2)
    learner.on_step = lambda epoch, step, total, _loss: steps.append((epoch, step, total))
    list(learner.run())
    assert steps == [(1, 1, 3), (1, 2, 3), (1, 3, 3), (2, 1, 3), (2, 2, 3), (2, 3, 3)]


def test_a_run_is_not_resumed_with_another_recipe_or_other_data(tmp_path: Path) -> None:
    list(trainer(tmp_path, epochs=1).run())
    with pytest.raises(ConfigError, match="trained by recipe"):
        trainer(tmp_path, epochs=1, seed=99).resume()
    other = Trainer(recipe(epochs=1), patterns(24, LABELS, seed=7), patterns(8, LABELS), tmp_path)
    with pytest.raises(ConfigError, match="trained on other data"):
        other.resume()


def test_one_cycle_rises_and_falls(tmp_path: Path) -> None:
    rates = [epoch.learning_rate for epoch in trainer(tmp_path, epochs=5, learning_rate=0.1).run()]
    assert max(rates) == pytest.approx(0.1, rel=0.2)
    assert rates[-1] < 0.01
    assert rates[1:] == sorted(rates[1:], reverse=True)


@pytest.mark.parametrize(
    ("changes", "message"), [({"optimizer": "lion"}, "no optimizer"), ({"schedule": "wave"}, "no schedule")]
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


def test_the_curve_includes_what_was_before_the_interruption(tmp_path: Path) -> None:
    first = trainer(tmp_path, epochs=3)
    done = [next(first.run())]
    second = trainer(tmp_path, epochs=3)
    second.resume()
    done += second.run()
    assert second.curve() == tuple(done)


@pytest.mark.parametrize("damage", ["epoch\n1\n", "nonsense"])
def test_a_damaged_curve(tmp_path: Path, damage: str) -> None:
    learner = trainer(tmp_path, epochs=1)
    list(learner.run())
    (tmp_path / "metrics.csv").write_text(damage + "\n1,2,3\n")
    with pytest.raises(ConfigError, match=r"metrics.csv: cannot be read"):
        learner.curve()


def test_population_statistics_are_those_of_all_training_pictures(tmp_path: Path) -> None:
    """Judging with them changes nothing for the training that goes on."""
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
    engine._take_statistics(network, settled.train.images, torch.device("cpu"), "equalized")
    assert stem.running_mean is not None
    torch.testing.assert_close(stem.running_mean, mean, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("changes", [{"picture": "raw"}, {"picture": "edges"}, {"balance": "loss"}, {"balance": "sampling"}])
def test_a_recipe_is_followed(tmp_path: Path, changes: dict[str, object]) -> None:
    """Another picture or balance, other weights."""
    faces = patterns(32, LABELS)
    faces = faces.where((faces.classes() < 2) | (np.arange(32) < 8))
    ends = []
    for folder, extra in (("plain", {}), ("changed", changes)):
        (tmp_path / folder).mkdir()
        learner = Trainer(recipe(epochs=1, augmentation="none", **extra), faces, faces, tmp_path / folder)
        list(learner.run())
        ends.append(learner.model.state_dict()["fc.weight"])
    assert not torch.equal(*ends)
