"""Synthetic results of the reproduction."""

from collections.abc import Sequence

from realtime.labels import PAPER_LABELS
from train.learning.engine import Epoch
from train.reproduce import rows
from train.reproduce.results import Result, SplitResult
from train.reproduce.tradeoff import Cost, Costs, Timing

DATA = "5a" * 32
KINDS = {"A": "seed", "B": "fold"}


def split(name: str, right: int, n: int, *, epochs: int = 0, commit: str = "c0ffee000000") -> SplitResult:
    """n images of the seven classes in turn; the last n - right are predicted as the next class."""
    truth = [i % 7 for i in range(n)]
    predicted = [label if i < right else (label + 1) % 7 for i, label in enumerate(truth)]
    curve = tuple(Epoch(e, 1e-4, 2 / e, 1 - 0.5 / e, 1.5 / e, right / n - 0.1 / e, 0.5, 0.5) for e in range(1, epochs + 1))
    return SplitResult(name, commit, 10.5, 785, tuple(truth), tuple(predicted), 66, 60, 0.96, curve)


def result(name: str, right: Sequence[int], n: int = 196, *, epochs: int = 0) -> Result:
    """A row of the reproduction with the given numbers of right images in its first splits."""
    (row,) = rows.find([name])
    numbers = zip(row.splits, right, strict=False)
    kind = KINDS.get(row.protocol)
    splits = tuple(split(f"{kind} {k}" if kind else "all", many, n, epochs=epochs) for k, many in numbers)
    typed = f"python -m train.reproduce --data /home/somebody/ckplus48.zip --out /tmp/out --only {name}"
    method = row.method.words()
    return Result(name, row.protocol, PAPER_LABELS, method, DATA, typed, "a machine", {"torch": "2.15.0"}, splits)


def costs(*names: str) -> Costs:
    """Networks named after their rows, each with a million more parameters; the last has no int8."""
    networks = tuple(
        Cost(
            f"net of {name}",
            name,
            (i + 1) * 1_000_000,
            (i + 1) * 50_000_000,
            Timing(2.0 + i, 2.5 + i, 40.0 + i),
            Timing(1.0 + i, 1.25 + i, 10.0 + i) if i < len(names) - 1 else None,
        )
        for i, name in enumerate(names)
    )
    return Costs("a machine", 2, 1, 100, "c0ffee000000", {"onnxruntime": "1.32.0"}, networks)
