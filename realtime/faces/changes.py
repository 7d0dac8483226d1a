"""Detects where an image has changed since it was last searched; elsewhere a detector would repeat its last result."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH = 160
"""Width in pixels of the small copies that are compared: a face of a twelfth of the frame's height is 7 pixels wide."""

LEVELS = 6
"""Gray levels by which a pixel of the small copy must differ from its earlier neighbourhood; the noise of a dim camera is 2
or 3."""

AROUND = np.ones((3, 3), np.uint8)
"""The earlier neighbourhood of a pixel in the small copy: a hand-held camera may move by one pixel without a change."""

SHARE = 0.3
"""Share of the smallest face's square that must differ. A new face changes most of it; the moving shoulders of a known person
change narrow stripes. Of faces pasted into frames of real clips at the brightness of the background, 99.5 % (near) and 95 %
(far) change more. The regular search of the whole frame finds the others."""

MARGIN = 1.0
"""Margin around a change, in sides of the smallest face."""


@dataclass(frozen=True)
class Region:
    """A rectangle of an image in whole pixels, half-open."""

    x1: int
    y1: int
    x2: int
    y2: int

    def of(self, gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Its pixels."""
        return gray[self.y1 : self.y2, self.x1 : self.x2]


class ChangeDetector:
    """Compares frames with the pixels that were searched last."""

    def __init__(self) -> None:
        self._searched: NDArray[np.uint8] | None = None

    def take(
        self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], smallest: float, *, everything: bool = False
    ) -> tuple[Region, ...]:
        """The regions of a frame to search, which count as searched from now on.

        These are the changes outside the known faces that are large enough for a face, with a margin.

        Args:
            gray: uint8 (H,W).
            known_xyxy: float32 (n,4), the known faces.
            smallest: side of the smallest face to find, in pixels.
            everything: return the whole frame, changed or not.
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
        side = min(max(1, round(smallest / scale)), WIDTH)  # no face is larger than the image
        for piece in _pieces(differs & _dense(differs, side), round(MARGIN * side)):
            piece.of(self._searched)[:] = piece.of(small)
            corners = (np.array([piece.x1, piece.y1, piece.x2, piece.y2]) * scale).round().astype(int)
            regions.append(Region(*np.minimum(corners, [width, height, width, height]).tolist()))
        return tuple(regions)


def _differs(small: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels are brighter or darker than their whole earlier neighbourhood, (H,W)."""
    brighter = cv2.subtract(small, cv2.dilate(before, AROUND)) > LEVELS
    darker = cv2.subtract(cv2.erode(before, AROUND), small) > LEVELS
    return np.asarray(brighter | darker)


def _dense(differs: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Which pixels lie in a square, `side` wide, of which at least SHARE differs, (H,W)."""
    share = cv2.blur(differs.astype(np.float32), (side, side), borderType=cv2.BORDER_CONSTANT)
    # `share` is stored at the centre of its square; for an even side, the dilation needs the anchor mirrored
    square = np.ones((side, side), np.uint8)
    anchor = (side - 1 - side // 2,) * 2
    return np.asarray(cv2.dilate((share >= SHARE).astype(np.uint8), square, anchor=anchor) > 0)


def _pieces(differs: NDArray[np.bool_], reach: int) -> list[Region]:
    """Rectangles around the differing pixels, (H,W), `reach` wider on each side; those that touch are merged."""
    grown = cv2.dilate(differs.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(grown)
    return [Region(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats[1:]]  # the first is the background
