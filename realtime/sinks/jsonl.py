"""JSON Lines: one object per line, readable while the program runs. The guide `data` describes the format."""

from collections.abc import Callable
from pathlib import Path

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo, Summary
from realtime.records import FrameRecord, Header, Marker, Record, to_line
from realtime.sinks.base import DataSink
from realtime.sinks.paths import OutputPaths, descriptor
from realtime.sinks.textfile import TextFile


class JsonlSink(DataSink):
    """Writes a header, a line per frame, a line per marker and a summary; every line is flushed.

    The header is written with the first frame, since it contains its wall-clock time.

    Args:
        path: a file that may be replaced (`OutputPaths.place`); "-" is stdout.
        run: the facts of the header.

    Raises:
        SinkError: the file cannot be opened.
    """

    marks = True

    def __init__(self, path: Path, run: RunInfo) -> None:
        self.path = path if descriptor(path) is None else None
        self._run = run
        self._begun = False
        self._file = TextFile(path)

    def write(self, record: FrameRecord) -> None:
        """One line.

        Raises:
            SinkError: the disk is full, or the pipe has no reader.
        """
        self._begin(record.captured_at, record.captured_utc)
        self._line(record)

    def mark(self, marker: Marker) -> None:
        """One line after that of its frame.

        Raises:
            SinkError: as in `write`.
        """
        self._line(marker)

    def close(self, summary: Summary) -> None:
        """Writes the summary. Does nothing the second time, or after a failed write.

        Raises:
            SinkError: the summary cannot be written.
        """
        if self._file.usable:
            self._begin(None, None)
            self._line(summary)
            self._file.close()

    def _begin(self, first_monotonic_s: float | None, first_utc: str | None) -> None:
        if not self._begun:
            self._begun = True
            self._line(Header(self._run, first_monotonic_s, first_utc))

    def _line(self, record: Record) -> None:
        self._file.write(to_line(record, self._run) + "\n")


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """JSON Lines, if requested; see `base.Plan`."""
    if config.jsonl is None:
        return None
    path = paths.place(paths.target(config.jsonl), ".jsonl")
    return lambda: JsonlSink(path, run)
