"""Measures the quality of a face crop: size, contrast and sharpness, and whether eyes and mouth are visible."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

ENOUGH_SIDE = 48.0
"""Pixels: a face this large fills the network's input without upscaling."""

ENOUGH_CONTRAST = 20.0
"""Gray levels of standard deviation; 99 % of FER2013's PublicTest faces have more than 25."""

ENOUGH_DETAIL = 0.25
"""Ratio of the standard deviations of Laplacian and image: 99 % of PublicTest faces exceed 0.47, half of them when blurred by
1 px."""

DARK = 70.0
"""Mean gray level below which a low-contrast face counts as dark."""

EYES = ((14, 24, 7, 21), (14, 24, 27, 41))
MOUTH = (33, 44, 14, 34)
"""First and last row, first and last column, in a face of REGION_PIXELS."""

REGION_PIXELS = 48

EYE_EDGES, MOUTH_EDGES = 0.40, 0.50
"""Vertical change (mean of |Sobel|) in units of the face's contrast, below which a region counts as covered.

By `python -m train.covered` (`weights/results/covered.json`) every plain patch over mouth, eyes or half of the face is found,
in 394 faces; none with a pattern is. Of bare faces 2.3 % of PublicTest's count as covered, 0.3 % of RAF-DB's, 0.1 % of
UTKFace's and none of CFEE's and CK+48's."""

POOR = 0.5
"""Quality below which a reason is given."""


class Fault(StrEnum):
    """Possible faults of a crop."""

    SMALL = "small"
    DARK = "dark"
    FLAT = "low contrast"
    BLURRED = "blurred"
    COVERED = "covered"


@dataclass(frozen=True)
class Quality:
    """The quality of a crop.

    Attributes:
        value: 0 (unusable) to 1: the lowest of size, contrast and detail.
        fault: the lowest of them; if none is poor, COVERED or None.
    """

    value: float
    fault: Fault | None = None


def judge(small: NDArray[np.uint8], side: float) -> Quality:
    """Quality and fault of a face that was `side` pixels wide.

    Args:
        small: uint8 (S,S), gray, resized, not equalized.
        side: pixels of the frame.
    """
    contrast = _deviation(small)
    lit = Fault.DARK if float(small.mean()) < DARK else Fault.FLAT
    if contrast == 0:
        return Quality(0.0, lit)
    detail = _deviation(cv2.Laplacian(small, cv2.CV_16S)) / contrast
    shares = {Fault.SMALL: side / ENOUGH_SIDE, lit: contrast / ENOUGH_CONTRAST, Fault.BLURRED: detail / ENOUGH_DETAIL}
    worst = min(shares, key=shares.__getitem__)
    if shares[worst] < POOR:
        return Quality(shares[worst], worst)
    return Quality(min(1.0, shares[worst]), Fault.COVERED if _is_covered(small, contrast) else None)


def measure(small: NDArray[np.uint8], side: float) -> float:
    """Only the value of `judge`, 0 to 1."""
    return judge(small, side).value


def _is_covered(small: NDArray[np.uint8], contrast: float) -> bool:
    """Whether an eye or the mouth is as smooth as a hand or a mask in front of it: they consist of horizontal edges."""
    scale = small.shape[0] / REGION_PIXELS
    edges = cv2.Sobel(small, cv2.CV_16S, 0, 1)
    for region, least in (*((eye, EYE_EDGES) for eye in EYES), (MOUTH, MOUTH_EDGES)):
        top, bottom, left, right = (round(scale * at) for at in region)
        pixels = (bottom - top) * (right - left)
        if cv2.norm(edges[top:bottom, left:right], cv2.NORM_L1) < least * contrast * pixels:
            return True
    return False


def _deviation(values: MatLike) -> float:
    """Standard deviation of a gray image."""
    return float(cv2.meanStdDev(values)[1].item())
