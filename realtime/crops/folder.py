"""A folder of labelled faces: PERSON/LABEL/NAME.png, and a manifest of them all.

Images are gray, 48x48, resized by `realtime.preprocess` and not equalized: training changes their light first, and equalizes
then, like the live program.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import cv2

from realtime.crops.cutting import Crop, Cut
from realtime.errors import ConfigError, SinkError
from realtime.labels import LABELS
from realtime.sinks.paths import reason, shortened

NAME = "faces.csv"
DIGITS = 8
"""Hex digits of a recording's SHA-256 in names of files: two recordings may have the same name."""


@dataclass(frozen=True)
class Entry:
    """One face: a row of the manifest.

    Attributes:
        file: path below the folder, with slashes: person/label/name.
        source: name of the recording.
        source_sha256: of the recording.
        frame: index of the frame.
        time: media time, seconds.
        x, y, w, h: the box, pixels of the frame.
        face: number of the track.
        quality: 0 to 1.
        segment: of the recording: "row 3", or "marker 2".
        label, person: as given.
    """

    file: str
    source: str
    source_sha256: str
    frame: int
    time: float
    x: float
    y: float
    w: float
    h: float
    face: int
    quality: float
    segment: str
    label: str
    person: str

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise ValueError(f"label {self.label!r} is no expression")
        parts = self.file.split("/")
        if len(parts) != 3 or ".." in parts or parts[:2] != [self.person, self.label] or "\\" in self.file:
            raise ValueError(f"file {self.file!r} is not {self.person}/{self.label}/NAME")


COLUMNS = tuple(field.name for field in fields(Entry))
_KINDS = {"frame": int, "face": int, "time": float, "x": float, "y": float, "w": float, "h": float, "quality": float}


def read(folder: Path) -> tuple[Entry, ...]:
    """The manifest of a folder, in the order in which the faces were cut.

    Raises:
        ConfigError: missing or damaged; the message gives the number of the row, where the header is row 1.
    """
    path = folder / NAME
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != COLUMNS:
                raise ConfigError(f"{path}: its columns are not {', '.join(COLUMNS)}; give a folder that fer-cam faces made")
            return tuple(_entry(path, number, row) for number, row in enumerate(rows, 2))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give a folder that fer-cam faces made") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a recording, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_recording(folder: Path, digest: str) -> tuple[Entry, ...]:
    """The entries of a recording in a folder; none if there is no folder yet.

    Raises:
        ConfigError: its manifest is damaged, or there are other files but no manifest.
    """
    if (folder / NAME).exists():
        return tuple(entry for entry in read(folder) if entry.source_sha256 == digest)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} has other files and no {NAME}; give a new folder, or one that fer-cam faces made")
    return ()


def add(folder: Path, source: str, digest: str, cuts: Sequence[Cut]) -> tuple[Entry, ...]:
    """Writes the crops of a recording, replacing its earlier ones in the folder, and returns their entries.

    Raises:
        SinkError: they cannot be written; new images are removed then, and the manifest stays as it was.
    """
    path = folder / NAME
    before = read(folder) if path.exists() else ()
    old = {entry.file for entry in before if entry.source_sha256 == digest}
    new = [(_described(crop, cut, source, digest), crop) for cut in cuts for crop in cut.crops]
    kept = {entry.file for entry, _ in new}
    written: list[Path] = []
    try:
        for entry, crop in new:
            image = folder / entry.file
            image.parent.mkdir(parents=True, exist_ok=True)
            if entry.file not in old:
                written.append(image)
            image.write_bytes(cv2.imencode(".png", crop.small)[1].tobytes())
        others = (entry for entry in before if entry.source_sha256 != digest)
        _write(path, (*others, *(entry for entry, _ in new)))
    except OSError as error:
        for image in written:
            image.unlink(missing_ok=True)
        raise SinkError(f"cannot write {folder}: {reason(error)}") from error
    for name in old - kept:
        (folder / name).unlink(missing_ok=True)
    return tuple(entry for entry, _ in new)


def _described(crop: Crop, cut: Cut, source: str, digest: str) -> Entry:
    x1, y1, x2, y2 = (round(float(value), 1) for value in crop.box_xyxy)
    stem = shortened(re.sub(r"[^\w.-]+", "-", Path(source).stem), 80)
    name = f"{stem}-{digest[:DIGITS]}-{crop.frame:06}-{crop.face}.png"
    segment = cut.segment
    return Entry(
        file=f"{segment.person}/{segment.label}/{name}",
        source=source,
        source_sha256=digest,
        frame=crop.frame,
        time=round(crop.time_s, 3),
        x=x1,
        y=y1,
        w=round(x2 - x1, 1),
        h=round(y2 - y1, 1),
        face=crop.face,
        quality=round(crop.quality, 2),
        segment=segment.name,
        label=segment.label,
        person=segment.person,
    )


def _write(path: Path, entries: Iterable[Entry]) -> None:
    """Writes the manifest anew, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.tmp")
    try:
        with aside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(astuple(entry) for entry in entries)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _entry(path: Path, number: int, row: Sequence[str]) -> Entry:
    try:
        values = {name: _KINDS.get(name, str)(value) for name, value in zip(COLUMNS, row, strict=True)}
        return Entry(**values)
    except ValueError as error:
        raise ConfigError(f"{path}: row {number}: {error}; the file is damaged, cut the faces again") from error
