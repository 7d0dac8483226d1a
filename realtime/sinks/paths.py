"""Where outputs go: beside what the user already has, not over it."""

import errno
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

from realtime.config import STDOUT
from realtime.datatypes import SourceInfo
from realtime.errors import SinkError

MOST_COPIES = 9999
"""How many outputs of one name may lie side by side."""

LONGEST_NAME = 255
"""Bytes that the usual file systems give to a name."""

ROOM = len("_snapshot-9999.jpeg")
"""Bytes at the end of a default name that are not the source's."""

MOST_LINKS = 40
"""Links in a row that Linux follows."""


def stem(source: SourceInfo) -> str:
    """What files about a source are called: clip.mp4 -> clip, camera 0 -> camera-0, a URL -> its letters and digits."""
    if source.path is not None:
        name = source.name if Path(source.path).is_dir() else Path(source.name).stem
    else:
        name = f"camera-{source.name}" if source.name.isdigit() else source.name
    return shortened(re.sub(r"[^\w.-]+", "-", name).strip("-.") or "source")


def shortened(name: str, room: int = ROOM) -> str:
    """As much of a name as leaves `room` bytes for what is added to it."""
    data = name.encode("utf-8", "surrogateescape")
    return name if len(data) <= LONGEST_NAME - room else data[: LONGEST_NAME - room].decode("utf-8", "ignore")


def descriptor(path: Path) -> int | None:
    """The number of this program's open file that a path stands for: 1 for /dev/stdout and every link to it; else None.

    Such a path is not opened again: what the shell opened for appending would be emptied, and written from its beginning.
    """
    if str(path) == STDOUT:
        return 1
    if sys.platform == "win32":
        return None
    for _ in range(MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if path.name.isdecimal() and folder in (
            "/dev/fd",
            f"/proc/{os.getpid()}/fd",
            f"/proc/{os.getpid()}/task/{os.getpid()}/fd",
        ):
            return int(path.name)
        try:
            path = Path(folder, path.readlink())
        except OSError:  # no link, or there is nothing
            return None
    return None


class OutputPaths:
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
        self._folders: list[Path] = []

    def target(self, text: Path | str) -> Path:
        """The path that the user's text means; a folder that is not there is made where the text ends in a slash.

        Raises:
            SinkError: the folder cannot be made.
        """
        path = Path(text)
        if isinstance(text, str) and text.endswith(tuple(filter(None, (os.sep, os.altsep)))):
            missing = [folder for folder in (*reversed(path.parents), path) if not folder.exists()]
            try:
                for folder in missing:
                    folder.mkdir()
                    self._folders.append(folder)
                path.mkdir(exist_ok=True)  # says so if it is a file
            except OSError as error:
                raise SinkError(f"cannot make the folder {text}: {reason(error)}") from error
        return path

    def new_folder(self, path: Path) -> Path:
        """Makes a folder of this name, or of the first numbered one that is free; an empty one that is there is taken.

        Raises:
            SinkError: its parent is missing or read-only.
        """
        for number in range(1, MOST_COPIES + 1):
            folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
            try:
                if folder.is_dir() and not any(folder.iterdir()):
                    return folder
                folder.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise SinkError(f"cannot make the folder {folder}: {reason(error)}") from error
            self._folders.append(folder)
            return folder
        raise SinkError(f"cannot make the folder {path}: {MOST_COPIES} of that name are there; give another name")

    def place(self, target: Path, extension: str) -> Path:
        """Claims the file for an output by creating it, empty, unless it is to be overwritten or is a device or pipe.

        A folder as target gets `<source>_fer<extension>`; a name without a suffix gets `extension`. A name that is taken is
        numbered: `clip_fer.mp4`, `clip_fer-2.mp4`, ... What the shell has opened already (/dev/stdout) is returned as it is.

        Raises:
            SinkError: the folder is missing or read-only, or the file is the source itself or another output's.
        """
        if descriptor(target) is not None:
            return target
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
        """Removes the files and folders that were made here; those that were there before stay."""
        for path in self._made:
            path.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            with suppress(OSError):  # somebody has put something there meanwhile
                folder.rmdir()

    def _check(self, path: Path) -> None:
        """Whether an existing file may be replaced."""
        if self._source.path is not None and Path(self._source.path).exists() and path.samefile(self._source.path):
            raise SinkError(f"cannot write {path}: it is the source itself; give another name")
        if any(path.samefile(other) for other in self._given):
            raise SinkError(f"cannot write {path}: another output goes there already; give another name")
        path.open("ab").close()


def claim(path: Path, most: int = MOST_COPIES) -> Path:
    """Creates an empty file of this name, or of the first of `most` numbered ones that is free, and returns it.

    Raises:
        SinkError: the folder is missing or read-only.
    """
    for number in range(1, most + 1):
        tail = f"-{number}{path.suffix}"
        free = path if number == 1 else path.with_name(shortened(path.stem, len(os.fsencode(tail))) + tail)
        try:
            free.open("xb").close()
        except FileExistsError:
            continue
        except OSError as error:
            raise SinkError(f"cannot write {path}: {reason(error)}") from error
        return free
    raise SinkError(f"cannot write {path}: {most} files of that name are there; move some or give another name")


def reason(error: OSError) -> str:
    """What an operating system's error means for an output, and what to try."""
    match error:
        case FileNotFoundError():
            return "there is no such folder; make it first"
        case PermissionError():
            return "permission denied; choose another folder"
        case NotADirectoryError() | FileExistsError():
            return "a part of the path is a file, not a folder; choose another folder"
        case OSError(errno=errno.ENAMETOOLONG):
            return "the name is too long; give a shorter one"
        case _:
            return f"{(error.strerror or str(error)).lower()}; free some space or choose another folder"
