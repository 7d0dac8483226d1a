"""Where a picture has changed since it was last searched: a detector would find there what it found before anywhere else."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH = 160
"""Pixels of the small copies that are compared: a face of a twelfth of the frame's height is 7 of them wide."""

LEVELS = 6
"""Gray levels by which a pixel of the small copy must lie outside what was around its place before; noise of a dim camera is 2
or 3 there."""

AROUND = np.ones((3, 3), np.uint8)
"""So far, in pixels of the small copy, a camera held by hand may have moved without everything being new."""

SHARE = 0.3
"""Part of the smallest face's square that must differ: who comes changes most of it, the shoulders of a known person who moves
change stripes. Of faces laid over frames of real clips, made as bright as what they hide, 99.5 % (near) and 95 % (far) change
more; who is overlooked is found when everything is searched anyway."""

MARGIN = 1.0
"""Faces that begin to be one stretch around what changed: by so many times the smallest face's side."""


@dataclass(frozen=True)
class Region:
    """A part of a frame in whole pixels, half-open."""

    x1: int
    y1: int
    x2: int
    y2: int

    @classmethod
    def whole(cls, gray: NDArray[np.uint8]) -> "Region":
        """All of a frame, uint8 (H,W)."""
        return cls(0, 0, gray.shape[1], gray.shape[0])

    def of(self, gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels in it."""
        return gray[self.y1 : self.y2, self.x1 : self.x2]


class Novelty:
    """Compares frames with what was searched last."""

    def __init__(self) -> None:
        self._searched: NDArray[np.uint8] | None = None

    def take(
        self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], smallest: float, *, everything: bool = False
    ) -> Region | None:
        """What of a frame is to be searched, which counts as searched from now on; None if nothing is new.

        That is what changed outside the known faces, as far as a face could be there, with some room.

        Args:
            gray: uint8 (H,W).
            known_xyxy: float32 (n,4), the known faces.
            smallest: side of the smallest face looked for, in pixels.
            everything: the whole frame, changed or not.
        """
        height, width = gray.shape
        scale = width / WIDTH
        small = np.asarray(cv2.resize(gray, (WIDTH, max(1, round(height / scale))), interpolation=cv2.INTER_AREA), np.uint8)
        if everything or self._searched is None or self._searched.shape != small.shape:
            self._searched = small
            return Region.whole(gray)
        differs = _differs(small, self._searched)
        for x1, y1, x2, y2 in np.rint(known_xyxy / scale).astype(int):
            differs[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = False
        differs &= _dense(differs, max(1, round(smallest / scale)))
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if len(rows) == 0:
            return None
        reach = MARGIN * smallest
        region = Region(
            max(0, round(columns[0] * scale - reach)),
            max(0, round(rows[0] * scale - reach)),
            min(width, round((columns[-1] + 1) * scale + reach)),
            min(height, round((rows[-1] + 1) * scale + reach)),
        )
        searched = (
            slice(int(region.y1 / scale), int(np.ceil(region.y2 / scale))),
            slice(int(region.x1 / scale), int(np.ceil(region.x2 / scale))),
        )
        self._searched[searched] = small[searched]
        return region


def _differs(small: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels are brighter or darker than everything around their place before, (H,W)."""
    brighter = cv2.subtract(small, cv2.dilate(before, AROUND)) > LEVELS
    darker = cv2.subtract(cv2.erode(before, AROUND), small) > LEVELS
    return np.asarray(brighter | darker)


def _dense(differs: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Which pixels lie in a square, `side` wide, of which SHARE and more differs, (H,W)."""
    share = cv2.blur(differs.astype(np.float32), (side, side), borderType=cv2.BORDER_CONSTANT)
    # `share` stands in the middle of its square; where that has an even side, the square turned by 180 degrees goes back
    square = np.ones((side, side), np.uint8)
    anchor = (side - 1 - side // 2,) * 2
    return np.asarray(cv2.dilate((share >= SHARE).astype(np.uint8), square, anchor=anchor) > 0)
