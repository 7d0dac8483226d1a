"""Where outputs go: beside what the user already has, not over it."""

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


class Places:
    """The files that a run writes, each given to one output.

    Args:
        source: names files, and is never overwritten.
        overwrite: replace files that exist, instead of numbering the new ones.
    """

    def __init__(self, source: SourceInfo, *, overwrite: bool = False) -> None:
        self.overwrite = overwrite
        self._source = source
        self._given: list[Path] = []
        self._made: list[Path] = []

    def place(self, target: Path, extension: str) -> Path:
        """Claims the file for an output by creating it, empty, unless it is to be overwritten or is a device or pipe.

        A folder as target gets `<source>_fer<extension>`; a name without a suffix gets `extension`. A name that is taken is
        numbered: `clip_fer.mp4`, `clip_fer-2.mp4`, ...

        Raises:
            SinkError: the folder is missing or read-only, or the file is the source itself or another output's.
        """
        try:
            if target.is_dir():
                path = target / f"{stem(self._source)}_fer{extension}"
            elif target.suffix or target.exists():
                path = target
            else:
                path = target.with_name(target.name + extension)
            if path.is_dir():
                raise SinkError(f"cannot write {path}: it is a folder; give another name")
            if path.exists() and not path.is_file():
                return path
            if self.overwrite and path.exists():
                self._check(path)
            else:
                path = claim(path)
                self._made.append(path)
        except OSError as error:
            raise SinkError(f"cannot write {target}: {reason(error)}") from error
        self._given.append(path)
        return path

    def give_back(self) -> None:
        """Removes the files that were made here; those that were there before stay."""
        for path in self._made:
            path.unlink(missing_ok=True)

    def _check(self, path: Path) -> None:
        """Whether an existing file may be replaced."""
        if self._source.path is not None and Path(self._source.path).exists() and path.samefile(self._source.path):
            raise SinkError(f"cannot write {path}: it is the source itself; give another name")
        if any(path.samefile(other) for other in self._given):
            raise SinkError(f"cannot write {path}: another output goes there already; give another name")
        path.open("ab").close()


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
