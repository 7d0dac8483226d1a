"""Reads FER2013 from its csv, with FER+ votes or with its own labels."""

import csv
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from realtime.labels import LABELS
from realtime.preprocess import SIZE
from train.data.datasets import FaceSet, NoImages

VOTE_COLUMNS = (*LABELS, "unknown", "NF")
FER2013_LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""Classes of FER2013's own emotion column, from 0."""

ENCODING = "utf-8-sig"
"""UTF-8 with or without Excel's byte order mark."""

LOST_IMAGE = ("Training", 5274)
"""The one row with FER+ votes for an unknown image; see the data's README."""


def load_ferplus(data: Path, votes: Path, usage: str) -> FaceSet:
    """FER2013 images of one usage ("Training", "PublicTest") with FER+ vote distributions.

    Row i of one file belongs to row i of the other (FER+'s image names are not row numbers). As in the FER+ paper, single
    votes are dropped and rows with a majority for `unknown` or not-a-face are left out.

    Raises:
        ConfigError: a file is missing, truncated or not what it should be; the message names file and row.
    """
    images: list[NDArray[np.uint8]] = []
    targets: list[NDArray[np.float32]] = []
    names: list[str] = []
    with _open_text(data) as data_file, _open_text(votes) as vote_file:
        vote_rows = _rows(votes, vote_file, VOTE_COLUMNS)
        for row, fields in enumerate(_rows(data, data_file, ("pixels", "Usage"))):
            vote = next(vote_rows, None)
            if vote is None:
                raise ConfigError(f"{votes.name} ends before row {row} of {data.name}; it needs a row for every image")
            if vote.get("Usage") not in (None, "", fields["Usage"]):
                raise ConfigError(
                    f"{votes.name}: row {row}: has usage {vote['Usage']!r}, but {fields['Usage']!r} in {data.name};"
                    " give the votes for these images"
                )
            if fields["Usage"] != usage or (usage, row) == LOST_IMAGE:
                continue
            counts = _votes(votes, row, vote)
            if counts.argmax() >= len(LABELS) or counts.max() == 0:
                continue
            images.append(_pixels(data, row, fields["pixels"]))
            # the sum includes `unknown` and NF votes, so that majorities are FER+'s
            targets.append(counts[: len(LABELS)] / counts.sum())
            names.append(f"{usage}/{row}")
        if next(vote_rows, None) is not None:
            raise ConfigError(f"{data.name} ends before {votes.name} does (truncated file?); get the whole file")
    return _face_set(data, usage, images, targets, LABELS, names)


def load_fer2013(data: Path, usage: str) -> FaceSet:
    """FER2013 images of one usage with FER2013's own labels: one of seven classes each, as float 0 or 1.

    Raises:
        ConfigError: the file is missing, truncated or not what it should be; the message names file and row.
    """
    labels = tuple(label for label in LABELS if label in FER2013_LABELS)
    images: list[NDArray[np.uint8]] = []
    targets: list[NDArray[np.float32]] = []
    names: list[str] = []
    with _open_text(data) as file:
        for row, fields in enumerate(_rows(data, file, ("emotion", "pixels", "Usage"))):
            if fields["Usage"] != usage:
                continue
            if fields["emotion"] not in {str(number) for number in range(len(FER2013_LABELS))}:
                raise ConfigError(f"{data.name}: row {row}: emotion {fields['emotion']!r} is not a number from 0 to 6")
            images.append(_pixels(data, row, fields["pixels"]))
            targets.append(_one_hot(FER2013_LABELS[int(fields["emotion"])], labels))
            names.append(f"{usage}/{row}")
    return _face_set(data, usage, images, targets, labels, names)


def _face_set(
    path: Path,
    wanted: str,
    images: list[NDArray[np.uint8]],
    targets: list[NDArray[np.float32]],
    labels: tuple[str, ...],
    names: list[str],
) -> FaceSet:
    if not names:
        raise NoImages(f"{path}: has no image of {wanted!r}; is this the right file?")
    return FaceSet(np.stack(images), np.stack(targets), labels, tuple(names))


def _one_hot(label: str, labels: tuple[str, ...]) -> NDArray[np.float32]:
    return np.array([label == other for other in labels], dtype=np.float32)


def _votes(path: Path, row: int, vote: dict[str, str]) -> NDArray[np.float32]:
    """Votes per VOTE_COLUMNS, float32, single votes dropped."""
    try:
        counts = np.array([int(vote[column]) for column in VOTE_COLUMNS], dtype=np.float32)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{path.name}: row {row}: a vote is not an integer ({error})") from error
    counts[counts <= 1] = 0
    return counts


def _pixels(path: Path, row: int, text: str) -> NDArray[np.uint8]:
    try:
        values = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{path.name}: row {row}: a pixel is not an integer ({error})") from error
    if values.size != SIZE * SIZE or values.min() < 0 or values.max() > 255:
        raise ConfigError(
            f"{path.name}: row {row}: {values.size} pixel values; expected {SIZE * SIZE} from 0 to 255 (truncated file?)"
        )
    return values.astype(np.uint8).reshape(SIZE, SIZE)


def _rows(path: Path, file: TextIO, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows of a csv, each with all needed columns; counted from 0 without the header."""
    reader = csv.DictReader(file, skipinitialspace=True)  # icml_face_data.csv has "emotion, Usage, pixels"
    row = 0
    try:
        missing = [column for column in needed if column not in (reader.fieldnames or ())]
        if missing:
            raise ConfigError(f"{path}: column {missing[0]!r} is missing; is this the right file?")
        for values in reader:
            if any(values[column] is None for column in needed):
                raise ConfigError(f"{path.name}: row {row}: the last columns are missing (truncated file?)")
            yield values
            row += 1
    except (csv.Error, UnicodeDecodeError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, OSError) as error:
        raise ConfigError(f"{path.name}: row {row}: cannot be read ({error}); the file is damaged, get it again") from error


def _open_text(path: Path) -> TextIO:
    try:
        if path.suffix == ".xz":
            return lzma.open(path, "rt", encoding=ENCODING, newline="")
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding=ENCODING, newline="")
        if path.suffix == ".zip":
            return _open_zipped(path)
        return path.open(encoding=ENCODING, newline="")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give the path of the data file") from error


def _open_zipped(path: Path) -> TextIO:
    """The csv inside a zip: the only one, or fer2013.csv."""
    try:
        # the entry keeps the file open after the archive is closed
        with zipfile.ZipFile(path) as archive:
            tables = [name for name in archive.namelist() if name.lower().endswith(".csv") and not name.startswith("__MACOSX")]
            if len(tables) != 1:
                tables = [name for name in tables if name.rpartition("/")[2].lower() == "fer2013.csv"]
            if len(tables) != 1:
                raise ConfigError(
                    f"{path}: contains {len(tables)} files named fer2013.csv instead of one; unpack it and give the csv file"
                )
            return io.TextIOWrapper(archive.open(tables[0]), encoding=ENCODING, newline="")
    except (zipfile.BadZipFile, RuntimeError, ValueError, struct.error) as error:  # RuntimeError: it has a password
        raise ConfigError(f"{path}: cannot be read ({error}); get the file again, or unpack it yourself") from error
