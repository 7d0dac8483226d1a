"""How far a face crop can be trusted: large enough, light enough, sharp enough."""

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

ENOUGH_SIDE = 48.0
"""Pixels: a face this large fills the network's input without being blown up."""

ENOUGH_CONTRAST = 20.0
"""Gray levels of standard deviation; 99 % of FER2013's PublicTest faces have more than 25."""

ENOUGH_DETAIL = 0.25
"""Laplacian's over picture's standard deviation: 99 % of PublicTest faces have more than 0.47, blurred by 1 px half of them."""


def measure(small: NDArray[np.uint8], side: float) -> float:
    """Quality from 0 (nothing to see) to 1 of a face that was `side` pixels wide: the worst of size, contrast and detail.

    Args:
        small: uint8 (S,S), gray, resized, not equalized.
        side: pixels of the frame.
    """
    contrast = _deviation(small)
    if contrast == 0:
        return 0.0
    detail = _deviation(cv2.Laplacian(small, cv2.CV_16S)) / contrast
    return min(1.0, side / ENOUGH_SIDE, contrast / ENOUGH_CONTRAST, detail / ENOUGH_DETAIL)


def _deviation(values: MatLike) -> float:
    """Standard deviation of a gray picture."""
    return float(cv2.meanStdDev(values)[1].item())
