"""Reads labelled images of any size from class folders, the layout of Kaggle's FER2013, CK+48 and others.

ROOT/<class>/<image>, or ROOT/<split>/<class>/<image>, in sorted order. A single outer folder, as in many archives
(ROOT/images/train/happy/1.jpg), is skipped and does not become part of the names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.errors import ConfigError
from realtime.faces.detector import Detector
from realtime.labels import LABELS, canonical
from realtime.sources.base import IMAGE_SUFFIXES
from train.data.datasets import FaceSet

SPLITS = {"train": "train", "test": "test", "validation": "validation", "val": "validation"}
"""Split folders in lower case -> our names of the splits."""


class Tree(Protocol):
    """A file or folder, on disk or inside an archive: the part of pathlib.Path needed here."""

    @property
    def name(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    def iterdir(self) -> "Iterator[Tree]": ...
    def is_dir(self) -> bool: ...
    def is_file(self) -> bool: ...
    def read_bytes(self) -> bytes: ...


@dataclass(frozen=True)
class LabelledImage:
    """One image file: location, name (its path inside the tree, with slashes) and class, one of LABELS."""

    path: Tree
    name: str
    label: str


@dataclass(frozen=True, eq=False)
class FoundFaces:
    """Faces detected in n photographs.

    Attributes:
        faces: the largest face of each photograph that has one; `labels` are the classes of all photographs.
        faceless: names of the photographs without a face.
    """

    faces: FaceSet
    faceless: tuple[str, ...]

    @property
    def pictures(self) -> int:
        """Number of photographs searched."""
        return len(self.faces) + len(self.faceless)


def load_folder(root: Path, split: str | None = None) -> FaceSet:
    """Face images of a tree, gray and shrunk to 48x48; `labels` are the classes with a folder, in the order of LABELS.

    Raises:
        ConfigError: missing tree or split, unknown or empty class, or broken image; the message names it.
    """
    files = find_images(root, split)
    return load_images(files, _labels(files))


def load_images(files: tuple[LabelledImage, ...], labels: tuple[str, ...]) -> FaceSet:
    """Reads face images, gray and shrunk to 48x48, with the given classes.

    Raises:
        ConfigError: broken image; the message names it.
    """
    images = [preprocess.shrink(read_gray(file)) for file in files]
    return _face_set(files, images, labels)


def detect_faces(root: Path, split: str | None, detector: Detector) -> FoundFaces:
    """The largest face of every photograph of a tree, gray and shrunk to 48x48.

    Raises:
        ConfigError: as `load_folder`, or no photograph has a face.
    """
    files = find_images(root, split)
    images: list[NDArray[np.uint8]] = []
    faceless: set[str] = set()
    for file in files:
        gray = read_gray(file)
        boxes_xyxy = detector.detect(gray).boxes_xyxy
        if len(boxes_xyxy) == 0:
            faceless.add(file.name)
            continue
        areas = (boxes_xyxy[:, 2] - boxes_xyxy[:, 0]) * (boxes_xyxy[:, 3] - boxes_xyxy[:, 1])
        images.append(preprocess.shrink(preprocess.crop(gray, boxes_xyxy[areas.argmax()])))
    if not images:
        raise ConfigError(f"{root}: no face found in any of {len(files)} images; if they are face crops, omit --detect")
    with_face = tuple(file for file in files if file.name not in faceless)
    return FoundFaces(_face_set(with_face, images, _labels(files)), tuple(sorted(faceless)))


def find_images(root: Tree, split: str | None = None) -> tuple[LabelledImage, ...]:
    """All images of a tree or of one split, with their classes.

    Raises:
        ConfigError: missing tree or split, unknown or empty class; the message names the folder.
    """
    root = _unwrapped(root)
    parent = _split_folder(root, split)
    prefix = "" if parent is root else f"{parent.name}/"
    classes = _folders(parent)
    if not any(_label(folder) for folder in classes):
        names = f"only {_list(folder.name for folder in classes)}" if classes else "no folder at all"
        raise ConfigError(f"{parent}: no class folder, {names}; give the folder that holds {_list(LABELS)}")
    files: list[LabelledImage] = []
    for folder in classes:
        label = _label(folder)
        if label is None:
            raise ConfigError(f"{folder}: {folder.name!r} is no class; name the folder as one of {_list(LABELS)}, or remove it")
        paths = [path for path in _entries(folder) if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
        if not paths:
            raise ConfigError(f"{folder}: the class has no images; add some, or remove the folder")
        files += (LabelledImage(path, f"{prefix}{folder.name}/{path.name}", label) for path in paths)
    return tuple(files)


def splits(root: Tree) -> tuple[str, ...]:
    """The splits of a tree: "train", "test", "validation".

    Raises:
        ConfigError: the tree cannot be read.
    """
    return tuple(SPLITS[folder.name.lower()] for folder in _folders(_unwrapped(root)) if folder.name.lower() in SPLITS)


def read_gray(file: LabelledImage) -> NDArray[np.uint8]:
    """The image as uint8 (H,W), rotated by its EXIF orientation like in the live program.

    Raises:
        ConfigError: the tree cannot be read.
    """
    try:
        data = file.path.read_bytes()  # on Windows imread fails for names outside the code page
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except (OSError, cv2.error) as error:
        reason = error.strerror if isinstance(error, OSError) else error.err
        raise ConfigError(f"{file.path}: cannot be read ({reason}); get the image again, or remove it") from error
    if image is None:
        raise ConfigError(f"{file.path}: cannot be read as an image; it is damaged: get it again, or remove it")
    return preprocess.to_gray(np.asarray(image, dtype=np.uint8))


def _unwrapped(root: Tree) -> Tree:
    """The tree, or its only folder, such as CK+48/ or images/."""
    inner = _folders(root)
    while len(inner) == 1 and _label(inner[0]) is None and inner[0].name.lower() not in SPLITS:
        deeper = _folders(inner[0])
        if not deeper:  # an unknown class: the error names it from here
            break
        root, inner = inner[0], deeper
    return root


def _split_folder(root: Tree, split: str | None) -> Tree:
    """The folder that contains the class folders."""
    folders = _folders(root)
    splits = [folder for folder in folders if folder.name.lower() in SPLITS]
    if not splits:
        if split is not None:
            raise ConfigError(f"{root}: has no split folders; omit --split")
        return root
    others = [folder for folder in folders if folder not in splits]
    if others:
        raise ConfigError(
            f"{others[0]}: is not a split, but lies beside the splits {_list(s.name for s in splits)}; move it away"
        )
    if split is None:
        raise ConfigError(
            f"{root}: has the splits {_list(s.name for s in splits)}; choose one with --split, or give its folder"
        )
    wanted = [folder for folder in splits if SPLITS[folder.name.lower()] == SPLITS.get(split.lower())]
    if len(wanted) != 1:
        many = f"has the split {split!r} twice" if wanted else f"has no split {split!r}"
        raise ConfigError(f"{root}: {many}; its splits are {_list(s.name for s in splits)}")
    return wanted[0]


def _folders(root: Tree) -> list[Tree]:
    # macOS adds __MACOSX to zip files
    return [path for path in _entries(root) if path.is_dir() and path.name != "__MACOSX"]


def _entries(folder: Tree) -> list[Tree]:
    """The entries of a folder, sorted by name, without hidden files."""
    try:
        return sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read as a folder ({error.strerror}); give a folder of class folders") from error


def _label(folder: Tree) -> str | None:
    try:
        return canonical(folder.name)
    except KeyError:
        return None


def _labels(files: tuple[LabelledImage, ...]) -> tuple[str, ...]:
    there = {file.label for file in files}
    return tuple(label for label in LABELS if label in there)


def _face_set(files: tuple[LabelledImage, ...], images: list[NDArray[np.uint8]], labels: tuple[str, ...]) -> FaceSet:
    targets = np.array([[file.label == label for label in labels] for file in files], dtype=np.float32)
    return FaceSet(np.stack(images), targets, labels, tuple(file.name for file in files))


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
