"""CSV: one row per face and frame, one row for a frame without faces. The guide `data` lists the columns."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo, Summary
from realtime.records import FaceRecord, FrameRecord
from realtime.sinks.base import DataSink
from realtime.sinks.paths import OutputPaths, descriptor
from realtime.sinks.textfile import TextFile

Cell = str | int | float | None

FRAME_COLUMNS = ("source", "frame", "t", "utc", "latency_ms", "dropped")
FACE_COLUMNS = ("id", "state", "x", "y", "width", "height", "label", "confidence", "quality", "reason", "profile")


def columns(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The first row: `p_<label>` is the smoothed probability, `raw_<label>` the one before smoothing."""
    return FRAME_COLUMNS + FACE_COLUMNS + tuple(f"p_{x}" for x in labels) + tuple(f"raw_{x}" for x in labels)


class CsvSink(DataSink):
    """Writes RFC 4180 in UTF-8, flushed after every frame.

    Args:
        path: a file that may be replaced (`OutputPaths.place`).
        run: provides the labels.

    Raises:
        SinkError: the file cannot be opened or written.
    """

    def __init__(self, path: Path, run: RunInfo) -> None:
        self.path = path if descriptor(path) is None else None
        self._labels = run.labels
        self._live = run.source.live
        self._file = TextFile(path)
        self._put([columns(self._labels)])

    def write(self, record: FrameRecord) -> None:
        """The rows of one frame.

        Raises:
            SinkError: the disk is full.
        """
        head: tuple[Cell, ...] = (
            record.source,
            record.index,
            None if record.t is None else f"{record.t:.6f}",
            record.captured_utc if self._live else None,
            record.latency_ms,
            record.dropped,
        )
        blank: tuple[Cell, ...] = (None,) * (len(columns(self._labels)) - len(head))
        self._put([head + self._face(face) for face in record.faces] or [head + blank])

    def close(self, summary: Summary) -> None:
        """Closes the file.

        Raises:
            SinkError: the file cannot be closed.
        """
        self._file.close()

    def _face(self, face: FaceRecord) -> tuple[Cell, ...]:
        raw: tuple[Cell, ...] = (None,) * len(self._labels) if face.raw is None else face.raw
        what = (face.label, face.confidence, face.quality, face.reason, face.profile)
        return (face.id, face.state, *face.box_xywh, *what, *face.probs, *raw)

    def _put(self, rows: list[tuple[Cell, ...]] | list[tuple[str, ...]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._file.write(text.getvalue())


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """A CSV table, if requested; see `base.Plan`."""
    if config.csv is None:
        return None
    path = paths.place(paths.target(config.csv), ".csv")
    return lambda: CsvSink(path, run)
