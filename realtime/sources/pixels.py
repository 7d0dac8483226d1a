"""Converts images from drivers and files to uint8 BGR."""

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray


def as_bgr(image: MatLike) -> NDArray[np.uint8]:
    """uint8 (H,W,3) BGR from uint8 or uint16, (H,W), (H,W,1), (H,W,3) or (H,W,4): 16 bit scaled, gray repeated, alpha dropped.

    Raises:
        ValueError: another dtype or shape, or an empty image.
    """
    channels = 1 if image.ndim == 2 else image.shape[2] if image.ndim == 3 else 0
    if image.size == 0 or image.dtype not in (np.uint8, np.uint16) or channels not in (1, 3, 4):
        raise ValueError(f"{image.dtype} {image.shape} is not an image")
    if image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=255 / 65535)
    if channels == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif channels == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    return np.ascontiguousarray(image, np.uint8)
