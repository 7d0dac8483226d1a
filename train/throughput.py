"""python -m train.throughput [RECIPE]: training images per second, by batch, precision and memory layout."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table

from realtime.errors import ConfigError, FerError, SinkError
from realtime.labels import LABELS
from realtime.machine import current_commit
from realtime.preprocess import SIZE
from train import recipes
from train.extra import EXTRA
from train.failed import failed
from train.recipes import Recipe

with EXTRA:
    import torch
    from torch.nn import functional as F

    from train.learning import distributed, optimizers
    from train.network import models

BATCHES = (8, 128)
"""The paper's batch and that of our own recipes."""

PRECISIONS = ("fp32", "bf16")
LAYOUTS = {"contiguous": "contiguous_format", "channels_last": "channels_last"}
"""Our names -> torch's."""


@dataclass(frozen=True)
class Way:
    """One configuration of a training step, and the seconds of each round (forward, backward, optimizer)."""

    batch_size: int
    precision: str
    layout: str
    seconds: tuple[float, ...] = ()

    @property
    def images_per_second(self) -> float:
        """Of the median round."""
        return self.batch_size / statistics.median(self.seconds)


def measure(recipe: Recipe, rounds: int, device: str = "cpu", batches: tuple[int, ...] = BATCHES) -> list[Way]:
    """Times all configurations in turn, `rounds` times after one warm-up round, so that other load affects all alike."""
    ways = [Way(*choice) for choice in product(batches, PRECISIONS, LAYOUTS)]
    steps = [_step(recipe, way, torch.device(device)) for way in ways]
    seconds = [[_timed(step, device) for step in steps] for _ in range(rounds + 1)][1:]
    return [
        Way(way.batch_size, way.precision, way.layout, taken)
        for way, taken in zip(ways, zip(*seconds, strict=True), strict=True)
    ]


def _step(recipe: Recipe, way: Way, device: torch.device) -> Callable[[], None]:
    """A training step on random images, as in `engine`."""
    network = models.build(recipe.network, len(LABELS), max_pool=recipe.max_pool, seed=0)
    layout: torch.memory_format = getattr(torch, LAYOUTS[way.layout])
    network = network.to(device, memory_format=layout)  # type: ignore[call-overload]
    moves = optimizers.optimizer(network, recipe)
    faces = torch.rand(way.batch_size, 1, SIZE, SIZE).to(device, memory_format=layout)
    wanted = torch.randint(len(LABELS), (way.batch_size,)).to(device)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=way.precision == "bf16"):
            logits = network(faces)
        moves.zero_grad(set_to_none=True)
        F.cross_entropy(logits.float(), wanted).backward()
        moves.step()

    return step


def _timed(step: Callable[[], None], device: str) -> float:
    started = time.perf_counter()
    step()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def main(argv: list[str] | None = None) -> int:
    """Measures and prints a table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.throughput", description="Time a training step.")
    parser.add_argument("recipe", nargs="?", default="paper", help="the recipe for network and optimizer (default: paper)")
    parser.add_argument("--rounds", type=int, default=10, help="steps per configuration (default: 10)")
    parser.add_argument("--device", default="cpu", help="torch device (default: cpu)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write every round's seconds")
    args = parser.parse_args(argv)
    try:
        EXTRA.require()
        if args.rounds < 1:
            raise ConfigError(f"--rounds {args.rounds}: give at least 1")
        distributed.check_device(args.device)
        ways = measure(recipes.find(args.recipe), args.rounds, args.device)
        table = Table(title=f"{args.recipe}: a training step, median of {args.rounds}, {torch.get_num_threads()} threads")
        for column in ("batch", "precision", "layout", "ms/step", "images/s"):
            table.add_column(column, justify="left" if column in ("precision", "layout") else "right")
        for way in ways:
            took_ms = 1000 * statistics.median(way.seconds)
            speed = f"{way.images_per_second:.1f}"
            table.add_row(str(way.batch_size), way.precision, way.layout, f"{took_ms:.0f}", speed)
        Console().print(table)
        if args.json is not None:
            facts = {"recipe": args.recipe, "commit": current_commit(), "torch": torch.__version__, "device": args.device}
            facts |= {"threads": torch.get_num_threads(), "capability": torch.backends.cpu.get_cpu_capability()}
            facts |= {"ways": [asdict(way) for way in ways]}
            try:
                args.json.write_text(json.dumps(facts, indent=1), encoding="utf-8")
            except OSError as error:
                raise SinkError(f"{args.json}: cannot be written ({error.strerror}); give another --json") from error
    except FerError as error:
        return failed("throughput", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
