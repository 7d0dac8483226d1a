"""A run goes on where it was stopped, to the very bit."""

from pathlib import Path

import pytest
import torch

from realtime.errors import ConfigError
from tests.train_data import forgetful, patterns, plain, recipe, tiny
from tests.trainers import LABELS, trainer
from train.learning.engine import Stopped, Trainer
from train.network import models


@pytest.fixture(autouse=True)
def _tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, network in (("tiny", tiny), ("plain", plain), ("forgetful", forgetful)):
        monkeypatch.setitem(models.NETWORKS, name, network)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, optimizer: str) -> None:
    """Two epochs in one run, and one epoch, a simulated restart, one epoch."""
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
    assert_same_end(whole, second)


def assert_same_end(one: Trainer, other: Trainer) -> None:
    """Weights, averaged weights and metrics.csv of two runs are equal to the bit."""
    for mine, theirs in ((one.model, other.model), (one.average, other.average)):
        assert mine is not None
        assert theirs is not None
        values = theirs.state_dict()
        assert all(torch.equal(value, values[name]) for name, value in mine.state_dict().items())
    assert one.curve() == other.curve()
    assert len(one.curve()) == one.recipe.epochs
    assert (one.folder / "metrics.csv").read_text() == (other.folder / "metrics.csv").read_text()


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_run_stopped_within_an_epoch_goes_on_from_the_very_step(tmp_path: Path, at: int) -> None:
    """In the first epoch, at its last step, in the second; with dropout, so that torch's random state counts too."""
    changes = {"network": "forgetful", "epochs": 3, "optimizer": "adam", "learning_rate": 0.01}
    whole = trainer(tmp_path / "whole", **changes)
    list(whole.run())
    losses: list[float] = []
    first = trainer(tmp_path / "parts", **changes)
    first.on_step = lambda _epoch, _step, _steps, loss: losses.append(loss)
    first.stop = lambda: len(losses) == at - 1  # called before the step is reported
    with pytest.raises(Stopped):
        list(first.run())
    assert len(losses) == at
    torch.manual_seed(999)
    second = trainer(tmp_path / "parts", **changes)
    steps: list[tuple[int, int]] = []
    second.on_step = lambda epoch, step, _steps, _loss: steps.append((epoch, step))
    second.resume()
    list(second.run())
    assert steps == [(1 + index // 3, 1 + index % 3) for index in range(at, 9)]
    assert_same_end(whole, second)


def test_a_run_goes_on_from_another_folder_and_with_other_threads(tmp_path: Path) -> None:
    """Like on another machine: equal up to the rounding of sums."""
    whole = trainer(tmp_path / "whole", epochs=2, learning_rate=0.01)
    list(whole.run())
    next(trainer(tmp_path / "here", epochs=2, learning_rate=0.01).run())
    (tmp_path / "here").rename(tmp_path / "there")
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        second = trainer(tmp_path / "there", epochs=2, learning_rate=0.01)
        second.resume()
        (last,) = second.run()
    finally:
        torch.set_num_threads(threads)
    assert second.curve()[0] == whole.curve()[0]
    assert last.train_loss == pytest.approx(whole.curve()[1].train_loss, rel=0.02)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_kill_between_checkpoint_and_metrics_loses_and_doubles_no_row(tmp_path: Path, rows: int) -> None:
    """metrics.csv with the given number of rows beside a checkpoint of one epoch, as kills and copies leave them."""
    whole = trainer(tmp_path / "whole", network="plain")
    list(whole.run())
    first = trainer(tmp_path / "killed", network="plain")
    next(first.run())
    lines = (tmp_path / "whole" / "metrics.csv").read_text().splitlines(keepends=True)
    (tmp_path / "killed" / "metrics.csv").write_text("".join(lines[: rows + 1]))
    second = trainer(tmp_path / "killed", network="plain")
    second.resume()
    assert (tmp_path / "killed" / "metrics.csv").read_text().splitlines(keepends=True) == lines[:2]
    list(second.run())
    assert_same_end(whole, second)


def test_a_fresh_run_does_not_go_on_with_old_metrics(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("left behind\n")
    list(trainer(tmp_path, network="plain", epochs=1).run())
    assert (tmp_path / "metrics.csv").read_text().startswith("epoch,")


def test_a_run_is_not_resumed_with_another_recipe_or_other_data(tmp_path: Path) -> None:
    list(trainer(tmp_path, epochs=1).run())
    with pytest.raises(ConfigError, match="trained by recipe"):
        trainer(tmp_path, epochs=1, seed=99).resume()
    other = Trainer(recipe(epochs=1), patterns(24, LABELS, seed=7), patterns(8, LABELS), tmp_path)
    with pytest.raises(ConfigError, match="trained on other data"):
        other.resume()


def test_a_resumed_run_mixes_the_same_images(tmp_path: Path) -> None:
    changes = {"network": "plain", "mixup_probability": 0.5, "balance": "sqrt", "logit_adjustment": 0.3}
    whole = trainer(tmp_path / "whole", **changes)
    list(whole.run())
    first = trainer(tmp_path / "parts", **changes)
    losses: list[float] = []
    first.on_step = lambda _epoch, _step, _steps, loss: losses.append(loss)
    first.stop = lambda: len(losses) == 1
    with pytest.raises(Stopped):
        list(first.run())
    second = trainer(tmp_path / "parts", **changes)
    second.resume()
    list(second.run())
    assert_same_end(whole, second)


def test_the_curve_includes_epochs_before_the_interruption(tmp_path: Path) -> None:
    first = trainer(tmp_path, epochs=3)
    done = [next(first.run())]
    second = trainer(tmp_path, epochs=3)
    second.resume()
    done += second.run()
    assert second.curve() == tuple(done)
