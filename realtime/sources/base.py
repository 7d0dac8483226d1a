"""What every source of frames promises."""

from collections.abc import Callable
from typing import Protocol

from realtime.datatypes import Frame, SourceInfo

Notify = Callable[[str], None]
"""Takes one line for the user that is no error: an image skipped, damaged data passed over. Called from any thread."""

READABLE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".jp2"),
        *(".png", ".apng", ".gif", ".webp", ".bmp", ".pgm", ".ppm", ".tif", ".tiff"),
        *(".avif", ".heic", ".heif", ".hif"),
    }
)
"""Images that are read, by the end of their names."""

UNREADABLE_SUFFIXES = frozenset(
    {
        *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw"),
        *(".exr", ".hdr", ".ico", ".jxl", ".psd", ".svg", ".tga", ".xcf"),
    }
)
"""Images that are not read: raw data of cameras, drawings, rarer formats. They are named, never left out silently."""

IMAGE_SUFFIXES = READABLE_SUFFIXES | UNREADABLE_SUFFIXES
"""What is an image and no video, by the end of its name."""


def unheard(message: str) -> None:
    """The Notify of a source that nobody listens to."""


class Source(Protocol):
    """Frames in order, one at a time. Opened by its constructor, which raises SourceOpenError."""

    @property
    def info(self) -> SourceInfo:
        """What is known about the source."""

    def read(self) -> Frame | None:
        """The next frame, waiting for it; None at the end of a file (a live source has no end).

        Raises:
            SourceLostError: the source stopped giving frames, or what it gives cannot be decoded.
        """

    def close(self) -> None:
        """Lets the source go; may be called twice, and from another thread to end a read that waits."""
