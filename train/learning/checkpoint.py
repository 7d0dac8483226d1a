"""Checkpoints that survive: written aside and renamed, and the one before is kept."""

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
    """The state of a run after `epoch` whole epochs (0 = none) and `step` steps of the next.

    Attributes:
        recipe, labels, manifest_sha256, commit: what was trained, on which data, by which code.
        seen: the images that the network has learned from, those of the network it began with included.
        epoch, step: where it stands.
        loss_sum, right: over the steps done of the epoch under way: the batches' mean losses, the faces judged right.
        curve: the whole epochs.
        model, average, optimizer, schedule: state dictionaries; `average` is empty where the recipe has no averaging.
        random_state: torch's, uint8 (processes, bytes); order and augmentation follow from seed, epoch and step alone.
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
        """Writes folder/last.pt atomically: a kill or a full disk at any moment leaves the earlier file whole.

        The earlier one stays as previous.pt, for the day on which last.pt cannot be read.

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
    """Reads folder/last.pt, weights only: nothing inside is executed.

    Raises:
        ConfigError: missing, corrupt, or of another format; the message names the earlier one where there is one.
    """
    path, earlier = folder / NAME, folder / PREVIOUS
    remedy = f"put {earlier} in its place to go on from there" if earlier.exists() else ""
    try:
        content = _read(path)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no checkpoint here; {remedy or 'give the --out folder of a train.fit run'}") from error
    except (OSError, EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: not a readable checkpoint; {remedy or 'delete it or take another run'}") from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise ConfigError(f"{path}: not a checkpoint of format {FORMAT}; another version wrote it; delete it and train anew")
    try:
        content["recipe"] = Recipe(**content["recipe"])
        content["labels"] = tuple(content["labels"])
        content["seen"] = content["seen"].numpy().view(np.uint64)
        content["curve"] = tuple(Epoch(**row) for row in content["curve"])
        return Checkpoint(**content)
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: another version wrote it ({error}); go on with that one, or train anew") from error


def exists(folder: Path) -> bool:
    """Whether a run left something in the folder that it can go on from."""
    return any((folder / name).exists() for name in (NAME, PREVIOUS))


def remove(folder: Path) -> None:
    """Deletes a run's checkpoints, hundreds of MB each, and keeps what it wrote down."""
    for name in (NAME, PREVIOUS):
        (folder / name).unlink(missing_ok=True)


def _read(path: Path) -> Any:
    with zipfile.ZipFile(path) as file:
        # torch reads damaged numbers without a word
        damaged = file.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"{damaged} is damaged")
    return torch.load(path, map_location="cpu", weights_only=True)


def _keep(last: Path, previous: Path) -> None:
    """A second name for the file, so that there is no moment without last.pt."""
    previous.unlink(missing_ok=True)
    try:
        previous.hardlink_to(last)
    except OSError:  # a file system without links
        shutil.copyfile(last, previous)
