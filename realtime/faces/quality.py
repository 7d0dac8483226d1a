"""Measures the quality of a face crop: size, contrast and sharpness."""

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

POOR = 0.5
"""Quality below which a reason is given."""


class Fault(StrEnum):
    """Possible faults of a crop."""

    SMALL = "small"
    DARK = "dark"
    FLAT = "low contrast"
    BLURRED = "blurred"


@dataclass(frozen=True)
class Quality:
    """The quality of a crop.

    Attributes:
        value: 0 (unusable) to 1: the lowest of size, contrast and detail.
        fault: the lowest of them; None if none is poor.
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
    return Quality(min(1.0, shares[worst]), worst if shares[worst] < POOR else None)


def measure(small: NDArray[np.uint8], side: float) -> float:
    """Only the value of `judge`, 0 to 1."""
    return judge(small, side).value


def _deviation(values: MatLike) -> float:
    """Standard deviation of a gray image."""
    return float(cv2.meanStdDev(values)[1].item())
