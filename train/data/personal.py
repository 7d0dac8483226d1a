"""The faces that `fer-cam faces` cut, and how they are divided: by person, recording or segment, never by frame."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.crops import folder
from realtime.crops.folder import Entry
from realtime.errors import ConfigError
from realtime.preprocess import SIZE
from train.data import datasets
from train.data.datasets import FaceSet

PERSON, RECORDING, SEGMENT = "person", "recording", "segment"
MEANING = {
    PERSON: "each judged by a network that had not seen the person",
    RECORDING: "each judged by a network that knew the person, but not from this recording",
    SEGMENT: "each judged by a network that knew the person from the same recording: expect less elsewhere",
}
"""The ways to divide, each with the unit that is judged."""

LEAST_PERSONS = 3
"""With this many persons or more, faces are divided by person by default."""


@dataclass(frozen=True, eq=False)
class Personal:
    """n faces of one's own.

    Attributes:
        faces: the faces, with the classes of the network that they are for.
        entries: n rows of the manifest.
        missing: how many images of the manifest were deleted.
    """

    faces: FaceSet
    entries: tuple[Entry, ...]
    missing: int

    @property
    def segments(self) -> tuple[str, ...]:
        """n names: the segment of each face."""
        return tuple(_group(entry, SEGMENT) for entry in self.entries)


@dataclass(frozen=True, eq=False)
class Fold:
    """A division of the faces.

    Attributes:
        train: for training, without near-copies of `val`.
        val: to judge on.
        rows: int (m,), the rows of `val` among all faces.
    """

    train: FaceSet
    val: FaceSet
    rows: NDArray[np.intp]


def load(path: Path, labels: tuple[str, ...]) -> Personal:
    """Reads a folder of `fer-cam faces`; images that were deleted are left out.

    Args:
        path: the folder.
        labels: the classes of the network; the faces' labels must be among them.

    Raises:
        ConfigError: no such folder, a damaged manifest or image, fewer than two expressions, or one that the network lacks.
    """
    listed = folder.read(path)
    entries = tuple(entry for entry in listed if (path / entry.file).is_file())
    found = sorted({entry.label for entry in entries})
    if len(found) < 2:
        raise ConfigError(f"{path}: has {len(entries)} faces of {len(found)} expressions; cut faces of at least two")
    if unknown := [label for label in found if label not in labels]:
        raise ConfigError(f"{path}: has the expression {unknown[0]}, which the network does not have; give another --init")
    images = np.stack([_image(path / entry.file) for entry in entries])
    targets = np.array([[entry.label == label for label in labels] for entry in entries], dtype=np.float32)
    faces = FaceSet(images, targets, labels, tuple(entry.file for entry in entries))
    return Personal(faces, entries, len(listed) - len(entries))


def way(personal: Personal) -> str:
    """How these faces are best divided: by person, by recording if there are too few persons, or by segment."""
    if len({_group(entry, PERSON) for entry in personal.entries}) >= LEAST_PERSONS:
        return PERSON
    return RECORDING if len({_group(entry, RECORDING) for entry in personal.entries}) > 1 else SEGMENT


def divide(personal: Personal, by: str, most: int) -> tuple[Fold, ...]:
    """Divides the faces into folds, so that every face is in `val` once; groups stay whole, large ones are placed first.

    Args:
        personal: the faces.
        by: PERSON, RECORDING or SEGMENT.
        most: number of folds; fewer if there are fewer groups.

    Raises:
        ConfigError: there is only one group, or nothing is left for training.
    """
    groups = np.array([_group(entry, by) for entry in personal.entries])
    names, counts = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise ConfigError(f"all faces are of one {by}, so none can be held out; cut more, or give another --by")
    folds: list[list[str]] = [[] for _ in range(min(most, len(names)))]
    sizes = [0] * len(folds)
    for index in np.argsort(-counts, kind="stable"):
        smallest = sizes.index(min(sizes))
        folds[smallest].append(str(names[index]))
        sizes[smallest] += int(counts[index])
    return tuple(_fold(personal.faces, np.isin(groups, held_out), by) for held_out in folds)


def _fold(faces: FaceSet, held_out: NDArray[np.bool_], by: str) -> Fold:
    val = faces.where(held_out)
    train = datasets.drop_copies(faces.where(~held_out), of=val)
    if not len(train):
        raise ConfigError(f"divided by {by}, all other faces are near-copies of those held out; cut more varied ones")
    return Fold(train, val, np.flatnonzero(held_out))


def _group(entry: Entry, by: str) -> str:
    if by == PERSON:
        return entry.person
    recording = entry.source_sha256
    return recording if by == RECORDING else f"{recording}/{entry.segment}"


def _image(path: Path) -> NDArray[np.uint8]:
    try:
        image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    except (OSError, cv2.error):
        image = None
    if image is None or image.shape != (SIZE, SIZE):
        raise ConfigError(f"{path}: is no gray image of {SIZE}x{SIZE}; cut the faces again, or delete it")
    return np.asarray(image, dtype=np.uint8)
