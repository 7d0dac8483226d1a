"""The manifest of a run: a csv beside the checkpoint that lists every image, to check whether a test image was in training."""

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
"""Start of CK+ image names such as S005_001_00000011.png: subject, sequence, frame."""


@dataclass(frozen=True)
class Row:
    """One image of a run: a row of the csv.

    Attributes:
        path: its name in the data set.
        sha256: of its 48x48 gray pixels, from `FaceSet.digests`; copies have the same.
        label: the class with the most votes; "" if unlabelled.
        subject, sequence: person and recording; "" if the name has neither.
        split: its use, such as "train" or "validation".
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
    """All images of a run, part by part."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, **parts: FaceSet) -> Self:
        """The manifest of face sets, each named after its use: `Manifest.of(train=..., validation=...)`."""
        return cls(tuple(row for split, faces in parts.items() for row in _rows(split, faces)))

    def write(self, path: Path) -> None:
        """Writes the csv atomically.

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
            raise SinkError(f"{path}: cannot be written ({error.strerror}); free some space, or give another folder") from error


def read(path: Path) -> Manifest:
    """Reads a csv written by `Manifest.write`.

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
    """The person in a CK+ image, such as "S005"; "" for other names."""
    match = CKPLUS_NAME.match(name.rpartition("/")[2])
    return match[2] if match else ""


def sequence_of(name: str) -> str:
    """The sequence of a CK+ image, such as "S005_001"; "" for other names."""
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
                raise ValueError(f"{len(values)} values instead of {len(COLUMNS)}")
            yield Row(*values)
            row += 1
    except (csv.Error, ValueError) as error:
        raise ConfigError(f"{path}: row {row}: {error}; the file is damaged, run again to write it anew") from error
    if not text.endswith("\n"):
        raise ConfigError(f"{path}: row {row - 1}: its end is missing; the file is damaged, run again to write it anew")
