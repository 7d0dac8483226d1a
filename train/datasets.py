"""Labelled 48x48 faces in memory: FER2013 pictures with FER+ votes, split and cleaned of copies."""

import csv
import gzip
import hashlib
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from realtime.labels import LABELS
from realtime.preprocess import SIZE

VOTE_COLUMNS = (*LABELS, "unknown", "NF")
LOST_PICTURE = ("Training", 5274)
"""The one row whose FER+ votes belong to a picture that is not known; see the data's README."""

NEAR_COPY = 0.97
"""Correlation of two 48x48 pictures above which they are the same photograph (other watermark, brightness, small shift)."""


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
        rows = zip(_rows(pictures, picture_file, ("pixels", "Usage")), _rows(votes, vote_file, VOTE_COLUMNS), strict=True)
        row = -1
        try:
            for row, (picture, vote) in enumerate(rows):
                if picture["Usage"] != usage or (usage, row) == LOST_PICTURE:
                    continue
                counts = np.array([int(vote[column]) for column in VOTE_COLUMNS], dtype=np.float32)
                counts[counts <= 1] = 0
                if counts.argmax() >= len(LABELS) or counts.max() == 0:
                    continue
                images.append(_pixels(picture["pixels"]))
                # `unknown` and NF votes stay in the sum, so a row's majority is the FER+ majority
                targets.append(counts[: len(LABELS)] / counts.sum())
                names.append(f"{usage}/{row}")
        except (ValueError, TypeError, EOFError, lzma.LZMAError, OSError) as error:
            raise ConfigError(f"{pictures.name} with {votes.name}: row {row + 1}: {error}") from error
    if not names:
        raise ConfigError(f"{pictures}: no row with Usage {usage!r}")
    return FaceSet(np.stack(images), np.stack(targets), LABELS, tuple(names))


def drop_copies(faces: FaceSet, of: FaceSet, min_correlation: float = NEAR_COPY) -> FaceSet:
    """`faces` without the pictures that also are (nearly) in `of`, and with each exact copy inside kept once."""
    seen: set[str] = set()
    keep = np.ones(len(faces), dtype=np.bool_)
    for row, digest in enumerate(faces.digests()):
        keep[row] = digest not in seen
        seen.add(digest)
    ours, theirs = _standardised(faces.images), _standardised(of.images)
    for start in range(0, len(faces), 2048):
        block = slice(start, start + 2048)
        keep[block] &= (ours[block] @ theirs.T).max(axis=1) < min_correlation
    return faces.where(keep)


def _standardised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    return flat


def _pixels(text: str) -> NDArray[np.uint8]:
    values = np.array(text.split(), dtype=np.int64)
    if values.size != SIZE * SIZE or values.min() < 0 or values.max() > 255:
        raise ValueError(f"{values.size} pixels where {SIZE * SIZE} values of 0 to 255 belong (truncated file?)")
    return values.astype(np.uint8).reshape(SIZE, SIZE)


def _rows(path: Path, file: TextIO, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(file)
    missing = [column for column in needed if column not in (reader.fieldnames or ())]
    if missing:
        raise ConfigError(f"{path}: column {missing[0]!r} is missing; is this the right file?")
    yield from reader


def _open_text(path: Path) -> TextIO:
    try:
        if path.suffix == ".xz":
            return lzma.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8", newline="")
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give the path of the data file") from error
