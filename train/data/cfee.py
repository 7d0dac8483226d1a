"""CFEE's photographs by person, one of them neutral: for what depends on the person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.labels import LABELS, canonical
from realtime.neutral.profile import NEUTRAL
from train.data import sets
from train.data.datasets import FaceSet


@dataclass(frozen=True, eq=False)
class Persons:
    """Photographs of several persons.

    Attributes:
        faces: n of them, with the targets of the basic expressions.
        persons: str (n,).
        truth: int (n,), columns of LABELS.
    """

    faces: FaceSet
    persons: NDArray[np.str_]
    truth: NDArray[np.intp]

    def where(self, which: NDArray[np.bool_]) -> Persons:
        """Some of them."""
        return Persons(self.faces.where(which), self.persons[which], self.truth[which])

    @property
    def resting(self) -> dict[str, int]:
        """The row of each person's neutral photograph."""
        rows = np.flatnonzero(self.truth == LABELS.index(NEUTRAL))
        return {str(self.persons[row]): int(row) for row in rows}


def load_cfee(folder: Path) -> Persons:
    """The basic expressions of all persons of CFEE.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    entry = next(entry for entry in sets.SETS if entry.name == "cfee")
    sets.require(entry, folder)
    arrays = sets.read_arrays(folder / "cfee48.npz", "images", "categories", "persons")
    names = [str(category) for category in arrays["categories"]]
    basic = np.array([name in sets.BASIC_EXPRESSIONS for name in names])
    truth = np.array([LABELS.index(canonical(name)) for name, kept in zip(names, basic, strict=True) if kept], np.intp)
    persons = np.array([str(person) for person in arrays["persons"]])[basic]
    targets = np.eye(len(LABELS), dtype=np.float32)[truth]
    return Persons(FaceSet(arrays["images"][basic], targets, LABELS, tuple(persons.tolist())), persons, truth)


def unseen(people: Persons, seen: NDArray[np.bool_]) -> Persons:
    """The persons of whom no photograph is in `seen`, bool (n,), and who have a neutral one."""
    known = set(people.persons[seen].tolist())
    which = [str(person) in people.resting and person not in known for person in people.persons]
    return people.where(np.array(which, np.bool_))
