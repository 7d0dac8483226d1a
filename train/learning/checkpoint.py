"""Checkpoints, written atomically; the previous one is kept."""

import os
import pickle
import shutil
import zipfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from realtime.errors import ConfigError
from train.data.lineage import Seen
from train.learning.curves import Epoch
from train.recipes import Recipe

FORMAT = 2
NAME, PREVIOUS = "last.pt", "previous.pt"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run after `epoch` complete epochs and `step` steps of the next one.

    Attributes:
        recipe, labels, manifest_sha256, commit: identify the run, its data and its code.
        seen: the record of all training images, including those of the initial network.
        epoch, step: the position.
        loss_sum, right: sums over the steps of the current epoch: mean losses of batches, correct faces.
        curve: the complete epochs.
        model, average, optimizer, schedule: state dictionaries; `average` is empty if the recipe has no averaging.
        random_state: torch's, uint8 (processes, bytes); order and augmentation depend on seed, epoch and step only.
    """

    recipe: Recipe
    labels: tuple[str, ...]
    manifest_sha256: str
    commit: str
    seen: Seen
    epoch: int
    step: int
    loss_sum: float
    right: int
    curve: tuple[Epoch, ...]
    model: dict[str, Any]
    average: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    random_state: torch.Tensor

    def save(self, folder: Path) -> None:
        """Writes folder/last.pt atomically: a kill or a full disk leaves the earlier file intact.

        The earlier file is kept as previous.pt, in case last.pt becomes unreadable.

        Raises:
            ConfigError: it cannot be written.
        """
        last, previous, aside = folder / NAME, folder / PREVIOUS, folder / f"{NAME}.tmp"
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        content |= {
            "format": FORMAT,
            "recipe": asdict(self.recipe),
            "labels": list(self.labels),
            "seen": torch.from_numpy(self.seen.view(np.int64)),
            "curve": [asdict(epoch) for epoch in self.curve],
        }
        try:
            with aside.open("wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            if last.exists():
                _keep(last, previous)
            aside.replace(last)
        except (OSError, RuntimeError) as error:
            raise ConfigError(f"{last}: cannot be written ({error}); the earlier checkpoint is untouched") from error
        finally:
            aside.unlink(missing_ok=True)


def load(folder: Path) -> Checkpoint:
    """Reads folder/last.pt with weights_only: no code in it is executed.

    Raises:
        ConfigError: missing, corrupt or another format; the message names previous.pt if it exists.
    """
    path, earlier = folder / NAME, folder / PREVIOUS
    remedy = f"rename {earlier} to {path.name} to continue from there" if earlier.exists() else ""
    try:
        content = _read(path)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no checkpoint here; {remedy or 'give the --out folder of a train.fit run'}") from error
    except (OSError, EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: not a readable checkpoint; {remedy or 'delete it or take another run'}") from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise ConfigError(f"{path}: not a checkpoint of format {FORMAT}; it is from another version; delete it and train again")
    try:
        content["recipe"] = Recipe(**content["recipe"])
        content["labels"] = tuple(content["labels"])
        content["seen"] = content["seen"].numpy().view(np.uint64)
        content["curve"] = tuple(Epoch(**row) for row in content["curve"])
        return Checkpoint(**content)
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: it is from another version ({error}); continue with that version, or train again"
        ) from error


def exists(folder: Path) -> bool:
    """Whether the folder has a checkpoint to resume from."""
    return any((folder / name).exists() for name in (NAME, PREVIOUS))


def remove(folder: Path) -> None:
    """Deletes a run's checkpoints (hundreds of MB each) and keeps its other files."""
    for name in (NAME, PREVIOUS):
        (folder / name).unlink(missing_ok=True)


def _read(path: Path) -> Any:
    with zipfile.ZipFile(path) as file:
        # torch does not verify checksums
        damaged = file.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"{damaged} is damaged")
    return torch.load(path, map_location="cpu", weights_only=True)


def _keep(last: Path, previous: Path) -> None:
    """Links the file to a second name, so that last.pt exists at all times."""
    previous.unlink(missing_ok=True)
    try:
        previous.hardlink_to(last)
    except OSError:  # no hard links on this file system
        shutil.copyfile(last, previous)
