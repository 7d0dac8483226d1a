"""The interface of every output."""

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
    """Receives every processed frame, in order: a record or a painted image. The constructor opens it, or raises SinkError.

    To add an output, write a subclass and add a line to `sinks.DATA` or `sinks.IMAGES`.

    Attributes:
        essential: whether its failure ends the run, as for a file. Otherwise the failure is a notice, and the run continues.
        newest: whether it receives only the newest frame, on a thread of its own, so that it never delays a frame.
        marks: whether it writes markers.
        path: the file or folder it writes, for display; None if it has none.
    """

    essential = True
    newest = False
    marks = False
    path: Path | None = None

    def write(self, item: Item) -> None:
        """Writes one frame.

        Raises:
            SinkError: it cannot be written (disk full, pipe closed).
        """
        raise NotImplementedError

    def mark(self, marker: Marker) -> None:
        """Writes a marker, after the frame that was shown when it was set.

        Raises:
            SinkError: as in `write`.
        """

    def notices(self) -> tuple[str, ...]:
        """Notices for the user since the last call."""
        return ()

    def close(self, summary: Summary) -> None:
        """Completes the output; may be called twice.

        Raises:
            SinkError: the end cannot be written.
        """


DataSink = Sink[FrameRecord]
PaintedSink = Sink[Painted]

Plan = Callable[[OutputConfig, RunInfo, OutputPaths], Callable[[], Sink[Item]] | None]
"""Reserves the paths of an output, if requested, and returns its opener. All paths come first: opening a file empties it."""
