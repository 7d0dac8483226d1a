"""Labelled 48x48 faces in memory: FER2013 with FER+ votes or its own labels, and CK+48; cleaned of copies."""

import csv
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from realtime.labels import LABELS, PAPER_LABELS, canonical
from realtime.preprocess import SIZE

VOTE_COLUMNS = (*LABELS, "unknown", "NF")
FER2013_LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""What FER2013's own emotion column counts, from 0."""

LOST_PICTURE = ("Training", 5274)
"""The one row whose FER+ votes belong to a picture that is not known; see the data's README."""

NEAR_COPY = 0.97
"""Correlation of two 48x48 pictures above which they are the same photograph (other watermark, brightness, small shift)."""


class NoPictures(ConfigError):
    """The file is sound but has no picture of what was asked for."""


@dataclass(frozen=True, eq=False)
class FaceSet:
    """n labelled faces.

    Attributes:
        images: uint8 (n,48,48), gray, not equalized.
        targets: float32 (n,k), the share of annotators per class; what a row lacks to 1 was voted `unknown`.
        labels: the k class names.
        names: n identifiers, `Usage/row` or a path inside a data set; they make the manifest.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    labels: tuple[str, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        n, k = len(self.names), len(self.labels)
        if self.images.shape != (n, SIZE, SIZE) or self.images.dtype != np.uint8:
            raise ValueError(f"images are uint8 ({n},{SIZE},{SIZE}), not {self.images.dtype} {self.images.shape}")
        if self.targets.shape != (n, k):
            raise ValueError(f"targets are ({n},{k}), not {self.targets.shape}")

    def __len__(self) -> int:
        return len(self.names)

    def where(self, keep: NDArray[np.bool_]) -> "FaceSet":
        """The rows for which `keep`, bool (n,), is true."""
        names = tuple(name for name, kept in zip(self.names, keep, strict=True) if kept)
        return FaceSet(self.images[keep], self.targets[keep], self.labels, names)

    def with_majority(self) -> "FaceSet":
        """The rows on which more than half of the counted votes agree: the rows that FER+ scores are quoted on."""
        return self.where(self.targets.max(axis=1) > 0.5)

    def distributions(self) -> NDArray[np.float32]:
        """float32 (n,k): targets scaled so that every row sums to 1, for the loss."""
        return np.asarray(self.targets / self.targets.sum(axis=1, keepdims=True), dtype=np.float32)

    def classes(self) -> NDArray[np.intp]:
        """int (n,): index of each row's most voted class."""
        return np.asarray(self.targets.argmax(axis=1), dtype=np.intp)

    def digests(self) -> list[str]:
        """SHA-256 of each picture's pixels: equal for exact copies."""
        return [hashlib.sha256(image.tobytes()).hexdigest() for image in self.images]

    def manifest_sha256(self) -> str:
        """One hash over names, pixels and targets: two runs with the same hash saw the same data."""
        digest = hashlib.sha256(",".join(self.labels).encode())
        for name, image, target in zip(self.names, self.images, self.targets, strict=True):
            digest.update(name.encode() + image.tobytes() + target.tobytes())
        return digest.hexdigest()


def load_ferplus(pictures: Path, votes: Path, usage: str) -> FaceSet:
    """FER2013 pictures of one usage ("Training", "PublicTest") with FER+ vote distributions.

    Row i of one file belongs to row i of the other (FER+'s image names are not row numbers). Single votes are dropped as
    in the FER+ paper; rows whose most voted class is `unknown` or not-a-face are left out.

    Raises:
        ConfigError: a file is missing, truncated or not what it should be; the message names file and row.
    """
    images: list[NDArray[np.uint8]] = []
    targets: list[NDArray[np.float32]] = []
    names: list[str] = []
    with _open_text(pictures) as picture_file, _open_text(votes) as vote_file:
        vote_rows = _rows(votes, vote_file, VOTE_COLUMNS)
        for row, picture in enumerate(_rows(pictures, picture_file, ("pixels", "Usage"))):
            vote = next(vote_rows, None)
            if vote is None:
                raise ConfigError(f"{votes.name} ends before row {row} of {pictures.name}; it needs a row for every picture")
            if picture["Usage"] != usage or (usage, row) == LOST_PICTURE:
                continue
            counts = _votes(votes, row, vote)
            if counts.argmax() >= len(LABELS) or counts.max() == 0:
                continue
            images.append(_pixels(pictures, row, picture["pixels"]))
            # `unknown` and NF votes stay in the sum, so a row's majority is the FER+ majority
            targets.append(counts[: len(LABELS)] / counts.sum())
            names.append(f"{usage}/{row}")
        if next(vote_rows, None) is not None:
            raise ConfigError(f"{pictures.name} ends before {votes.name} does (truncated file?); get the whole file")
    return _face_set(pictures, usage, images, targets, LABELS, names)


def load_fer2013(pictures: Path, usage: str) -> FaceSet:
    """FER2013 pictures of one usage with FER2013's own labels: seven classes, one each, as float 0 or 1.

    Raises:
        ConfigError: the file is missing, truncated or not what it should be; the message names file and row.
    """
    labels = tuple(label for label in LABELS if label in FER2013_LABELS)
    images: list[NDArray[np.uint8]] = []
    targets: list[NDArray[np.float32]] = []
    names: list[str] = []
    with _open_text(pictures) as file:
        for row, picture in enumerate(_rows(pictures, file, ("emotion", "pixels", "Usage"))):
            if picture["Usage"] != usage:
                continue
            if picture["emotion"] not in {str(number) for number in range(len(FER2013_LABELS))}:
                raise ConfigError(f"{pictures.name}: row {row}: emotion {picture['emotion']!r} is not a number from 0 to 6")
            images.append(_pixels(pictures, row, picture["pixels"]))
            targets.append(_one_hot(FER2013_LABELS[int(picture["emotion"])], labels))
            names.append(f"{usage}/{row}")
    return _face_set(pictures, usage, images, targets, labels, names)


def load_ckplus(path: Path) -> FaceSet:
    """CK+48 from its zip: `CK+48/<class>/<subject>_<sequence>_<frame>.png`, read in memory, nothing is unpacked.

    Raises:
        ConfigError: missing, no zip, an unknown class or a broken picture; the message names the entry.
    """
    images: list[NDArray[np.uint8]] = []
    targets: list[NDArray[np.float32]] = []
    names: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(entry for entry in archive.namelist() if entry.lower().endswith(".png")):
                image = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)
                if image is None or image.shape != (SIZE, SIZE):
                    raise ConfigError(f"{path.name}: {name}: not a {SIZE}x{SIZE} picture; get CK+48 again")
                images.append(image.astype(np.uint8))
                targets.append(_one_hot(canonical(Path(name).parent.name), PAPER_LABELS))
                names.append("/".join(name.split("/")[-2:]))
    except KeyError as error:
        raise ConfigError(
            f"{path.name}: {error} is no class of CK+; its folders are named {', '.join(PAPER_LABELS)}"
        ) from error
    except (OSError, zipfile.BadZipFile, cv2.error) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give the path of ckplus48.zip") from error
    return _face_set(path, "a .png", images, targets, PAPER_LABELS, names)


def drop_copies(faces: FaceSet, of: FaceSet, min_correlation: float = NEAR_COPY) -> FaceSet:
    """`faces` without the pictures that also are (nearly) in `of`, and with each exact copy inside kept once."""
    seen: set[str] = set()
    keep = np.ones(len(faces), dtype=np.bool_)
    for row, digest in enumerate(faces.digests()):
        keep[row] = digest not in seen
        seen.add(digest)
    return faces.where(keep & ~near_copies(faces, of, min_correlation))


def near_copies(faces: FaceSet, of: FaceSet, min_correlation: float = NEAR_COPY) -> NDArray[np.bool_]:
    """bool (n,): which of `faces` are (nearly) in `of` too."""
    ours, theirs = _standardised(faces.images), _standardised(of.images)
    found = np.zeros(len(faces), dtype=np.bool_)
    for start in range(0, len(faces), 2048):
        block = slice(start, start + 2048)
        found[block] = (ours[block] @ theirs.T).max(axis=1) >= min_correlation
    return found


def _standardised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    return flat


def _face_set(
    path: Path,
    wanted: str,
    images: list[NDArray[np.uint8]],
    targets: list[NDArray[np.float32]],
    labels: tuple[str, ...],
    names: list[str],
) -> FaceSet:
    if not names:
        raise NoPictures(f"{path}: has no picture of {wanted!r}; is this the right file?")
    return FaceSet(np.stack(images), np.stack(targets), labels, tuple(names))


def _one_hot(label: str, labels: tuple[str, ...]) -> NDArray[np.float32]:
    return np.array([label == other for other in labels], dtype=np.float32)


def _votes(path: Path, row: int, vote: dict[str, str]) -> NDArray[np.float32]:
    """Votes per VOTE_COLUMNS, float32, single votes dropped."""
    try:
        counts = np.array([int(vote[column]) for column in VOTE_COLUMNS], dtype=np.float32)
    except ValueError as error:
        raise ConfigError(f"{path.name}: row {row}: a vote is no whole number ({error})") from error
    counts[counts <= 1] = 0
    return counts


def _pixels(path: Path, row: int, text: str) -> NDArray[np.uint8]:
    try:
        values = np.array(text.split(), dtype=np.int64)
    except ValueError as error:
        raise ConfigError(f"{path.name}: row {row}: a pixel is no whole number ({error})") from error
    if values.size != SIZE * SIZE or values.min() < 0 or values.max() > 255:
        raise ConfigError(
            f"{path.name}: row {row}: {values.size} pixels where {SIZE * SIZE} values of 0 to 255 belong (truncated file?)"
        )
    return values.astype(np.uint8).reshape(SIZE, SIZE)


def _rows(path: Path, file: TextIO, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The rows of a csv, each with all the needed columns; rows are counted from 0, without the header."""
    reader = csv.DictReader(file)
    row = 0
    try:
        missing = [column for column in needed if column not in (reader.fieldnames or ())]
        if missing:
            raise ConfigError(f"{path}: column {missing[0]!r} is missing; is this the right file?")
        for values in reader:
            if any(values[column] is None for column in needed):
                raise ConfigError(f"{path.name}: row {row}: its last columns are missing (truncated file?)")
            yield values
            row += 1
    except (csv.Error, UnicodeDecodeError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, OSError) as error:
        raise ConfigError(f"{path.name}: row {row}: cannot be read ({error}); the file is damaged, get it again") from error


def _open_text(path: Path) -> TextIO:
    try:
        if path.suffix == ".xz":
            return lzma.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".zip":
            return _open_zipped(path)
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give the path of the data file") from error


def _open_zipped(path: Path) -> TextIO:
    """The csv inside a zip: the only one, or the one called fer2013.csv."""
    try:
        # the archive may be closed first: the entry keeps the file open
        with zipfile.ZipFile(path) as archive:
            tables = [name for name in archive.namelist() if name.lower().endswith(".csv") and not name.startswith("__MACOSX")]
            if len(tables) != 1:
                tables = [name for name in tables if name.rpartition("/")[2].lower() == "fer2013.csv"]
            if len(tables) != 1:
                raise ConfigError(f"{path}: has not one fer2013.csv but {len(tables)}; unpack it and give the csv file")
            return io.TextIOWrapper(archive.open(tables[0]), encoding="utf-8", newline="")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # RuntimeError: it has a password
        raise ConfigError(f"{path}: cannot be read ({error}); get the file again, or unpack it yourself") from error
