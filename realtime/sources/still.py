"""Reads image files: every image in a file, upright."""

from pathlib import Path

import av
import cv2
import numpy as np
from cv2.typing import MatLike

from realtime.errors import SourceError, SourceOpenError
from realtime.sources.base import UNREADABLE_SUFFIXES, Notify
from realtime.sources.decoder import Decoder

MOST_BYTES = 512_000_000
"""Memory for the images of one file: OpenCV decodes all of them at once."""

HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})


def read_images(path: Path, notify: Notify, most_bytes: int = MOST_BYTES) -> list[MatLike]:
    """Every image of a file: the pages of a TIFF, the frames of an animated GIF, PNG, WebP or AVIF, otherwise one.

    Args:
        path: the file.
        notify: called if the file has more images than fit into memory.
        most_bytes: that memory.

    Raises:
        SourceOpenError: it cannot be read; the message gives the reason.
    """
    try:
        data = path.read_bytes()  # imread cannot open names outside the code page on Windows
    except FileNotFoundError as error:
        raise SourceOpenError(f"{path} not found; check the name and the folder") from error
    except OSError as error:
        raise SourceOpenError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    if path.suffix.lower() in UNREADABLE_SUFFIXES:
        raise SourceOpenError(f"{path.name} is an image in a format that is not supported; convert it to JPEG or PNG")
    brands = _brands(data)
    if brands & AVIF_BRANDS:
        images = [_upright(image, data) for image in _decode(path, data, notify, most_bytes)]
    elif brands & HEIC_BRANDS:
        images = [_heic(path, data)]
    else:
        images = _decode(path, data, notify, most_bytes)
    if not images:
        raise SourceOpenError(f"{path.name} cannot be read as an image; it is damaged or not an image")
    return images


def _decode(path: Path, data: bytes, notify: Notify, most_bytes: int) -> list[MatLike]:
    """The images that OpenCV decodes; an empty list if it cannot."""
    if not data:
        return []
    array = np.frombuffer(data, np.uint8)
    try:
        # IMREAD_COLOR applies EXIF rotation, scales 16 bit to 8, repeats gray and drops alpha
        first = cv2.imdecode(array, cv2.IMREAD_COLOR)
        if first is None or not _may_hold_more(data):
            return [] if first is None else [first]
        most = max(1, most_bytes // first.nbytes)
        # a range that does not begin at 0 gives wrong images of a GIF or WebP (OpenCV 4.14)
        done, images = cv2.imdecodemulti(array, cv2.IMREAD_COLOR, range=(0, most + 1))
    except cv2.error:  # such as more pixels than OpenCV allows
        return []
    if len(images) > most:
        notify(f"{path.name}: only its first {most} images are read; split the file to read the others")
    return list(images[:most]) if done and images else [first]


def _may_hold_more(data: bytes) -> bool:
    return (
        data[:4] in (b"GIF8", b"II*\0", b"MM\0*")
        or (data[:4] == b"\x89PNG" and b"acTL" in data[:4096])
        or (data[8:12] == b"WEBP" and b"ANIM" in data[:4096])
        or b"avis" in _brands(data)
    )


def _brands(data: bytes) -> set[bytes]:
    """The major and compatible brands of an ISO media file; empty for other files."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 256)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}


def _upright(image: MatLike, data: bytes) -> MatLike:
    """Rotates, then mirrors an AVIF image by the properties in its file; OpenCV ignores them."""
    head = data[: max(data.find(b"mdat"), 0) or None]
    if (at := head.find(b"irot")) >= 0:
        image = np.rot90(image, head[at + 4] & 3)  # by 90 degrees each, counter-clockwise
    if (at := head.find(b"imir")) >= 0:
        image = image[:, ::-1] if head[at + 4] & 1 else image[::-1]
    return np.ascontiguousarray(image)


def _heic(path: Path, data: bytes) -> MatLike:
    """A HEIC image that is stored in one piece; FFmpeg delivers the tiles of others one by one.

    Raises:
        SourceOpenError: it is stored in tiles, or damaged.
    """
    head = data[: max(data.find(b"mdat"), 0) or None]
    if b"grid" in head:
        raise SourceOpenError(
            f"{path.name} is a tiled HEIC image, as phones store them, which is not supported; convert it to JPEG"
        )
    try:
        decoder = Decoder(f"file:{path}", name=path.name, notify=lambda _: None, is_file=True)
        try:
            frame = decoder.read()
        finally:
            decoder.close()
    except (av.FFmpegError, SourceError) as error:
        raise SourceOpenError(f"{path.name} cannot be read as an image; it is damaged or not an image") from error
    assert frame is not None  # the decoder refuses files without a frame
    return frame.image
