"""Where an image has changed since it was last searched: a detector would find there what it found before anywhere else."""

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
    """A part of an image in whole pixels, half-open."""

    x1: int
    y1: int
    x2: int
    y2: int

    def of(self, gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels in it."""
        return gray[self.y1 : self.y2, self.x1 : self.x2]


class ChangeDetector:
    """Compares frames with what was searched last."""

    def __init__(self) -> None:
        self._searched: NDArray[np.uint8] | None = None

    def take(
        self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], smallest: float, *, everything: bool = False
    ) -> tuple[Region, ...]:
        """What of a frame is to be searched, which counts as searched from now on.

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
            return (Region(0, 0, width, height),)
        differs = _differs(small, self._searched)
        for x1, y1, x2, y2 in np.rint(known_xyxy / scale).astype(int):
            differs[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = False
        regions = []
        side = min(max(1, round(smallest / scale)), WIDTH)  # nobody is larger than the image
        for piece in _pieces(differs & _dense(differs, side), round(MARGIN * side)):
            piece.of(self._searched)[:] = piece.of(small)
            corners = (np.array([piece.x1, piece.y1, piece.x2, piece.y2]) * scale).round().astype(int)
            regions.append(Region(*np.minimum(corners, [width, height, width, height]).tolist()))
        return tuple(regions)


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


def _pieces(differs: NDArray[np.bool_], reach: int) -> list[Region]:
    """Upright rectangles around what differs, (H,W), `reach` wider on each side; those that would touch are one."""
    grown = cv2.dilate(differs.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(grown)
    return [Region(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats[1:]]  # the first is what is the same
