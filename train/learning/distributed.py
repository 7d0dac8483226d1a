"""Processes that train one network together, as torchrun starts them; a single process is a group of one.

Rank 0 judges, writes and speaks. Every process keeps its own copy of the network: DistributedDataParallel gives all of them
the same start and, at each step, the same gradients.
"""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from realtime.errors import ConfigError, FerError

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """The processes of a run, seen from one of them.

    Attributes:
        rank: this process, 0 to size - 1.
        size: how many there are.
        device: the torch device that this one computes on.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that judges, writes and speaks."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model, all processes beginning with rank 0's weights; each backward() leaves the mean of their gradients."""
        return model if self.size == 1 else DistributedDataParallel(model)

    def share(self, count: int) -> range:
        """Which of `count` places are this process's."""
        return range(self.rank, count, self.size)

    def sums(self, values: Sequence[float]) -> list[float]:
        """The sum of each value over the processes."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(total)
        return [float(value) for value in total]

    def stack(self, values: torch.Tensor) -> torch.Tensor:
        """(size, n): every process's vector, on all of them."""
        if self.size == 1:
            return values[None]
        rows = [torch.empty_like(values) for _ in range(self.size)]
        dist.all_gather(rows, values)
        return torch.stack(rows)

    def on_main(self, function: Callable[[], T]) -> T:
        """Calls the function in rank 0 alone and gives its result to all, or its FerError."""
        if self.size == 1:
            return function()
        box: list[object] = [None]
        if self.is_main:
            try:
                box = [function()]
            except FerError as error:
                box = [error]
        dist.broadcast_object_list(box)
        if isinstance(box[0], FerError):
            raise box[0]
        return cast(T, box[0])

    def together(self, function: Callable[[], T]) -> T:
        """Calls the function in every process; a FerError in one of them is raised in all, so that none waits for it."""
        if self.size == 1:
            return function()
        done: list[T] = []
        failures: list[FerError | None] = [None] * self.size
        failure: FerError | None = None
        try:
            done.append(function())
        except FerError as error:
            failure = error
        dist.all_gather_object(failures, failure)
        for found in failures:
            if found is not None:
                raise found
        return done[0]


def check_device(device: str) -> None:
    """Puts a number on a torch device.

    Raises:
        ConfigError: torch has no such device here; the message says what it says.
    """
    try:
        torch.zeros(1, device=device)
    except (AssertionError, RuntimeError) as error:  # builds without CUDA assert
        why = str(error).splitlines()[0]
        raise ConfigError(f"--device {device}: {why}; leave it out to train on the processor") from error


@contextmanager
def join(device: str) -> Iterator[Group]:
    """The group that torchrun started this process for, or a group of one.

    Numbers travel by gloo; gradients by NCCL where `device` is "cuda", each process taking the card of its local rank.

    Raises:
        ConfigError: torch has no such device here.
    """
    check_device(device)
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group(device=device)
        return
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    yield Group(dist.get_rank(), size, device)
    # only at an orderly end: after an error they would wait for processes that are gone
    dist.barrier()
    gc.collect()  # wrapped models hold on to the group in cycles; if one outlives it, the process may abort when it exits
    dist.destroy_process_group()
