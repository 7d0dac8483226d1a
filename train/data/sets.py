"""The joined face sets: where each file is, how it is split, and how the sets are combined.

The files are not part of the project; `train/README.md` explains how to get each set and make its file. A missing set is an
error, because two runs of a recipe must use the same faces.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from realtime.labels import LABELS, NO_FACE
from train.data import ckplus, datasets, fer2013, protocols
from train.data.datasets import FaceSet, with_labels

CLASSES = (*LABELS, NO_FACE)
"""Outputs of a network trained on all sets: eight expressions and "no face"."""

HELD_OUT_FOLDS = 5
"""CK+48's persons with a sorted position divisible by this are held out for evaluation: 24 of 118."""

BASIC_EXPRESSIONS = ("Neutral", "Happy", "Surprised", "Sad", "Angry", "Disgusted", "Fearful")
"""CFEE's basic expressions; the other categories are compounds, awe, appall and hatred."""

BETWEEN_FACES = 1500
"""Number of generated images with parts of two faces; about half the number of false positives."""

UTKFACE = "utkface48.npz"
"""Its file; `train.data.utkface` reads the groups."""

UTKFACE_ONE_IN = 5
"""One in this many of its faces is kept for the table by group, and never trained on."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The two parts of a set; no person, photograph or near copy is in both.

    Attributes:
        train: for training.
        val: for model selection and evaluation, never for training.
        copies: number of training faces dropped as copies.
    """

    train: FaceSet
    val: FaceSet
    copies: int = 0


@dataclass(frozen=True)
class Entry:
    """A known set.

    Attributes:
        name: of the set; the names of its faces begin with it.
        about: what it is, in words, for model cards.
        files: its files in the folder of all sets.
        remedy: how to get it, for the message about a missing file.
        read: reads it from the folder of all sets; see `load`.
        labelled: False for faces without expression labels, which are used only with a teacher.
    """

    name: str
    about: str
    files: tuple[str, ...]
    remedy: str
    read: Callable[[Path], Parts]
    labelled: bool = True


def load(entry: Entry, folder: Path) -> Parts:
    """Both parts of one set.

    Raises:
        ConfigError: a file is missing, in which case the message says where to ask for it, or damaged.
    """
    require(entry, folder)
    return entry.read(folder)


def require(entry: Entry, folder: Path) -> None:
    """Looks for the files of a set.

    Raises:
        ConfigError: one is missing; the message says how to get it.
    """
    for name in entry.files:
        if not (folder / name).is_file():
            raise ConfigError(f'{folder / name} is missing; {entry.remedy} ("Joined sets" in train/README.md has the format)')


def gather(folder: Path, *, unlabelled: bool) -> Parts:
    """Joins all sets, without copies.

    Training excludes exact and near copies (correlation above 0.97) of any set's validation faces, and copies of faces in
    earlier sets. A row's name is `<set>/<name in the set>`. Targets have nine columns; unlabelled rows sum to 0.

    Args:
        folder: with the files of all sets.
        unlabelled: whether to include the unlabelled sets.

    Raises:
        ConfigError: a file is missing or damaged.
    """
    entries = [entry for entry in SETS if entry.labelled or unlabelled]
    divided = [(entry, load(entry, folder)) for entry in entries]
    val = concatenate(_renamed(entry.name, parts.val) for entry, parts in divided)
    train = concatenate([])
    for entry, parts in divided:
        fresh = datasets.drop_copies(_renamed(entry.name, parts.train), of=val)
        train = concatenate([train, fresh.where(~datasets.near_copies(fresh, train))] if len(train) else [fresh])
    copies = sum(len(parts.train) for _, parts in divided) - len(train)
    return Parts(concatenate([train, between_faces(train, BETWEEN_FACES)]), val, copies)


def concatenate(sets: Iterable[FaceSet]) -> FaceSet:
    """The rows of all sets in order; every set has CLASSES."""
    several = list(sets)
    empty = FaceSet(np.zeros((0, 48, 48), np.uint8), np.zeros((0, len(CLASSES)), np.float32), CLASSES, ())
    several = [empty, *several]
    return FaceSet(
        np.concatenate([faces.images for faces in several]),
        np.concatenate([faces.targets for faces in several]),
        CLASSES,
        tuple(name for faces in several for name in faces.names),
    )


def learned_persons(path: Path) -> FaceSet:
    """CK+48's training persons (sorted position not divisible by 5), with the eight classes."""
    faces = ckplus.load_ckplus(path)
    return with_labels(faces.where(protocols.by_person(faces, 0, HELD_OUT_FOLDS).train), LABELS)


def held_out_persons(path: Path) -> FaceSet:
    """CK+48's held-out persons, with the eight classes, for evaluation only. Neutral has no images."""
    faces = ckplus.load_ckplus(path)
    return with_labels(faces.where(protocols.by_person(faces, 0, HELD_OUT_FOLDS).test), LABELS)


def between_faces(faces: FaceSet, count: int, seed: int = 0) -> FaceSet:
    """Makes `no face` images: crops from the middle between two faces placed side by side or one above the other.

    They mimic false positives of the cascade beside and below real faces. At most 0.65 of each face is visible.

    Args:
        faces: source of the crops; only labelled rows are used.
        count: number of images to make.
        seed: of the random choice.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(faces.targets[:, : len(LABELS)].sum(axis=1) > 0)
    images = []
    for _ in range(count):
        first, second = faces.images[rng.choice(rows, 2, replace=False)]
        axis = int(rng.integers(2))
        both = np.concatenate([first, second], axis=axis)
        start = int(rng.integers(17, 32))
        images.append(both.take(range(start, start + 48), axis=axis))
    names = tuple(f"between/{number}" for number in range(count))
    return FaceSet(np.stack(images), _no_face(count), CLASSES, names)


def held_out(names: Iterable[str], one_in: int) -> NDArray[np.bool_]:
    """bool (n,): about one in `one_in`, chosen by a hash of the name, so that the choice never changes."""
    digests = [hashlib.sha256(name.encode()).digest()[:8] for name in names]
    return np.array([int.from_bytes(digest, "big") % one_in == 0 for digest in digests], dtype=np.bool_)


def _ferplus(folder: Path) -> Parts:
    data, votes = folder / "fer2013.csv.xz", folder / "fer2013new.csv"
    train, val = (fer2013.load_ferplus(data, votes, usage) for usage in ("Training", "PublicTest"))
    return Parts(with_labels(train, CLASSES), with_labels(val.with_majority(), CLASSES))


def _ckplus(folder: Path) -> Parts:
    path = folder / "ckplus48.zip"
    learned, others = learned_persons(path), held_out_persons(path)
    return Parts(with_labels(learned, CLASSES), with_labels(others, CLASSES))


def _rafdb(folder: Path) -> Parts:
    arrays = read_arrays(folder / "rafdb_train48.npz", "images", "labels", "names")
    names = tuple(str(name) for name in arrays["names"])
    targets = np.array([[label == other for other in CLASSES] for label in arrays["labels"]], dtype=np.float32)
    return _divided(FaceSet(arrays["images"], targets, CLASSES, names), held_out(names, 10))


def _cfee(folder: Path) -> Parts:
    """By person. Compound expressions share their target; only the basic ones are judged on."""
    arrays = read_arrays(folder / "cfee48.npz", "images", "targets", "categories", "persons")
    persons = [str(person) for person in arrays["persons"]]
    names = tuple(f"{person}/{category}" for person, category in zip(persons, arrays["categories"], strict=True))
    targets = np.pad(arrays["targets"], ((0, 0), (0, 1)))
    parts = _divided(FaceSet(arrays["images"], targets, CLASSES, names), held_out(persons, 4))
    basic = np.array([name.rpartition("/")[2] in BASIC_EXPRESSIONS for name in parts.val.names])
    return Parts(parts.train, parts.val.where(basic))


def _false_positives(folder: Path) -> Parts:
    """By photograph or page."""
    arrays = read_arrays(folder / "not_faces48.npz", "images", "sources", "kinds")
    sources = [str(source) for source in arrays["sources"]]
    names = tuple(f"{kind}/{row}" for row, kind in enumerate(arrays["kinds"]))
    return _divided(FaceSet(arrays["images"], _no_face(len(names)), CLASSES, names), held_out(sources, 5))


def _utkface(folder: Path) -> Parts:
    """No labels: a fifth is kept for the table by age, sex and group, and is not judged on during a run."""
    arrays = read_arrays(folder / UTKFACE, "images", "names")
    names = tuple(str(name) for name in arrays["names"])
    faces = FaceSet(arrays["images"], np.zeros((len(names), len(CLASSES)), np.float32), CLASSES, names)
    return Parts(faces.where(~held_out(names, UTKFACE_ONE_IN)), faces.where(np.zeros(len(names), np.bool_)))


SETS: tuple[Entry, ...] = (
    Entry(
        "ferplus",
        "FER2013 with FER+ votes; validation: PublicTest rows with a majority",
        ("fer2013.csv.xz", "fer2013new.csv"),
        "ask Kaggle (facial expression recognition challenge) for the images and Microsoft's repository FERPlus for the votes",
        _ferplus,
    ),
    Entry(
        "rafdb",
        "RAF-DB's training part; validation: one in ten by a hash of the name",
        ("rafdb_train48.npz",),
        "ask the authors of RAF-DB at BUPT",
        _rafdb,
    ),
    Entry(
        "cfee",
        "CFEE; validation: one person in four, basic expressions",
        ("cfee48.npz",),
        "ask the authors of CFEE at Ohio State University",
        _cfee,
    ),
    Entry("ckplus", "CK+48; validation: one person in five", ("ckplus48.zip",), "ask the authors of CK+", _ckplus),
    Entry(
        "false-positives",
        "false positives of the Haar cascade; validation: one source in five",
        ("not_faces48.npz",),
        "run the cascade over photographs without people",
        _false_positives,
    ),
    Entry(
        "utkface",
        "UTKFace without labels, four faces in five",
        (UTKFACE,),
        "ask the authors of UTKFace",
        _utkface,
        labelled=False,
    ),
)
"""In order of priority: of near copies in several sets, the first set keeps its own."""


def _renamed(prefix: str, faces: FaceSet) -> FaceSet:
    return FaceSet(faces.images, faces.targets, faces.labels, tuple(f"{prefix}/{name}" for name in faces.names))


def _divided(faces: FaceSet, judged: NDArray[np.bool_]) -> Parts:
    return Parts(faces.where(~judged), faces.where(judged))


def _no_face(count: int) -> NDArray[np.float32]:
    targets = np.zeros((count, len(CLASSES)), np.float32)
    targets[:, CLASSES.index(NO_FACE)] = 1
    return targets


def read_arrays(path: Path, *wanted: str) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file."""
    try:
        with np.load(path) as archive:
            return {name: archive[name] for name in wanted}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error}); train/README.md says how to make it") from error
    except (ValueError, KeyError, EOFError) as error:
        raise ConfigError(f"{path}: is damaged or another file ({error}); train/README.md says how to make it") from error
