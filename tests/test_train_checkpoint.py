"""Checkpoints survive kills, full disks and damage."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from realtime.errors import ConfigError
from tests.train_data import TINY
from train import checkpoint
from train.checkpoint import Checkpoint, load


def example(epoch: int = 1) -> Checkpoint:
    return Checkpoint(
        recipe=TINY,
        labels=("anger", "neutral"),
        manifest_sha256="ab" * 32,
        commit="0123456789ab",
        epoch=epoch,
        model={"w": torch.full((3,), float(epoch))},
        average={"module.w": torch.zeros(3)},
        optimizer={"state": {}, "param_groups": [{"lr": 0.1}]},
        schedule={"last_epoch": epoch},
        random_state=torch.arange(16, dtype=torch.uint8),
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    example().save(tmp_path)
    back = load(tmp_path)
    assert back.recipe == TINY
    assert (back.labels, back.manifest_sha256, back.commit, back.epoch) == (("anger", "neutral"), "ab" * 32, "0123456789ab", 1)
    assert torch.equal(back.model["w"], torch.ones(3))
    assert torch.equal(back.average["module.w"], torch.zeros(3))
    assert (back.optimizer, back.schedule) == (example().optimizer, {"last_epoch": 1})
    assert torch.equal(back.random_state, torch.arange(16, dtype=torch.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), RuntimeError("unexpected pos 704 vs 598")])
def test_a_save_that_fails_in_the_middle_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    example(epoch=1).save(tmp_path)

    def fill_the_disk(_fields: dict[str, Any], file: Any) -> None:
        file.write(b"half a checkpoint")
        raise failure

    monkeypatch.setattr(checkpoint.torch, "save", fill_the_disk)
    with pytest.raises(ConfigError, match="earlier checkpoint is untouched"):
        example(epoch=2).save(tmp_path)
    assert load(tmp_path).epoch == 1
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


def test_a_kill_in_the_middle_leaves_the_earlier_one(tmp_path: Path) -> None:
    """A kill leaves the half-written file beside it, and the next save replaces that."""
    example(epoch=1).save(tmp_path)
    (tmp_path / "last.pt.tmp").write_bytes(b"half a checkpoint")
    assert load(tmp_path).epoch == 1
    example(epoch=2).save(tmp_path)
    assert load(tmp_path).epoch == 2
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkpoint here"):
        load(tmp_path)


@pytest.mark.parametrize("damage", ["empty", "text", "cut"])
def test_a_damaged_checkpoint(tmp_path: Path, damage: str) -> None:
    example().save(tmp_path)
    path = tmp_path / "last.pt"
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"hello", "cut": whole[: len(whole) // 2]}[damage])
    with pytest.raises(ConfigError, match="not a readable checkpoint"):
        load(tmp_path)


def test_another_format(tmp_path: Path) -> None:
    torch.save({"format": 99}, tmp_path / "last.pt")
    with pytest.raises(ConfigError, match="not a checkpoint of format 1"):
        load(tmp_path)


def test_nothing_inside_is_executed(tmp_path: Path) -> None:
    torch.save({"format": 1, "recipe": Path("innocent")}, tmp_path / "last.pt")  # any class that is not plain data
    with pytest.raises(ConfigError, match="not a readable checkpoint"):
        load(tmp_path)


def test_checkpoints_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().epoch = 5  # type: ignore[misc]
