"""Frozen parts and batch norms stay as they are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from realtime.errors import ConfigError
from tests.train_data import patterns, recipe, tiny
from train.learning import freezing
from train.learning.engine import Trainer
from train.network import models


def test_only_the_trained_parts_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.NETWORKS, "tiny", tiny)
    trainer = Trainer(recipe(trained=("layer3", "fc"), epochs=1), patterns(16), patterns(8, seed=1), tmp_path)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    list(trainer.run())
    changed = {name for name, value in trainer.model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split(".")[0] for name in changed} == {"layer3", "fc"}
    assert not [name for name in changed if "running" in name or "num_batches" in name]
    assert (tmp_path / "last.pt").exists()


def test_a_run_without_checkpoints_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.NETWORKS, "tiny", tiny)
    trainer = Trainer(recipe(epochs=1), patterns(16), patterns(8, seed=1), tmp_path, checkpoints=False)
    list(trainer.run())
    assert not (tmp_path / "last.pt").exists()
    assert trainer.state().epoch == 1
    assert np.isfinite(trainer.predict(patterns(8, seed=1))).all()


def test_a_part_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="ResNet has no part layer9; it has conv1"):
        freezing.freeze(tiny(8), ("layer9",))
