"""Finds the recordings below folders, and tells whether one has changed."""

import errno
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
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
"""File suffixes of videos in a folder; a file that is named directly may have any."""

SAMPLE_BYTES = 1 << 20
"""Of a file's beginning, middle and end: enough to tell recordings apart without reading hundreds of gigabytes twice."""


LONGEST_NAME = 120
"""Bytes of a name; file systems allow 143 to 255 for a folder, and Windows 260 for a whole path."""

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows the dot."""


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


def find(places: Sequence[str], besides: Path, known: Mapping[str, str] | None = None) -> tuple[Recording, ...]:
    """The recordings below folders, and those that files and patterns name, in order of their paths. Links to folders are not
    followed.

    Args:
        places: folders, files, or patterns such as `study/**/*.mp4`.
        besides: a folder to leave out, which may lie below the others: the dataset itself.
        known: names in the dataset by path. A path keeps its name, and no other gets it as long as its file is there.

    Raises:
        SourceOpenError: there is no such place, or nothing in any.
    """
    found: dict[Path, tuple[str, bool]] = {}
    for place in places:
        path = Path(place)
        try:
            matches = [path] if path.exists() else _matches(place)
            for match in matches:  # a folder comes before those in it, which do not rename what it has
                for each, wish in _at(match, besides).items():
                    found.setdefault(each, wish)
        except OSError as error:
            raise SourceOpenError(f"{place} cannot be read: {error.strerror}; give folders, files or patterns") from error
        if not matches:
            raise SourceOpenError(f"{place} not found; give folders, files or patterns")
    if not found:
        raise SourceOpenError(f"no video or image in {', '.join(places)}; give the folder that contains them")
    names = _names({str(path): found[path][0] for path in sorted(found)}, known or {})
    return tuple(Recording(names[str(path)], str(path), found[path][1]) for path in sorted(found))


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
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):  # to open a named pipe would wait for ever
        raise OSError(errno.EINVAL, "it is no regular file")
    size = facts.st_size
    digest.update(str(size).encode())
    with path.open("rb") as file:
        for start in (0, max(0, size // 2 - SAMPLE_BYTES // 2), max(0, size - SAMPLE_BYTES)):
            file.seek(start)
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def _at(path: Path, besides: Path) -> dict[Path, tuple[str, bool]]:
    """The recordings that a folder or a file means: absolute paths, each with the wish for a name and whether it is a video.

    Raises:
        OSError: it cannot be examined.
    """
    if path.is_dir():
        return {each: (_below(path, each), video) for each, video in _in_folder(path, besides)}
    return {path.absolute(): (path.name, path.suffix.lower() not in IMAGE_SUFFIXES)}


def _in_folder(folder: Path, besides: Path) -> Iterable[tuple[Path, bool]]:
    """Absolute paths of the videos below a folder, of the folders with images and of those that cannot be listed, each with
    whether it is a video."""
    besides = besides.absolute()
    closed: list[Path] = []
    for here, folders, files in os.walk(folder.absolute(), onerror=lambda error: closed.append(Path(error.filename))):
        at = Path(here)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and at / name != besides)
        shown = [name for name in files if not name.startswith(".")]
        yield from ((at / name, True) for name in shown if Path(name).suffix.lower() in VIDEO_SUFFIXES)
        if any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in shown):
            yield at, False
    yield from ((path, False) for path in closed)


def _matches(pattern: str) -> list[Path]:
    """The paths that a pattern finds, without hidden ones.

    Raises:
        SourceOpenError: it is no pattern.
    """
    path = Path(pattern)
    root = Path(path.anchor)
    try:
        found = root.glob(str(path.relative_to(root)))
        return sorted(each for each in found if not any(p.startswith(".") and p not in path.parts for p in each.parts))
    except (ValueError, NotImplementedError) as error:
        raise SourceOpenError(f"{pattern} is no pattern ({error}); give folders, files or patterns") from error


def _images(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")]


def _below(folder: Path, path: Path) -> str:
    relative = path.relative_to(folder.absolute())
    if path.is_dir():  # never a number, which readers would take for one
        return "__".join((*relative.parts, "images"))
    return "__".join(relative.parts)


def _names(wished: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """A name for each path, with a number where two would be alike on a disk that ignores case."""
    names = {path: known[path] for path in wished if path in known}
    taken = {name.lower() for path, name in known.items() if path in names or Path(path).exists()}
    for path, wish in wished.items():
        if path in names:
            continue
        safe = _safe(wish)
        number, candidate = 1, safe
        while candidate.lower() in taken:
            number += 1
            candidate = f"{safe}-{number}"
        taken.add(candidate.lower())
        names[path] = candidate
    return names


def _safe(name: str) -> str:
    """A name that every file system and a URL can hold; accents are single characters, however they were stored."""
    safe = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    safe = re.sub(r"[^\w.-]+", "_", safe)
    if RESERVED.match(safe):
        safe = f"_{safe}"
    if len(safe.encode()) > LONGEST_NAME:
        end = f"-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}{Path(safe).suffix[:8]}"
        safe = safe.encode()[: LONGEST_NAME - len(end.encode())].decode("utf-8", "ignore") + end
    return safe
