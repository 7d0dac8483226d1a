"""Metrics after every epoch: metrics.csv and, if TensorBoard is installed, its curves."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from realtime.errors import ConfigError

METRICS = "metrics.csv"
TENSORBOARD = "tensorboard"


@dataclass(frozen=True)
class Epoch:
    """One finished epoch: a row of metrics.csv."""

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_balanced_accuracy: float
    val_macro_f1: float


def write(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Rewrites folder/metrics.csv with all rows of the checkpoint, so that a killed run neither loses nor duplicates one.

    Raises:
        ConfigError: it cannot be written.
    """
    path = folder / METRICS
    aside = path.with_suffix(".tmp")
    try:
        with aside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Epoch)])
            writer.writeheader()
            writer.writerows(asdict(epoch) for epoch in epochs)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ConfigError(
            f"{path}: cannot be written ({error.strerror}); free some space, and continue with --resume"
        ) from error


class Board:
    """TensorBoard's curves in folder/tensorboard, training and validation on one chart. Does nothing if it is not installed.

    Rewrites the known epochs first, so that an interrupted run leaves no missing or duplicate points.

    Args:
        folder: of the run.
        known: epochs before this start.
        wanted: False disables it.

    Raises:
        ConfigError: the folder cannot be written.
    """

    def __init__(self, folder: Path, known: Sequence[Epoch] = (), *, wanted: bool = True) -> None:
        self._train = _writer(folder / TENSORBOARD / "train") if wanted else None
        self._val = _writer(folder / TENSORBOARD / "val") if wanted else None
        for epoch in known:
            self.add(epoch)

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for writer in filter(None, (self._train, self._val)):
            writer.close()

    def add(self, epoch: Epoch) -> None:
        """Adds one point to every curve and flushes."""
        if self._train is None or self._val is None:
            return
        # TensorBoard draws the same name from two folders on one chart
        self._train.add_scalar("loss", epoch.train_loss, epoch.epoch)
        self._train.add_scalar("accuracy", epoch.train_accuracy, epoch.epoch)
        self._train.add_scalar("learning rate", epoch.learning_rate, epoch.epoch)
        self._val.add_scalar("loss", epoch.val_loss, epoch.epoch)
        self._val.add_scalar("accuracy", epoch.val_accuracy, epoch.epoch)
        self._val.add_scalar("balanced accuracy", epoch.val_balanced_accuracy, epoch.epoch)
        self._val.add_scalar("macro-F1", epoch.val_macro_f1, epoch.epoch)
        self._train.flush()
        self._val.flush()


def _writer(folder: Path) -> Any:  # a SummaryWriter, whose package may be missing
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    try:
        for earlier in folder.glob("events.out.tfevents.*"):
            earlier.unlink()
        # an open TensorBoard has read them; purge_step makes it drop them
        return SummaryWriter(str(folder), purge_step=1)
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written ({error.strerror}); free some space, and continue with --resume"
        ) from error
