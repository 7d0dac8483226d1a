"""What a run saw, image by image, as a csv beside its checkpoint: for whoever asks if a test image was in training."""

import csv
import io
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from realtime.errors import ConfigError, SinkError
from realtime.labels import LABELS, NO_FACE
from train.data.datasets import FaceSet

NAME = "manifest.csv"

CKPLUS_NAME = re.compile(r"((S\d{3})_\d{3})_\d+")
"""How CK+ begins an image's name, such as S005_001_00000011.png: subject, recording of that subject, frame of it."""


@dataclass(frozen=True)
class Row:
    """One image of a run.

    Attributes:
        path: its name in the data set.
        sha256: of its 48x48 gray pixels, as `FaceSet.digests` gives it; copies have the same.
        label: its class, the most voted one where annotators disagree; "" where it has none.
        subject, sequence: the person and the recording, "" where the name does not tell.
        split: the part it was used in, such as "train" or "validation".
    """

    path: str
    sha256: str
    label: str
    subject: str
    sequence: str
    split: str

    def __post_init__(self) -> None:
        if not self.path or not self.split:
            raise ValueError(f"{'split' if self.path else 'path'} is empty")
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError(f"sha256 is 64 hex digits, not {self.sha256!r}")
        if self.label not in (*LABELS, NO_FACE, ""):
            raise ValueError(f"{self.label!r} is no class")


COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Manifest:
    """All images of a run, in the order of its parts."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, **parts: FaceSet) -> Self:
        """The manifest of face sets, each named after its use: `Manifest.of(train=..., validation=...)`."""
        return cls(tuple(row for split, faces in parts.items() for row in _rows(split, faces)))

    def write(self, path: Path) -> None:
        """Writes the csv, whole or not at all.

        Raises:
            SinkError: it cannot be written.
        """
        aside = path.with_name(f"{path.name}.tmp")
        try:
            with aside.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(COLUMNS)
                writer.writerows([getattr(row, column) for column in COLUMNS] for row in self.rows)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except OSError as error:
            with suppress(OSError):
                aside.unlink()
            raise SinkError(f"{path}: cannot be written ({error.strerror}); make room, or give another folder") from error


def read(path: Path) -> Manifest:
    """Reads what `Manifest.write` wrote.

    Raises:
        ConfigError: missing or broken; the message names the row, counted from 0 without the header.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give the {NAME} of a run") from error
    return Manifest(tuple(_parsed(path, text)))


def subject_of(name: str) -> str:
    """The person on an image of CK+, such as "S005"; "" where the name does not tell."""
    match = CKPLUS_NAME.match(name.rpartition("/")[2])
    return match[2] if match else ""


def sequence_of(name: str) -> str:
    """The recording that an image of CK+ is a frame of, such as "S005_001"; "" where the name does not tell."""
    match = CKPLUS_NAME.match(name.rpartition("/")[2])
    return match[1] if match else ""


def _rows(split: str, faces: FaceSet) -> Iterator[Row]:
    labelled = faces.targets.sum(axis=1) > 0
    for name, digest, index, known in zip(faces.names, faces.digests(), faces.classes(), labelled, strict=True):
        yield Row(name, digest, faces.labels[index] if known else "", subject_of(name), sequence_of(name), split)


def _parsed(path: Path, text: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    row = 0
    try:
        if next(lines, None) != list(COLUMNS):
            raise ConfigError(f"{path}: its columns are not {', '.join(COLUMNS)}; give the {NAME} of a run")
        for values in lines:
            if len(values) != len(COLUMNS):
                raise ValueError(f"{len(values)} values where {len(COLUMNS)} belong")
            yield Row(*values)
            row += 1
    except (csv.Error, ValueError) as error:
        raise ConfigError(f"{path}: row {row}: {error}; the file is damaged, run again to write it anew") from error
    if not text.endswith("\n"):
        raise ConfigError(f"{path}: row {row - 1}: its end is missing; the file is damaged, run again to write it anew")
