"""The binary messages of both WebSockets: a header of 24 bytes, then a JPEG, which is checked before it is decoded.

magic "FERC", version, kind, 2 bytes reserved, frame index, width << 16 | height, captured at    (little-endian)

Width and height are those of the frame, in whose pixels boxes are given. A JPEG for a page may be smaller, one of a camera not.
"""

import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

HEADER = struct.Struct("<4sBBHIId")
MAGIC, VERSION = b"FERC", 1

JPEG, LESSON = 1, 2
"""Kinds of messages: the image of a frame, and the images of the lesson view, side by side."""

MOST_BYTES = 2 << 20
"""Largest message; a JPEG of 1920x1080 at the best quality of a browser has about 1 MB."""

MOST_PIXELS = 1920 * 1200
"""Largest image of a browser's camera; 12 MB when decoded."""

MOST_SCANS = 4
"""A browser's JPEG has one scan, a sequential JPEG at most one per component. Thousands of them, each over the whole
image, would keep the decoder busy for minutes."""

QUALITY = 80
"""JPEG quality of images sent to pages: 1280x720 takes about 100 KB."""

MOST_SIDE = 1280
"""Longer side of the images sent to pages, pixels. A frame of 3840x2160 then takes 8 ms of processor time instead of 16, and
32 KB instead of 516; few pages show it larger."""

_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""

_SEQUENTIAL = frozenset({0xC0, 0xC1})
"""Starts of frame that browsers and cameras write. Progressive JPEG is refused, see MOST_SCANS."""

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SCAN, _END = 0xDA, b"\xff\xd9"


class WireError(ValueError):
    """A message is invalid; the text is for the page."""


@dataclass(frozen=True)
class ImageMessage:
    """A message with an image.

    Attributes:
        index: of the frame, counted where it was captured.
        size_wh: pixels.
        captured_at: seconds of the sender's clock.
        jpeg: not decoded.
    """

    index: int
    size_wh: tuple[int, int]
    captured_at: float
    jpeg: bytes


def pack(index: int, size_wh: tuple[int, int], captured_at: float, jpeg: bytes, kind: int = JPEG) -> bytes:
    """The message of an image."""
    width, height = size_wh
    return HEADER.pack(MAGIC, VERSION, kind, 0, index & 0xFFFFFFFF, width << 16 | height, captured_at) + jpeg


def unpack(message: bytes) -> ImageMessage:
    """A message from a browser; its JPEG is checked, and not decoded.

    Raises:
        WireError: the header is wrong, or the JPEG is not one of its size that may be decoded.
    """
    if len(message) < HEADER.size:
        raise WireError("the message is shorter than its header")
    magic, version, kind, _, index, size, captured_at = HEADER.unpack_from(message)
    if (magic, version, kind) != (MAGIC, VERSION, JPEG):
        raise WireError("the message is not an image of version 1")
    if not 0 <= captured_at < 1e12:  # nor nan
        raise WireError("the time of capture is not a number of seconds")
    jpeg = message[HEADER.size :]
    found, told = jpeg_size(jpeg), (size >> 16, size & 0xFFFF)
    if found != told:
        raise WireError(f"the image has {found[0]}x{found[1]} pixels, its header says {told[0]}x{told[1]}")
    if not 0 < found[0] * found[1] <= MOST_PIXELS:
        raise WireError(f"an image of {found[0]}x{found[1]} pixels is too large; send one of at most 1920x1080")
    return ImageMessage(index, found, captured_at, jpeg)


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height that a JPEG declares, pixels; nothing is decoded.

    Raises:
        WireError: it is no complete sequential JPEG.
    """
    if not jpeg.startswith(b"\xff\xd8") or not jpeg.endswith(_END):
        raise WireError("the image is not a complete JPEG")
    size: tuple[int, int] | None = None
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker == _SCAN:
            if size is None or jpeg.count(b"\xff\xda", at) > MOST_SCANS:
                break
            return size
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            if marker not in _SEQUENTIAL or size is not None or length < 8:
                break
            height, width = int.from_bytes(jpeg[at + 5 : at + 7], "big"), int.from_bytes(jpeg[at + 7 : at + 9], "big")
            size = width, height
        if length < 2:
            break
        at += 2 + length
    raise WireError("the image is not a sequential JPEG")


def decode(sent: ImageMessage) -> NDArray[np.uint8]:
    """The image, uint8 (H,W,3) BGR.

    Raises:
        WireError: it cannot be decoded.
    """
    try:
        image = cv2.imdecode(np.frombuffer(sent.jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise WireError("the image cannot be decoded") from error
    if image is None or (image.shape[1], image.shape[0]) != sent.size_wh:
        raise WireError("the image cannot be decoded")
    return np.asarray(image, np.uint8)


def shrink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image, uint8 (H,W,3), scaled down to MOST_SIDE if it is larger."""
    height, width = image.shape[:2]
    scale = MOST_SIDE / max(height, width)
    if scale >= 1:
        return image
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def encode(image: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """A JPEG of an image, uint8 (H,W,3) BGR."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
