"""CSV: one row per face and frame, one row for a frame without faces. The columns are in the README."""

import csv
import io
from pathlib import Path

from realtime.datatypes import FrameResult, RunInfo, Summary, TrackedFace
from realtime.sinks.rows import Timeline, rounded, xywh
from realtime.sinks.textfile import TextFile

Cell = str | int | float | None

FRAME_COLUMNS = ("source", "frame", "t", "utc", "latency_ms", "dropped")
FACE_COLUMNS = ("id", "state", "x", "y", "width", "height", "label", "confidence", "quality", "reason")


def columns(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The first row: `p_<label>` is the smoothed probability, `raw_<label>` that of this frame alone."""
    return FRAME_COLUMNS + FACE_COLUMNS + tuple(f"p_{x}" for x in labels) + tuple(f"raw_{x}" for x in labels)


class CsvSink:
    """Writes RFC 4180 in UTF-8, flushed after every frame.

    Args:
        path: a file that may be replaced (`outputs.place`).
        run: names the labels.
        timeline: what tells the time; tests give their own.

    Raises:
        SinkError: the file cannot be opened or written.
    """

    def __init__(self, path: Path, run: RunInfo, timeline: Timeline | None = None) -> None:
        self._timeline = Timeline(run) if timeline is None else timeline
        self._labels = run.labels
        self._file = TextFile(path)
        self._put([columns(self._labels)])

    def write(self, result: FrameResult) -> None:
        """The rows of one frame.

        Raises:
            SinkError: the disk is full.
        """
        t = self._timeline.t(result)
        head: tuple[Cell, ...] = (
            result.frame.source,
            result.frame.index,
            None if t is None else f"{t:.6f}",
            self._timeline.utc(t),
            round(result.latency_s * 1000, 3),
            result.dropped,
        )
        blank: tuple[Cell, ...] = (None,) * (len(columns(self._labels)) - len(head))
        self._put([head + self._face(face) for face in result.faces] or [head + blank])

    def close(self, summary: Summary) -> None:
        """Closes the file; nothing is written, for a table has no last line.

        Raises:
            SinkError: the file cannot be closed.
        """
        self._file.close()

    def _face(self, face: TrackedFace) -> tuple[Cell, ...]:
        probs = rounded(face.probs)
        confidence = None if face.confidence is None else probs[self._labels.index(face.label)]
        quality = round(face.quality, 4)
        head = (face.id, face.state.value, *xywh(face.box_xyxy), face.label, confidence, quality, face.reason)
        raw: tuple[Cell, ...] = (None,) * len(self._labels) if face.raw is None else tuple(rounded(face.raw))
        return (*head, *probs, *raw)

    def _put(self, rows: list[tuple[Cell, ...]] | list[tuple[str, ...]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._file.write(text.getvalue())
