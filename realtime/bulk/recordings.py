"""Finds the recordings below folders, and tells whether one has changed."""

import glob
import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime.errors import SourceOpenError
from realtime.sources.base import IMAGE_SUFFIXES

VIDEO_SUFFIXES = frozenset(
    {
        *(".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc", ".m2ts", ".m4v", ".mjpeg", ".mjpg"),
        *(".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
    }
)
"""What counts as a video below a folder, by file suffix; a file that is named itself may have any."""

SAMPLE_BYTES = 1 << 20
"""Of a file's beginning, middle and end: enough to tell recordings apart without reading hundreds of gigabytes twice."""


@dataclass(frozen=True)
class Recording:
    """A video file, an image, or all images of a folder.

    Attributes:
        name: unique in its dataset, and safe as the name of a folder.
        path: absolute.
        video: whether it can be read in parts.
    """

    name: str
    path: str
    video: bool


def find(places: Sequence[str], besides: Path) -> tuple[Recording, ...]:
    """The recordings below folders, and those that files and patterns name, in order of their paths.

    Args:
        places: folders, files, or patterns such as `study/**/*.mp4`.
        besides: a folder to leave out, which may lie below the others: the dataset itself.

    Raises:
        SourceOpenError: there is no such place, or nothing in any.
    """
    found: dict[Path, tuple[str, bool]] = {}
    for place in places:
        path = Path(place)
        if path.is_dir():
            found |= {each: (_below(path, each), video) for each, video in _in_folder(path, besides)}
        elif path.exists():
            found[path.absolute()] = path.name, path.suffix.lower() not in IMAGE_SUFFIXES
        elif matches := sorted(glob.glob(place, recursive=True)):  # noqa: PTH207  # a pattern may be absolute
            for match in map(Path, matches):
                if match.is_dir():
                    found |= {each: (_below(match, each), video) for each, video in _in_folder(match, besides)}
                else:
                    found[match.absolute()] = match.name, match.suffix.lower() not in IMAGE_SUFFIXES
        else:
            raise SourceOpenError(f"{place} not found; give folders, files or patterns")
    if not found:
        raise SourceOpenError(f"no video or image in {', '.join(places)}; give the folder that contains them")
    paths = sorted(found)
    names = _unique(found[path][0] for path in paths)
    return tuple(Recording(name, str(path), found[path][1]) for name, path in zip(names, paths, strict=True))


def fingerprint(recording: Recording) -> str:
    """Differs if the content differs: size and samples of a file, and of a folder the names, sizes and times of its images.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(recording.path)
    digest = hashlib.sha256()
    if path.is_dir():
        for image in sorted(_images(path)):
            facts = image.stat()
            digest.update(f"{image.name}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()
    size = path.stat().st_size
    digest.update(str(size).encode())
    with path.open("rb") as file:
        for start in (0, max(0, size // 2 - SAMPLE_BYTES // 2), max(0, size - SAMPLE_BYTES)):
            file.seek(start)
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def _in_folder(folder: Path, besides: Path) -> Iterable[tuple[Path, bool]]:
    """Absolute paths of the videos below a folder and of the folders with images, each with whether it is a video."""
    besides = besides.absolute()
    for here, folders, files in os.walk(folder.absolute()):
        at = Path(here)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and at / name != besides)
        shown = [name for name in files if not name.startswith(".")]
        yield from ((at / name, True) for name in shown if Path(name).suffix.lower() in VIDEO_SUFFIXES)
        if any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in shown):
            yield at, False


def _images(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")]


def _below(folder: Path, path: Path) -> str:
    relative = path.relative_to(folder.absolute())
    if path.is_dir():  # never a number, which readers would take for one
        return "__".join((*relative.parts, "images"))
    return "__".join(relative.parts)


def _unique(names: Iterable[str]) -> list[str]:
    """Names that are safe in a path and in a URL, with a number where two would be alike."""
    seen: set[str] = set()
    unique: list[str] = []
    for name in names:
        safe = re.sub(r"[^\w.-]+", "_", name.encode("utf-8", "replace").decode())
        number, candidate = 1, safe
        while candidate.lower() in seen:
            number += 1
            candidate = f"{safe}-{number}"
        seen.add(candidate.lower())
        unique.append(candidate)
    return unique
