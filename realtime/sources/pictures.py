"""A picture, or a folder of pictures in the order a person would sort them."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceOpenError
from realtime.sources.base import PICTURE_SUFFIXES, Notify, unheard
from realtime.sources.pixels import as_bgr


class Pictures:
    """Every picture of a folder (not of its subfolders), or a single one. In a folder, what cannot be read is passed over.

    Args:
        path: the picture or the folder.
        notify: hears the name of every picture passed over.

    Raises:
        SourceOpenError: there is no picture, or none that can be read.
    """

    def __init__(self, path: Path, *, notify: Notify = unheard) -> None:
        self._notify = notify
        self.skipped = 0
        """Pictures passed over, so far."""
        if path.is_dir():
            paths = _pictures_in(path)
            self._frames = self._read_folder(paths)
        else:
            paths = [path]
            self._frames = iter((_frame(path, 0),))
        first = next(self._frames, None)
        if first is None:
            raise SourceOpenError(f"none of the {len(paths)} pictures in {path} can be read; do they open elsewhere?")
        self._first: Frame | None = first
        self.info = SourceInfo(
            name=path.resolve().name,
            live=False,
            temporal=False,
            width=first.size_hw[1],
            height=first.size_hw[0],
            fps=None,
            frames=len(paths),
            path=str(path),
        )

    def read(self) -> Frame | None:
        """The next picture, with its file's name as `source`; None at the end and after `close`."""
        first, self._first = self._first, None
        return first or next(self._frames, None)

    def close(self) -> None:
        """Gives no more pictures."""
        self._first = None
        self._frames = iter(())

    def _read_folder(self, paths: list[Path]) -> Iterator[Frame]:
        index = 0
        for path in paths:
            try:
                frame = _frame(path, index)
            except SourceOpenError as error:
                self.skipped += 1
                self._notify(f"{error}; passed over")
                continue
            index += 1
            yield frame


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts "img2" before "img10", and capitals with small letters."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


def _pictures_in(folder: Path) -> list[Path]:
    try:
        # names with a dot in front are what macOS leaves on foreign disks
        names = [
            entry.name
            for entry in folder.iterdir()
            if entry.suffix.lower() in PICTURE_SUFFIXES and not entry.name.startswith(".") and not entry.is_dir()
        ]
    except OSError as error:
        raise SourceOpenError(f"the folder {folder} cannot be read ({error.strerror}); check its permissions") from error
    if not names:
        kinds = ", ".join(sorted(suffix[1:] for suffix in PICTURE_SUFFIXES))
        raise SourceOpenError(f"there is no picture in the folder {folder}; pictures are {kinds}")
    return [folder / name for name in sorted(names, key=natural_key)]


def _frame(path: Path, index: int) -> Frame:
    try:
        data = path.read_bytes()  # imread cannot open names outside the code page on Windows
    except FileNotFoundError as error:
        raise SourceOpenError(f"there is no file {path}; check the name and the folder") from error
    except OSError as error:
        raise SourceOpenError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    image = _decode(data)
    if image is None:
        raise SourceOpenError(f"{path.name} cannot be read as a picture; it is damaged, or something else")
    return Frame(as_bgr(image), index, time.perf_counter(), None, path.name)


def _decode(data: bytes) -> MatLike | None:
    if not data:
        return None
    try:
        # IMREAD_COLOR obeys EXIF rotation, scales 16 bit to 8, repeats gray and drops alpha
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # such as more pixels than OpenCV allows
        return None
