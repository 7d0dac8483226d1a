"""UTKFace's held-out fifth with age, sex and group, for the table by group. It has no expression labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.data import sets
from train.data.datasets import FaceSet

SEXES = ("male", "female")
GROUPS = ("White", "Black", "Asian", "Indian", "Other")
"""The data set's own words, in the order of its codes."""


@dataclass(frozen=True, eq=False)
class GroupedFaces:
    """n faces without expression labels.

    Attributes:
        faces: the images; targets are zero.
        age: int (n,), years, as the data set estimates them.
        sex, group: int (n,), places in SEXES and GROUPS.
        found: bool (n,), whether the Haar cascade finds the face in the photograph.
        smiling, resting: bool (n,), by the blendshapes of another program: mouth corners up, or everything at rest. Neither is
            an expression label by a person; a face may be neither.
    """

    faces: FaceSet
    age: NDArray[np.int16]
    sex: NDArray[np.int8]
    group: NDArray[np.int8]
    found: NDArray[np.bool_]
    smiling: NDArray[np.bool_]
    resting: NDArray[np.bool_]


def load_held_out(folder: Path) -> GroupedFaces:
    """The fifth that no network is trained on, not even through a teacher (see `sets.SETS`).

    Raises:
        ConfigError: the file is missing or damaged.
    """
    entry = next(entry for entry in sets.SETS if entry.name == "utkface")
    sets.require(entry, folder)
    columns = ("images", "names", "age", "sex", "race", "haar", "smiling", "resting")
    arrays = sets.read_arrays(folder / sets.UTKFACE, *columns)
    kept = sets.held_out((str(name) for name in arrays["names"]), sets.UTKFACE_ONE_IN)
    images, names, *others = (arrays[column][kept] for column in columns)
    unlabelled = np.zeros((len(names), len(sets.CLASSES)), np.float32)
    return GroupedFaces(FaceSet(images, unlabelled, sets.CLASSES, tuple(str(name) for name in names)), *others)
