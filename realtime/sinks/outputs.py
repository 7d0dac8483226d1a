"""Where outputs go: next to nothing that the user already has."""

import re
from pathlib import Path

from realtime.datatypes import SourceInfo
from realtime.errors import SinkError

MOST_COPIES = 9999
"""How many outputs of one name may lie side by side."""


def stem(source: SourceInfo) -> str:
    """What files about a source are called: clip.mp4 -> clip, camera 0 -> camera-0, a URL -> its letters and digits."""
    if source.path is not None:
        name = source.name if Path(source.path).is_dir() else Path(source.name).stem
    else:
        name = f"camera-{source.name}" if source.name.isdigit() else source.name
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "source"


def place(target: Path, source: SourceInfo, extension: str, *, overwrite: bool = False) -> Path:
    """Claims the file for an output by creating it, empty, unless it is to be overwritten or is a device or pipe.

    A folder as target gets `<source>_fer<extension>`; a name without a suffix gets `extension`. A name that is taken is
    numbered: `clip_fer.mp4`, `clip_fer-2.mp4`, ...

    Raises:
        SinkError: the folder is missing or read-only, or the file is the source itself.
    """
    try:
        if target.is_dir():
            path = target / f"{stem(source)}_fer{extension}"
        elif target.suffix or target.exists():
            path = target
        else:
            path = target.with_name(target.name + extension)
        if path.is_dir():
            raise SinkError(f"cannot write {path}: it is a folder; give another name")
        if path.exists() and not path.is_file():
            return path
        return _replace(path, source) if overwrite and path.exists() else claim(path)
    except OSError as error:
        raise SinkError(f"cannot write {target}: {reason(error)}") from error


def claim(path: Path) -> Path:
    """Creates an empty file of this name, or of the first numbered one that is free, and returns it.

    Raises:
        SinkError: the folder is missing or read-only.
    """
    for number in range(1, MOST_COPIES + 1):
        free = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            free.open("xb").close()
        except FileExistsError:
            continue
        except OSError as error:
            raise SinkError(f"cannot write {path}: {reason(error)}") from error
        return free
    raise SinkError(f"cannot write {path}: {MOST_COPIES} files of that name are there; move some or give another name")


def _replace(path: Path, source: SourceInfo) -> Path:
    """The existing file itself, if it may be replaced."""
    if source.path is not None and Path(source.path).exists() and path.samefile(source.path):
        raise SinkError(f"cannot write {path}: it is the source itself; give another name")
    path.open("ab").close()
    return path


def reason(error: OSError) -> str:
    """What an operating system's error means for an output, and what to try."""
    match error:
        case FileNotFoundError():
            return "there is no such folder; make it first"
        case PermissionError():
            return "permission denied; choose another folder"
        case NotADirectoryError() | FileExistsError():
            return "a part of the path is a file, not a folder; choose another folder"
        case _:
            return f"{(error.strerror or str(error)).lower()}; free some space or choose another folder"
