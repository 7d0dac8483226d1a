"""Converts decoded frames to images as a player shows them: square pixels, upright, not mirrored."""

from fractions import Fraction
from typing import TypeAlias

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]

NOTICEABLE = 0.01
"""Pixels that are closer to square than this are not stretched: encoders write 1279:1280 after rounding a size."""

MOST_STRETCHED = 8
"""The widest pixel in use is 2:1 (recorders that store half the columns); a header with a larger ratio is damaged."""

MOST_SIDE = 16_384
"""Largest side of a stretched frame, pixels."""


class Display:
    """Turns the frames of a stream into images as shown.

    Pixels that are not square are stretched along their longer side, so that no detail is lost (mpv and VLC do the same).
    Pixel shape and orientation may change within a stream.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._coded_shape = stream.codec_context.sample_aspect_ratio

    def bgr(self, frame: VideoFrame) -> Image:
        """uint8 (H,W,3) BGR. Costs only the colour conversion if nothing else has to change."""
        width, height = square_size(frame.width, frame.height, self._pixel_shape())
        if (width, height) == (frame.width, frame.height):
            image: Image = frame.to_ndarray(format="bgr24")  # type: ignore[assignment]  # bgr24 is uint8
        else:  # one pass of swscale for both
            image = frame.to_ndarray(  # type: ignore[assignment]
                format="bgr24", width=width, height=height, interpolation="BICUBIC"
            )
        # not frame.side_data: it creates a reference cycle with the frame, so frames (3 MB each at 1080p) would pile up until
        # the garbage collector frees dozens at once, which takes 5 to 7 ms of one frame's time
        side_data = SideDataContainer(frame)  # type: ignore[call-arg]  # PyAV's stub omits its argument
        if Type.DISPLAYMATRIX in side_data:
            return oriented(image, np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), np.int32))
        return image

    def _pixel_shape(self) -> Fraction | None:
        """Width by height of a pixel: the container's value, or the codec's if that has changed since the start."""
        coded = self._stream.codec_context.sample_aspect_ratio
        return self._stream.sample_aspect_ratio if coded == self._coded_shape else coded


def square_size(width: int, height: int, pixel_shape: Fraction | None) -> tuple[int, int]:
    """Width and height with square pixels, of a frame whose pixels are `pixel_shape` times as wide as high."""
    if not pixel_shape or abs(pixel_shape - 1) < NOTICEABLE or not 1 / MOST_STRETCHED <= pixel_shape <= MOST_STRETCHED:
        return width, height
    wide = round(width * pixel_shape) if pixel_shape > 1 else width
    high = round(height / pixel_shape) if pixel_shape < 1 else height
    return (wide, high) if max(wide, high) <= MOST_SIDE else (width, height)


def oriented(image: Image, matrix: NDArray[np.int32]) -> Image:
    """Rotates and mirrors an image by a display matrix, to the nearest of the eight orientations.

    Args:
        image: uint8 (H,W,3).
        matrix: int32 (9,), FFmpeg's (a, b, u, c, d, v, x, y, w): a pixel (p, q) is shown at (ap + cq + x, bp + dq + y).
    """
    a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, across, down = np.asarray(cv2.transpose(image), np.uint8), c, b
    else:
        across, down = a, d
    if across < 0 or down < 0:
        image = np.asarray(cv2.flip(image, -1 if across < 0 and down < 0 else 1 if across < 0 else 0), np.uint8)
    return image
