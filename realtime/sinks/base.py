"""What every output promises."""

from typing import Protocol

from realtime.datatypes import FrameResult, Summary


class Sink(Protocol):
    """Takes every processed frame, in order. Opened by its constructor, which raises SinkError."""

    def write(self, result: FrameResult) -> None:
        """Takes one frame.

        Raises:
            SinkError: it cannot be written (disk full, pipe closed).
        """

    def close(self, summary: Summary) -> None:
        """Finishes the output, so that it is whole and readable; may be called twice.

        Raises:
            SinkError: the end cannot be written.
        """
