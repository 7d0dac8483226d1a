"""What every output promises, and what it may leave as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo, Summary
from realtime.drawing.painter import Painted
from realtime.records import FrameRecord, Marker
from realtime.sinks.paths import OutputPaths

Item = TypeVar("Item", contravariant=True)


class Sink(Generic[Item]):
    """Takes every processed frame, in order: a record, or a painted image. Its constructor opens it, or raises SinkError.

    A new output is a subclass that writes, and a line in `sinks.DATA` or `sinks.IMAGES`.

    Attributes:
        essential: whether its failure ends the run, as that of a file does. Else it is a notice, and the run goes on without.
        newest: whether it may be given the newest frame only, on a thread of its own, so that it never delays a frame.
        marks: whether it writes markers.
        path: the file or folder it writes, to tell the user; None where that has no name.
    """

    essential = True
    newest = False
    marks = False
    path: Path | None = None

    def write(self, item: Item) -> None:
        """Takes one frame.

        Raises:
            SinkError: it cannot be written (disk full, pipe closed).
        """
        raise NotImplementedError

    def mark(self, marker: Marker) -> None:
        """Takes a marker, behind the frame that was shown when it was set.

        Raises:
            SinkError: as in `write`.
        """

    def notices(self) -> tuple[str, ...]:
        """Lines for the user since last asked: what is no error and still worth knowing."""
        return ()

    def close(self, summary: Summary) -> None:
        """Finishes the output, so that it is whole and readable; may be called twice.

        Raises:
            SinkError: the end cannot be written.
        """


DataSink = Sink[FrameRecord]
PaintedSink = Sink[Painted]

Plan = Callable[[OutputConfig, RunInfo, OutputPaths], Callable[[], Sink[Item]] | None]
"""Claims the names of an output, if it is wanted, and returns its opener. All names come first: opening a file empties it."""
