"""Markers as a table of events, with the first three columns of BIDS (onset, duration, trial_type)."""

from collections.abc import Callable
from pathlib import Path

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo
from realtime.records import FrameRecord, Marker
from realtime.sinks.base import DataSink
from realtime.sinks.paths import OutputPaths
from realtime.sinks.textfile import TextFile

COLUMNS = ("onset", "duration", "trial_type", "frame", "by")
UNNAMED = "marker"
"""The trial type of a marker without a name."""


class EventSink(DataSink):
    """Writes a row per marker, tab-separated; every row is flushed.

    Args:
        path: a file that may be replaced.

    Raises:
        SinkError: the file cannot be opened or written.
    """

    marks = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = TextFile(path)
        self._file.write("\t".join(COLUMNS) + "\n")

    def write(self, record: FrameRecord) -> None:
        """Nothing: frames are no events."""

    def mark(self, marker: Marker) -> None:
        """One row.

        Raises:
            SinkError: the disk is full.
        """
        onset = "n/a" if marker.at is None else f"{marker.at:.6f}"
        name = " ".join((marker.name or UNNAMED).split())
        self._file.write(f"{onset}\t0\t{name}\t{marker.index}\t{marker.by}\n")

    def close(self, summary: object) -> None:
        """Closes the file.

        Raises:
            SinkError: the file cannot be closed.
        """
        self._file.close()


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """The events of a session; see `base.Plan`."""
    if config.session is None:
        return None
    path = paths.place(Path(config.session) / "events.tsv", ".tsv")
    return lambda: EventSink(path)
