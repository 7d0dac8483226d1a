"""Hides faces in an image with coarse blocks, which cannot be sharpened again."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

BLOCKS = 6
"""Blocks along the side of a face; below about 12, faces are no longer recognized."""

MARGIN = 0.3
"""A hidden box is larger than the face's by this share on each side: the cascade's box ends inside forehead, ears and chin."""


def hide(image: NDArray[np.uint8], boxes_xyxy: Iterable[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """A copy with each box in coarse blocks; the image itself where there is no box.

    Args:
        image: uint8 (H,W,3).
        boxes_xyxy: each float32 (4,), pixels; parts outside of the image are ignored.
    """
    hidden = image
    height, width = image.shape[:2]
    for x1, y1, x2, y2 in boxes_xyxy:
        dx, dy = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
        left, top = max(0, int(np.floor(x1 - dx))), max(0, int(np.floor(y1 - dy)))
        right, bottom = min(width, int(np.ceil(x2 + dx))), min(height, int(np.ceil(y2 + dy)))
        if left >= right or top >= bottom:
            continue
        if hidden is image:
            hidden = image.copy()
        part = hidden[top:bottom, left:right]
        blocks = max(1, round(BLOCKS * (right - left) / max(1.0, float(x2 - x1)))), BLOCKS
        small = cv2.resize(part, blocks, interpolation=cv2.INTER_AREA)
        part[:] = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    return hidden
