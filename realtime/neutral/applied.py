"""Applies a profile to one face of each frame. A profile belongs to one person, and fer-cam does not identify people."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from realtime.faces.tracker import Sighting
from realtime.neutral.profile import Profile

TAKEOVER = 1.25
"""A face takes the profile over when it is this many times as wide as the one that has it."""


class Applied:
    """A profile, and the face that has it: the largest one, until it leaves or another one is clearly larger.

    Args:
        profile: None for none.
    """

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile
        self._owner: int | None = None

    def choose(self, sightings: Sequence[Sighting]) -> None:
        """Chooses the face among those of a frame."""
        sides = {each.id: float(each.box_xyxy[2] - each.box_xyxy[0]) for each in sightings}
        if not sides:
            return  # it may come back with its number
        largest = max(sides, key=lambda number: (sides[number], -number))
        if self._owner not in sides or sides[largest] > TAKEOVER * sides[self._owner]:
            self._owner = largest

    def correct(self, face_id: int, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probabilities of a face, float32 (k,): corrected if it has the profile."""
        return raw if self.profile is None or face_id != self._owner else self.profile.correct(raw)

    def name(self, face_id: int) -> str | None:
        """The name of the profile that a face has."""
        return None if self.profile is None or face_id != self._owner else self.profile.name
