"""Cuts square patches around faces at a given size, and maps them back to the frame's pixels."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime import preprocess


@dataclass(frozen=True, eq=False)
class Patch:
    """A square piece of a frame.

    Attributes:
        image: uint8 (n,n), gray.
        to_frame_23: float64 (2,3), the affine map from the patch's coordinates to the frame's.
    """

    image: NDArray[np.uint8]
    to_frame_23: NDArray[np.float64]

    def to_frame(self, square: NDArray[np.floating]) -> NDArray[np.float32]:
        """Centre x, centre y, side (3,) in the patch -> the same in the frame, float32 (3,); a rolled square stays a square."""
        x, y, side = (float(v) for v in square)
        (a, b, c), (d, e, f) = self.to_frame_23
        return np.array([a * x + b * y + c, d * x + e * y + f, side * np.hypot(a, d)], np.float32)


def cut(gray: NDArray[np.uint8], square: NDArray[np.float32], margin: float, pixels: int, roll_deg: float = 0.0) -> Patch:
    """Cuts the square around a face, `margin` times its side, as pixels x pixels; beyond the frame its edge is repeated.

    The image is averaged down by a whole factor, then interpolated: averaging by other factors takes six times as long (0.45 ms
    for a face of 360 px). Images for the network are made by `preprocess`, not here.

    Args:
        gray: uint8 (H,W).
        square: centre x, centre y, side in pixels of the frame, (3,).
        margin: side of the patch, in sides of the face.
        pixels: side of the patch.
        roll_deg: roll of the face, counter-clockwise; the patch shows it upright.
    """
    if roll_deg:
        return _turned(gray, square, margin, pixels, roll_deg)
    side = max(2, round(float(square[2]) * margin))
    whole = max(1, side // pixels)
    side += -side % whole
    left, top = round(float(square[0]) - side / 2), round(float(square[1]) - side / 2)
    image = preprocess.crop(gray, np.array([left, top, left + side, top + side], np.float32))
    if whole > 1:
        image = np.asarray(cv2.resize(image, (side // whole,) * 2, interpolation=cv2.INTER_AREA), np.uint8)
    image = np.asarray(cv2.resize(image, (pixels, pixels), interpolation=cv2.INTER_LINEAR), np.uint8)
    scale = side / pixels
    return Patch(image, np.array([[scale, 0, left], [0, scale, top]], np.float64))


def _turned(gray: NDArray[np.uint8], square: NDArray[np.float32], margin: float, pixels: int, roll_deg: float) -> Patch:
    """Shrinks first, with room for the corners, and rotates then: rotating a large image would alias."""
    room = 1.5  # a little more than the square root of 2
    upright = cut(gray, square, margin * room, round(pixels * room))
    middle = (upright.image.shape[0] - 1) / 2
    turn = np.asarray(cv2.getRotationMatrix2D((middle, middle), -roll_deg, 1.0), np.float64)
    turn[:, 2] += (pixels - 1) / 2 - middle
    image = cv2.warpAffine(upright.image, turn, (pixels, pixels), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    back = np.asarray(cv2.invertAffineTransform(turn), np.float64)
    there = np.vstack([upright.to_frame_23, [0, 0, 1]]) @ np.vstack([back, [0, 0, 1]])
    return Patch(np.asarray(image, np.uint8), there[:2])
