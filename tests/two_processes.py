"""One process under torchrun, for tests.train.learning.test_distributed: `torchrun ... -m tests.two_processes FOLDER`."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from realtime.errors import ConfigError
from tests.tiny_fit import register
from tests.train_data import patterns, recipe
from train.learning import distributed
from train.learning.distributed import Group
from train.learning.engine import Stopped, Trainer


def main(folder: Path) -> None:
    """Writes its observations to folder/RANK.json."""
    register()
    with distributed.join("cpu") as group:
        told = {
            "size": group.size,
            "sums": group.sums([1, group.rank]),
            "stack": group.stack(torch.tensor([group.rank])).tolist(),
            "from main": group.on_main(lambda: f"rank {group.rank}"),
            "failure in main": failure(group, "on_main", rank=0),
            "failure in 1": failure(group, "together", rank=1),
            **stopped_and_resumed(folder, group),
            "unwritable": unwritable(folder, group),
        }
    (folder / f"{group.rank}.json").write_text(json.dumps(told))


def failure(group: Group, method: str, rank: int) -> str:
    """The error in each process if one fails."""

    def fail() -> None:
        if group.rank == rank:
            raise ConfigError(f"rank {rank} has no data")

    try:
        getattr(group, method)(fail)
    except ConfigError as error:
        return str(error)
    return "none"


def trainer(folder: Path, group: Group) -> Trainer:
    if group.is_main:
        folder.mkdir(exist_ok=True)
    plan = recipe(network="forgetful", epochs=3, batch_size=6)
    return Trainer(plan, patterns(24), patterns(8, seed=1, prefix="val"), folder, group=group)


def stopped_and_resumed(folder: Path, group: Group) -> dict[str, object]:
    """Whether a run stopped by rank 1 alone, and resumed, equals an uninterrupted one."""
    whole = trainer(folder / "whole", group)
    list(whole.run())
    losses: list[float] = []
    first = trainer(folder / "parts", group)
    first.on_step = lambda _epoch, _step, _steps, loss: losses.append(loss)
    first.stop = lambda: group.rank == 1 and len(losses) == 5
    try:
        list(first.run())
    except Stopped:
        stopped_at = (first.epoch, first.step)
    torch.manual_seed(999)
    second = trainer(folder / "parts", group)
    second.resume()
    list(second.run())
    mine, theirs = whole.model.state_dict(), second.model.state_dict()
    return {
        "stopped at": stopped_at,
        "same end": all(torch.equal(value, theirs[name]) for name, value in mine.items()) and whole.curve() == second.curve(),
        "weight": float(np.sum([value.sum() for value in mine.values()])),
    }


def unwritable(folder: Path, group: Group) -> str:
    """The error in each process if rank 0 cannot write."""
    learner = trainer(folder / "unwritable", group)
    if group.is_main:
        (folder / "unwritable" / "metrics.csv").mkdir()
    try:
        list(learner.run())
    except ConfigError as error:
        return str(error)
    return "none"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
