"""What every source of frames promises."""

from collections.abc import Callable
from typing import Protocol

from realtime.datatypes import Frame, SourceInfo

Notify = Callable[[str], None]
"""Takes one line for the user that is no error: a picture skipped, damaged data passed over. Called from any thread."""

PICTURE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".jp2", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
"""What is taken for a picture, by the end of its name."""


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
