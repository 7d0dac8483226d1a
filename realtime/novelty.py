"""Where a picture has changed since it was last searched: a detector would find there what it found before anywhere else."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH = 160
"""Pixels of the small copies that are compared: a face of a twelfth of the frame's height is 7 of them wide."""

LEVELS = 10
"""Gray levels by which a pixel of the small copy must differ; noise of a dim camera is 2 or 3 there."""

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

    def changed(self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], smallest: float) -> Region | None:
        """What of a frame has to be searched: what changed outside the known faces, with room for a face; None if nothing did.

        Args:
            gray: uint8 (H,W).
            known_xyxy: float32 (n,4), the known faces.
            smallest: side of the smallest face looked for, in pixels.
        """
        small = _small(gray)
        if self._searched is None or self._searched.shape != small.shape:
            return Region.whole(gray)
        differs = cv2.absdiff(small, self._searched) > LEVELS
        scale = gray.shape[1] / small.shape[1]
        for x1, y1, x2, y2 in np.rint(known_xyxy / scale).astype(int):
            differs[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = False
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if len(rows) == 0:
            return None
        reach = MARGIN * smallest
        return Region(
            max(0, round(columns[0] * scale - reach)),
            max(0, round(rows[0] * scale - reach)),
            min(gray.shape[1], round((columns[-1] + 1) * scale + reach)),
            min(gray.shape[0], round((rows[-1] + 1) * scale + reach)),
        )

    def searched(self, gray: NDArray[np.uint8], region: Region) -> None:
        """Takes note that a region of this frame was searched."""
        small = _small(gray)
        if self._searched is None or self._searched.shape != small.shape:
            self._searched = small
            return
        scale = gray.shape[1] / small.shape[1]
        rows = slice(int(region.y1 / scale), int(np.ceil(region.y2 / scale)))
        columns = slice(int(region.x1 / scale), int(np.ceil(region.x2 / scale)))
        self._searched[rows, columns] = small[rows, columns]


def _small(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height = max(1, round(gray.shape[0] * WIDTH / gray.shape[1]))
    return np.asarray(cv2.resize(gray, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
