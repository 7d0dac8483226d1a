"""The interface of every source of frames."""

from collections.abc import Callable
from typing import Protocol

from realtime.datatypes import Frame, SourceInfo

Notify = Callable[[str], None]
"""Takes one line for the user that is not an error: an image skipped, damaged data skipped. Called from any thread."""

READABLE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".jp2"),
        *(".png", ".apng", ".gif", ".webp", ".bmp", ".pgm", ".ppm", ".tif", ".tiff"),
        *(".avif", ".heic", ".heif", ".hif"),
    }
)
"""Supported image formats, by file suffix."""

UNREADABLE_SUFFIXES = frozenset(
    {
        *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw"),
        *(".exr", ".hdr", ".ico", ".jxl", ".psd", ".svg", ".tga", ".xcf"),
    }
)
"""Unsupported image formats: camera raw, drawings, rarer formats. They are reported, never skipped silently."""

IMAGE_SUFFIXES = READABLE_SUFFIXES | UNREADABLE_SUFFIXES
"""Suffixes of files that are images, not videos."""


def discard_notice(message: str) -> None:
    """Discards the message."""


class Source(Protocol):
    """Gives frames in order, one at a time. The constructor opens it, and raises SourceOpenError if it cannot."""

    @property
    def info(self) -> SourceInfo:
        """Facts about the source."""

    def read(self) -> Frame | None:
        """The next frame, waiting for it; None at the end of a file (a live source has no end).

        Raises:
            SourceLostError: the source stopped delivering frames, or its data cannot be decoded.
        """

    def close(self) -> None:
        """Releases the source; may be called twice, and from another thread to end a waiting read."""
