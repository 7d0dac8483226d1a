"""Checkpoints survive kills, full disks and damage."""

import dataclasses
import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime.errors import ConfigError
from tests.conftest import ROOT
from tests.full_disk import files_of_at_most
from tests.train_data import TINY
from train.learning import checkpoint
from train.learning.checkpoint import Checkpoint, load
from train.learning.curves import Epoch

EPOCH = Epoch(1, 0.1, 1.5, 0.5, 1.25, 0.625, 0.5, 0.375)


def example(epoch: int = 1) -> Checkpoint:
    return Checkpoint(
        recipe=TINY,
        labels=("anger", "neutral"),
        manifest_sha256="ab" * 32,
        commit="0123456789ab",
        seen=np.array([1, 2**64 - 1], dtype=np.uint64),
        epoch=epoch,
        step=7,
        loss_sum=1.1,
        right=5,
        curve=(EPOCH,),
        model={"w": torch.full((3,), float(epoch))},
        average={"module.w": torch.zeros(3)},
        optimizer={"state": {}, "param_groups": [{"lr": 0.1}]},
        schedule={"last_epoch": epoch},
        random_state=torch.arange(16, dtype=torch.uint8)[None],
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_round_trip(tmp_path: Path) -> None:
    example().save(tmp_path)
    back = load(tmp_path)
    assert back.recipe == TINY
    assert (back.labels, back.manifest_sha256, back.commit, back.epoch) == (("anger", "neutral"), "ab" * 32, "0123456789ab", 1)
    assert (back.step, back.loss_sum, back.right, back.curve) == (7, 1.1, 5, (EPOCH,))
    assert back.seen.dtype == np.uint64
    assert back.seen.tolist() == [1, 2**64 - 1]
    assert torch.equal(back.model["w"], torch.ones(3))
    assert torch.equal(back.average["module.w"], torch.zeros(3))
    assert (back.optimizer, back.schedule) == (example().optimizer, {"last_epoch": 1})
    assert torch.equal(back.random_state, example().random_state)
    assert names(tmp_path) == ["last.pt"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), RuntimeError("unexpected pos 704 vs 598")])
def test_a_save_that_fails_in_the_middle_leaves_the_earlier_one(tmp_path: Path, failure: Exception) -> None:
    class Failing:
        def __reduce__(self) -> str:
            raise failure

    example(epoch=1).save(tmp_path)
    with pytest.raises(ConfigError, match="earlier checkpoint is untouched"):
        dataclasses.replace(example(epoch=2), model={"w": Failing()}).save(tmp_path)
    assert load(tmp_path).epoch == 1
    assert names(tmp_path) == ["last.pt"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no limit on a file's size")
def test_a_disk_that_is_really_full_leaves_both_earlier_ones(tmp_path: Path) -> None:
    example(epoch=1).save(tmp_path)
    example(epoch=2).save(tmp_path)
    large = dataclasses.replace(example(epoch=3), model={"w": torch.zeros(500_000)})
    with files_of_at_most(1_000_000), pytest.raises(ConfigError, match="earlier checkpoint is untouched"):
        large.save(tmp_path)
    assert load(tmp_path).epoch == 2
    (tmp_path / "previous.pt").replace(tmp_path / "last.pt")
    assert load(tmp_path).epoch == 1
    assert names(tmp_path) == ["last.pt"]


SAVES_FOR_EVER = """
import dataclasses, itertools, pathlib, sys, torch
from tests.train.learning.test_checkpoint import example
for epoch in itertools.count(1):
    dataclasses.replace(example(epoch), model={"w": torch.zeros(8_000_000)}).save(pathlib.Path(sys.argv[1]))
    print(epoch, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows does not kill in the middle of a write")
def test_kill_9_in_the_middle_of_a_save_leaves_the_earlier_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SAVES_FOR_EVER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["1\n", "2\n"]
        while not (tmp_path / "last.pt.tmp").exists():
            assert process.poll() is None
        process.kill()
    assert load(tmp_path).epoch >= 2
    (tmp_path / "last.pt.tmp").write_bytes(b"half a checkpoint")  # as a kill leaves it, if this one came too late for that
    example(epoch=99).save(tmp_path)
    assert load(tmp_path).epoch == 99
    assert names(tmp_path) == ["last.pt", "previous.pt"]


@pytest.mark.parametrize("links", [True, False])
def test_the_one_before_is_kept(tmp_path: Path, links: bool) -> None:
    class WithoutLinks(type(Path())):  # type: ignore[misc]  # PosixPath or WindowsPath
        def hardlink_to(self, _target: Path) -> None:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    for epoch in (1, 2, 3):
        example(epoch).save(tmp_path if links else WithoutLinks(tmp_path))
    (tmp_path / "last.pt").write_bytes(b"hello")
    with pytest.raises(ConfigError, match=r"last\.pt: not a readable checkpoint; rename .*previous\.pt to last\.pt"):
        load(tmp_path)
    (tmp_path / "last.pt").unlink()
    assert checkpoint.exists(tmp_path)
    with pytest.raises(ConfigError, match=r"no checkpoint here; rename .*previous\.pt to last\.pt"):
        load(tmp_path)
    (tmp_path / "previous.pt").replace(tmp_path / "last.pt")
    assert load(tmp_path).epoch == 2


def test_removing_leaves_nothing_to_go_on_from(tmp_path: Path) -> None:
    example(1).save(tmp_path)
    example(2).save(tmp_path)
    checkpoint.remove(tmp_path)
    assert names(tmp_path) == []
    assert not checkpoint.exists(tmp_path)


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkpoint here"):
        load(tmp_path)


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "one bit"])
def test_a_damaged_checkpoint(tmp_path: Path, damage: str) -> None:
    example().save(tmp_path)
    path = tmp_path / "last.pt"
    whole = path.read_bytes()
    weight = whole.index(torch.ones(3).numpy().tobytes())
    flipped = whole[:weight] + bytes([whole[weight] ^ 1]) + whole[weight + 1 :]
    path.write_bytes({"empty": b"", "text": b"hello", "cut": whole[: len(whole) // 2], "one bit": flipped}[damage])
    with pytest.raises(ConfigError, match="not a readable checkpoint"):
        load(tmp_path)


def test_another_format(tmp_path: Path) -> None:
    torch.save({"format": 99}, tmp_path / "last.pt")
    with pytest.raises(ConfigError, match="not a checkpoint of format 2"):
        load(tmp_path)


@pytest.mark.parametrize("change", ["more", "fewer"])
def test_a_recipe_of_another_version(tmp_path: Path, change: str) -> None:
    example().save(tmp_path)
    content = torch.load(tmp_path / "last.pt", weights_only=True)
    if change == "more":
        content["recipe"]["invented"] = 1
    else:
        del content["recipe"]
    torch.save(content, tmp_path / "last.pt")
    with pytest.raises(ConfigError, match="it is from another version"):
        load(tmp_path)


def test_nothing_inside_is_executed(tmp_path: Path) -> None:
    torch.save({"format": 2, "recipe": Path("innocent")}, tmp_path / "last.pt")  # any class that is not plain data
    with pytest.raises(ConfigError, match="not a readable checkpoint"):
        load(tmp_path)


def test_checkpoints_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().epoch = 5  # type: ignore[misc]
