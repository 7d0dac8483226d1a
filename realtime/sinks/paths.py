"""Chooses output paths that never overwrite a file of the user."""

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
"""Most numbered outputs of one name."""

LONGEST_NAME = 255
"""Longest file name of common file systems, bytes."""

ROOM = len("_snapshot-9999.jpeg")
"""Bytes reserved for the suffix of a default name."""

MOST_LINKS = 40
"""Longest chain of links that Linux follows."""


def stem(source: SourceInfo) -> str:
    """The base name of output files: clip.mp4 -> clip, camera 0 -> camera-0, a URL -> its letters and digits."""
    if source.path is not None:
        name = source.name if Path(source.path).is_dir() else Path(source.name).stem
    else:
        name = f"camera-{source.name}" if source.name.isdigit() else source.name
    return shortened(re.sub(r"[^\w.-]+", "-", name).strip("-.") or "source")


def shortened(name: str, room: int = ROOM) -> str:
    """The name, shortened so that `room` bytes can be added."""
    data = name.encode("utf-8", "surrogateescape")
    return name if len(data) <= LONGEST_NAME - room else data[: LONGEST_NAME - room].decode("utf-8", "ignore")


def descriptor(path: Path) -> int | None:
    """The open file descriptor that a path refers to: 1 for /dev/stdout and every link to it; None for other paths.

    Such a path must not be re-opened: a file that the shell opened for appending would be emptied.
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
        except OSError:  # not a link, or missing
            return None
    return None


class OutputPaths:
    """The output files of a run, each used by one output.

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
        """The path of the user's text; if it ends in a slash, a missing folder is created.

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
                path.mkdir(exist_ok=True)  # fails if it is a file
            except OSError as error:
                raise SinkError(f"cannot create the folder {text}: {reason(error)}") from error
        return path

    def new_folder(self, path: Path) -> Path:
        """Creates a folder with this name, or with the first free number; an existing empty folder is used.

        Raises:
            SinkError: its parent is missing or read-only.
        """
        numbered = path.name not in ("", "..")
        for number in range(1, MOST_COPIES + 1 if numbered else 2):
            folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
            try:
                if folder.is_dir() and not any(folder.iterdir()):
                    return folder
                folder.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise SinkError(f"cannot create the folder {folder}: {reason(error)}") from error
            self._folders.append(folder)
            return folder
        problem = f"{MOST_COPIES} of that name exist" if numbered else "it is not empty, and cannot be numbered"
        raise SinkError(f"cannot create the folder {path}: {problem}; give another name")

    def place(self, target: Path, extension: str) -> Path:
        """Reserves the file for an output by creating it, empty, unless it will be overwritten or is a device or pipe.

        A folder as target gets `<source>_fer<extension>`; a name without a suffix gets `extension`. An existing name is
        numbered: `clip_fer.mp4`, `clip_fer-2.mp4`, ... A path that the shell has opened (/dev/stdout) is returned unchanged.

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
        """Removes the files and folders created here."""
        for path in self._made:
            path.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            with suppress(OSError):  # another program has written to it meanwhile
                folder.rmdir()

    def _check(self, path: Path) -> None:
        """Checks that an existing file may be replaced."""
        if self._source.path is not None and Path(self._source.path).exists() and path.samefile(self._source.path):
            raise SinkError(f"cannot write {path}: it is the source itself; give another name")
        if any(path.samefile(other) for other in self._given):
            raise SinkError(f"cannot write {path}: another output already uses it; give another name")
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
    raise SinkError(f"cannot write {path}: {most} files of that name exist; move some or give another name")


def reason(error: OSError) -> str:
    """The cause of an operating system's error, and the remedy."""
    match error:
        case FileNotFoundError():
            return "the folder does not exist; create it first"
        case PermissionError():
            return "permission denied; choose another folder"
        case NotADirectoryError() | FileExistsError():
            return "part of the path is a file, not a folder; choose another folder"
        case OSError(errno=errno.ENAMETOOLONG):
            return "the name is too long; give a shorter one"
        case _:
            return f"{(error.strerror or str(error)).lower()}; free some space or choose another folder"
