"""Distributed training under torchrun; a single process is a group of one.

Rank 0 evaluates, writes files and prints. Every process has a copy of the network; DistributedDataParallel gives all copies the
same initial weights and, in each step, the same gradients.
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
    """The processes of a run, as seen from one of them.

    Attributes:
        rank: of this process, 0 to size - 1.
        size: number of processes.
        device: torch device of this process.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_main(self) -> bool:
        """Whether this is rank 0, which evaluates, writes files and prints."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model with rank 0's weights in all processes; each backward() averages the gradients."""
        return model if self.size == 1 else DistributedDataParallel(model)

    def share(self, count: int) -> range:
        """The positions, out of `count`, of this process."""
        return range(self.rank, count, self.size)

    def sums(self, values: Sequence[float]) -> list[float]:
        """Sums each value over the processes."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(total)
        return [float(value) for value in total]

    def stack(self, values: torch.Tensor) -> torch.Tensor:
        """Gathers every process's vector, (size, n), on all of them."""
        if self.size == 1:
            return values[None]
        rows = [torch.empty_like(values) for _ in range(self.size)]
        dist.all_gather(rows, values)
        return torch.stack(rows)

    def on_main(self, function: Callable[[], T]) -> T:
        """Calls the function on rank 0 only and returns its result, or raises its FerError, on all."""
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
        """Calls the function in every process; a FerError in one is raised in all, so that no process waits."""
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
    """Checks that a torch device works.

    Raises:
        ConfigError: no such device here; the message includes torch's.
    """
    try:
        torch.zeros(1, device=device)
    except (AssertionError, RuntimeError) as error:  # builds without CUDA assert
        why = str(error).splitlines()[0]
        raise ConfigError(f"--device {device}: {why}; omit it to train on the CPU") from error


@contextmanager
def join(device: str) -> Iterator[Group]:
    """The group of this process under torchrun, or a group of one.

    Uses gloo for values and, if `device` is "cuda", NCCL for gradients, with one GPU per local rank.

    Raises:
        ConfigError: no such device here.
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
    # not after an error: this would wait for processes that have ended
    dist.barrier()
    gc.collect()  # wrapped models keep the group alive in reference cycles; one that outlives it may abort the process at exit
    dist.destroy_process_group()
