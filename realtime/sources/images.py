"""A single image, or a folder of images in natural order."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceOpenError
from realtime.sources.base import IMAGE_SUFFIXES, READABLE_SUFFIXES, Notify, discard_notice
from realtime.sources.pixels import as_bgr
from realtime.sources.still import read_images

MULTIPLE = frozenset({".apng", ".avif", ".gif", ".tif", ".tiff", ".webp"})
"""Formats that often contain several images."""


class ImageFiles:
    """Every image of a folder (not of its subfolders), or of a single file. Unreadable files in a folder are skipped.

    A file may contain several images: TIFF has pages; GIF, PNG, WebP and AVIF may be animated. Each counts as its own image.

    Args:
        path: the image or the folder.
        notify: called with the name of every skipped file.

    Raises:
        SourceOpenError: no image can be read.
    """

    def __init__(self, path: Path, *, notify: Notify = discard_notice) -> None:
        self._notify = notify
        self.skipped = 0
        """Images passed over, so far."""
        if path.is_dir():
            paths = _images_in(path)
            self._frames = self._read_folder(paths)
            # the number of images in a file is known only after reading it
            count = None if any(path.suffix.lower() in MULTIPLE for path in paths) else len(paths)
        else:
            paths = [path]
            frames = _frames(path, 0, notify)
            self._frames = iter(frames)
            count = len(frames)
        first = next(self._frames, None)
        if first is None:
            raise SourceOpenError(
                f"none of the {len(paths)} images in {path} can be read; check that they open in another program"
            )
        self._first: Frame | None = first
        self.info = SourceInfo(
            name=path.resolve().name,
            live=False,
            temporal=False,
            width=first.size_hw[1],
            height=first.size_hw[0],
            fps=None,
            frames=count,
            path=str(path),
        )

    def read(self) -> Frame | None:
        """The next image, with its file name as `source`; None at the end and after `close`."""
        first, self._first = self._first, None
        return first or next(self._frames, None)

    def close(self) -> None:
        """Ends the images."""
        self._first = None
        self._frames = iter(())

    def _read_folder(self, paths: list[Path]) -> Iterator[Frame]:
        index = 0
        for path in paths:
            try:
                frames = _frames(path, index, self._notify)
            except SourceOpenError as error:
                self.skipped += 1
                self._notify(f"{error}; skipped")
                continue
            index += len(frames)
            yield from frames
        if self.skipped:
            self._notify(f"{len(paths) - self.skipped} of {len(paths)} images read, {self.skipped} skipped")


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key that puts "img2" before "img10" and ignores case."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


def _images_in(folder: Path) -> list[Path]:
    try:
        # macOS leaves files whose names begin with a dot on foreign disks
        names = [
            entry.name
            for entry in folder.iterdir()
            if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".") and not entry.is_dir()
        ]
    except OSError as error:
        raise SourceOpenError(f"the folder {folder} cannot be read ({error.strerror}); check its permissions") from error
    if not names:
        kinds = ", ".join(sorted(suffix[1:] for suffix in READABLE_SUFFIXES))
        raise SourceOpenError(f"no image found in the folder {folder}; supported are {kinds}")
    return [folder / name for name in sorted(names, key=natural_key)]


def _frames(path: Path, index: int, notify: Notify) -> list[Frame]:
    """The images of a file as frames, numbered from `index`."""
    return [
        Frame(as_bgr(image), index + n, time.perf_counter(), None, path.name)
        for n, image in enumerate(read_images(path, notify))
    ]
