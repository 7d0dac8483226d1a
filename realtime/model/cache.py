"""Small texts kept between runs in the user's cache folder. The folder may be deleted at any time."""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

VARIABLE = "FER_CACHE"
"""Variable that names another folder: for containers without a home, and for tests."""


def folder(
    platform: str = sys.platform,
    environment: Mapping[str, str] = os.environ,
    home: Callable[[], Path] = Path.home,
) -> Path:
    """The system's folder for caches; it may not exist.

    Raises:
        OSError: the user has no home folder.
    """
    if environment.get(VARIABLE):
        return Path(environment[VARIABLE])
    if platform == "win32" and environment.get("LOCALAPPDATA"):
        return Path(environment["LOCALAPPDATA"]) / "fer-cam" / "cache"
    # the XDG specification says to ignore relative paths
    if platform not in ("win32", "darwin") and Path(environment.get("XDG_CACHE_HOME", "")).is_absolute():
        return Path(environment["XDG_CACHE_HOME"]) / "fer-cam"
    try:
        parent = home()
    except RuntimeError as error:
        raise OSError(f"no home folder; name a folder in {VARIABLE}") from error
    inside = {"win32": "AppData/Local/fer-cam/cache", "darwin": "Library/Caches/fer-cam"}
    return parent / inside.get(platform, ".cache/fer-cam")


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
