"""Two processes train like one."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from realtime.errors import ConfigError
from tests import tiny_fit, two_processes
from tests.conftest import ROOT
from tests.train_data import patterns, plain, write_ferplus
from train import fit
from train.learning import checkpoint
from train.learning.distributed import Group, join


def torchrun(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Two processes of a module."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", *map(str, words)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False)


def losses(run: Path) -> list[tuple[float, float]]:
    with (run / "metrics.csv").open(newline="") as file:
        return [(float(row["train_loss"]), float(row["val_loss"])) for row in csv.DictReader(file)]


def test_a_single_process_is_a_group_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with join("cpu") as group:
        assert group == Group(rank=0, size=1, device="cpu")
        assert group.is_main
        network = plain(8)
        assert group.wrap(network) is network
        assert group.sums([1.5, 2]) == [1.5, 2]
        assert group.stack(torch.arange(3)).tolist() == [[0, 1, 2]]
        assert group.on_main(lambda: "done") == group.together(lambda: "done") == "done"

        def fail() -> None:
            raise ConfigError("no data")

        for call in (group.on_main, group.together):
            with pytest.raises(ConfigError, match="no data"):
                call(fail)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there(device: str) -> None:
    with pytest.raises(ConfigError, match=f"--device {device}: "), join(device):
        pass


def test_every_image_of_a_batch_belongs_to_one_process() -> None:
    shares = [list(Group(rank, 3).share(8)) for rank in range(3)]
    assert sorted(place for share in shares for place in share) == list(range(8))
    assert [len(share) for share in shares] == [3, 3, 2]


@pytest.mark.slow
def test_torchrun_gives_the_loss_curve_of_a_single_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without batch norm, whose statistics are each process's own, only rounding to bfloat16 differs: 1 % of the loss."""
    tiny_fit.register(monkeypatch.setitem)
    data, votes = write_ferplus(tmp_path, patterns(24), patterns(8, seed=1))
    words = ["plain", "--data", str(data), "--votes", str(votes), "--out"]
    assert fit.main([*words, str(tmp_path / "one")]) == 0
    done = torchrun("tests.tiny_fit", *words, tmp_path / "two")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("epoch 4/4") == 1  # one of them speaks
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 4
    assert one[3][0] < 0.8 * one[0][0]
    for mine, theirs in zip(one, two, strict=True):
        assert theirs == pytest.approx(mine, rel=0.01)
    assert len(checkpoint.load(tmp_path / "two").random_state) == 2


@pytest.mark.slow
def test_two_processes_stop_resume_and_fail_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_fit.register(monkeypatch.setitem)
    done = torchrun("tests.two_processes", tmp_path)
    assert done.returncode == 0, done.stderr
    alone = two_processes.trainer(tmp_path / "unwritable", Group())
    (tmp_path / "unwritable" / "metrics.csv").rmdir()
    alone.resume()
    assert [epoch.epoch for epoch in alone.run()] == [2, 3], "two began it, one goes on"
    told = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert told[0] == told[1]
    assert told[0].pop("weight") != 0
    assert "metrics.csv: cannot be written" in told[0].pop("unwritable")
    assert told[0] == {
        "size": 2,
        "sums": [2, 1],
        "stack": [[0], [1]],
        "from main": "rank 0",
        "failure in main": "rank 0 has no data",
        "failure in 1": "rank 1 has no data",
        "stopped at": [1, 2],
        "same end": True,
    }
