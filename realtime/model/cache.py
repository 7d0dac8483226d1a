"""Small texts kept between runs in the user's cache folder. The folder may be deleted at any time."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from realtime.folders import UserFolder

VARIABLE = "FER_CACHE"
"""Variable that names another folder: for containers without a home, and for tests."""


folder = UserFolder(VARIABLE, "cache", "Library/Caches/fer-cam", ("XDG_CACHE_HOME", ".cache"), "fer-cam").path
"""The system's folder for caches; it may not exist. See `UserFolder.path`."""


def read(path: Path) -> str | None:
    """The text kept at `path`, or None if there is none.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def write(path: Path, text: str) -> None:
    """Keeps a text; who reads meanwhile finds the old one or the new one, never half of it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
