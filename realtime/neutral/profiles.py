"""Where profiles are kept: one JSON file each, in the user's data folder, or wherever a path says."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from realtime.errors import ConfigError, SinkError
from realtime.folders import UserFolder
from realtime.model import cache
from realtime.neutral import profile
from realtime.neutral.profile import Profile

VARIABLE = "FER_PROFILES"
"""Variable that names another folder: for containers without a home, and for tests."""

SUFFIX = ".json"
NAME = re.compile(r"\w[\w.-]{0,99}")


folder = UserFolder(
    VARIABLE,
    "profiles",
    "Library/Application Support/fer-cam/profiles",
    ("XDG_DATA_HOME", ".local/share"),
    "fer-cam/profiles",
).path
"""The user's folder for profiles; it may not exist. See `UserFolder.path`."""


def path_of(name: str) -> Path:
    """The file of a profile: in the user's folder, or `name` itself if that is a path (with a slash, or ending in .json).

    Raises:
        ConfigError: it is neither a name nor a path, or there is no folder for names.
    """
    if name.endswith(SUFFIX) or any(separator in name for separator in filter(None, (os.sep, os.altsep))):
        return Path(name)
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name}: give letters, digits, dots and hyphens, or the path of a .json file", "profile")
    try:
        return folder() / f"{name}{SUFFIX}"
    except OSError as error:
        raise ConfigError(f"{name}: {error}", "profile") from error


def load(name: str) -> Profile:
    """The profile of that name or path.

    Raises:
        ConfigError: there is none, or its file cannot be read.
    """
    path = path_of(name)
    try:
        text = cache.read(path)
        if text is None:
            raise ConfigError(f"{name}: there is no such profile; fer-cam calibrate --profile {name} makes it", "profile")
        return profile.from_json(text, path.stem)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{name}: {path} cannot be read ({why}); calibrate again with --overwrite", "profile") from error


def load_for(name: str, model: str, weights_sha256: str, labels: Sequence[str]) -> Profile:
    """A profile for a network.

    Raises:
        ConfigError: as in `load`, or it was made with another network.
    """
    found = load(name)
    if found.weights_sha256 != weights_sha256 or found.reading.labels != tuple(labels):
        raise ConfigError(
            f"{name}: it was made with another network, {found.model} of {found.made[:10]}, and {model} runs here; "
            "choose that one with --model, or calibrate again with --overwrite",
            "profile",
        )
    return found


def check_free(name: str, *, overwrite: bool) -> None:
    """Checks that a profile of that name may be saved, before anyone rests their face for it.

    Raises:
        ConfigError: it exists, or the name cannot be one.
    """
    path = path_of(name)
    if path.exists() and not overwrite:
        raise ConfigError(f"{name}: {path} exists; choose another name, or replace it with --overwrite", "profile")


def free_name(name: str) -> str:
    """The name, with a number if a profile has it already: anna, anna-2, anna-3."""
    stem, number = name.removesuffix(SUFFIX), 1
    suffix = name[len(stem) :]
    while path_of(name).exists():
        number += 1
        name = f"{stem}-{number}{suffix}"
    return name


def save(name: str, made: Profile) -> Path:
    """Writes a profile, replacing its file; returns the path.

    Raises:
        ConfigError: the name cannot be one.
        SinkError: the file cannot be written.
    """
    path = path_of(name)
    try:
        cache.write(path, profile.to_json(made))
    except OSError as error:
        raise SinkError(f"{path}: the profile cannot be written ({error.strerror}); give --profile another path") from error
    return path
