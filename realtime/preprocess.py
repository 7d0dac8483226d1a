"""Prepares faces for the network: gray, 48x48, equalized, normalised. Shared by training and the live program.

The order is gray -> resize -> equalize -> normalise. Training images are 48x48 already, so only equalizing after the
resize gives the network the same histogram in both places. Nothing else in the project resizes a face.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 48
"""Side of the network's input in pixels (paper, section II.B)."""

MEAN = 0.5
STD = 0.29
"""Mean and standard deviation of an equalized image in units of full scale: those of a uniform histogram."""


def to_gray(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray copy of a BGR, BGRA or gray image: uint8 (H,W), (H,W,1), (H,W,3) or (H,W,4) -> uint8 (H,W).

    Raises:
        ValueError: another dtype or shape, or an empty image.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"an image must be uint8 (H,W), (H,W,3) or (H,W,4), not {image.dtype} {image.shape}")
    if image.ndim == 2:
        return image
    channels = image.shape[2]
    if channels == 1:
        return image[:, :, 0]
    if channels not in (3, 4):
        raise ValueError(f"an image must have 1, 3 or 4 channels, not {channels}")
    code = cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY
    return np.asarray(cv2.cvtColor(image, code), dtype=np.uint8)


def to_bgr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BGR copy of a gray, BGR or BGRA image: uint8 (H,W), (H,W,1), (H,W,3) or (H,W,4) -> uint8 (H,W,3).

    Raises:
        ValueError: another dtype or shape, or an empty image.
    """
    if image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8 and image.size:
        return image.copy()
    if image.ndim == 3 and image.shape[2] == 4 and image.dtype == np.uint8 and image.size:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2BGR), dtype=np.uint8)
    return np.asarray(cv2.cvtColor(to_gray(image), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def shrink(gray: NDArray[np.uint8], size: int = SIZE) -> NDArray[np.uint8]:
    """Gray image of any size -> uint8 (size,size). Averages areas when shrinking, so that a large face does not alias."""
    if gray.shape == (size, size):
        return gray
    shrinking = min(gray.shape) >= size
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, (size, size), interpolation=interpolation), dtype=np.uint8)


def equalize(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Spreads the histogram of a gray image over the full scale, so that light and contrast of the room cancel out."""
    return np.asarray(cv2.equalizeHist(small), dtype=np.uint8)


def prepare(face: NDArray[np.uint8], size: int = SIZE) -> NDArray[np.uint8]:
    """One face crop (uint8, gray or BGR, any size) -> uint8 (size,size), gray, resized and equalized."""
    return equalize(shrink(to_gray(face), size))


def normalise(
    faces: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], mean: float = MEAN, std: float = STD
) -> NDArray[np.float32]:
    """n prepared faces, uint8 (n,S,S) -> the network's input, float32 (n,1,S,S), zero mean and unit variance."""
    batch = np.asarray(faces, dtype=np.float32)
    batch /= np.float32(255.0 * std)
    batch -= np.float32(mean / std)
    return batch[:, np.newaxis, :, :]


def crop(gray: NDArray[np.uint8], box_xyxy: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The pixels under a box, rounded to whole pixels; where the box leaves the image its edge is repeated.

    Haar boxes are the crops that FER2013 and CK+48 were made of (median side ratio 0.995 and 1.03), so there is no margin.
    """
    height, width = gray.shape[:2]
    x1, y1, x2, y2 = (int(v) for v in np.rint(box_xyxy))
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    if x1 >= 0 and y1 >= 0 and x2 <= width and y2 <= height:
        return gray[y1:y2, x1:x2]
    if x1 >= width or x2 <= 0 or y1 >= height or y2 <= 0:
        rows, columns = np.clip(np.arange(y1, y2), 0, height - 1), np.clip(np.arange(x1, x2), 0, width - 1)
        return gray[np.ix_(rows, columns)]
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    # the same pixels as by indices, in a tenth of the time
    edges = (top - y1, y2 - bottom, left - x1, x2 - right)
    return np.asarray(cv2.copyMakeBorder(gray[top:bottom, left:right], *edges, cv2.BORDER_REPLICATE), dtype=np.uint8)
