"""Checkpoints that survive: written aside and renamed, with the one before kept until the new one is whole."""

import os
import pickle
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from realtime.errors import ConfigError
from train.recipes import Recipe

FORMAT = 1
NAME = "last.pt"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run after `epoch` whole epochs (0 = nothing trained)."""

    recipe: Recipe
    labels: tuple[str, ...]
    manifest_sha256: str
    commit: str
    epoch: int
    model: dict[str, Any]
    average: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    random_state: torch.Tensor

    def save(self, folder: Path) -> None:
        """Writes folder/last.pt atomically: a kill or a full disk at any moment leaves the earlier file whole.

        Raises:
            ConfigError: it cannot be written.
        """
        aside = folder / f"{NAME}.tmp"
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields |= {"format": FORMAT, "recipe": asdict(self.recipe), "labels": list(self.labels)}
        try:
            with aside.open("wb") as file:
                torch.save(fields, file)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(folder / NAME)
        except (OSError, RuntimeError) as error:
            aside.unlink(missing_ok=True)
            raise ConfigError(f"{folder / NAME}: cannot be written ({error}); the earlier checkpoint is untouched") from error


def load(folder: Path) -> Checkpoint:
    """Reads folder/last.pt, weights only: nothing inside is executed.

    Raises:
        ConfigError: missing, corrupt, or of another format.
    """
    path = folder / NAME
    try:
        fields = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no checkpoint here; give the --out folder of a train.fit run") from error
    except (OSError, EOFError, RuntimeError, KeyError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: not a readable checkpoint; delete it or take another run") from error
    if not isinstance(fields, dict) or fields.pop("format", None) != FORMAT:
        raise ConfigError(f"{path}: not a checkpoint of format {FORMAT}")
    fields["recipe"] = Recipe(**fields["recipe"])
    fields["labels"] = tuple(fields["labels"])
    return Checkpoint(**fields)
