"""Compares two networks on the same units."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

CERTAIN = 0.05
"""A p-value below this counts as a difference."""


@dataclass(frozen=True)
class Paired:
    """Two networks on the same n units.

    Attributes:
        gained: units that only the second network reads correctly.
        lost: units that only the first one does.
    """

    gained: int
    lost: int

    @classmethod
    def of(cls, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> "Paired":
        """From the units that each network reads correctly, bool (n,)."""
        return cls(int((after & ~before).sum()), int((before & ~after).sum()))

    @property
    def p(self) -> float:
        """McNemar's exact test, two-sided: how likely so uneven changes are if neither network is better."""
        changes = self.gained + self.lost
        fewer = min(self.gained, self.lost)
        return min(1.0, 2 * sum(comb(changes, k) for k in range(fewer + 1)) / float(2**changes))

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "not shown"."""
        if self.p >= CERTAIN:
            return "not shown"
        return "better" if self.gained > self.lost else "worse"


def right_units(probs: NDArray[np.float32], truth: NDArray[np.intp], units: Sequence[str]) -> NDArray[np.bool_]:
    """bool (u,): whether the mean probabilities of each unit's faces favour its class; units by name.

    Args:
        probs: float32 (n,k).
        truth: int (n,), the same for all faces of a unit.
        units: n names.
    """
    names, of_face = np.unique(np.asarray(units), return_inverse=True)
    right = np.zeros(len(names), np.bool_)
    for unit in range(len(names)):
        rows = of_face == unit
        right[unit] = probs[rows].mean(axis=0).argmax() == truth[rows][0]
    return right
