"""The two tables of a dataset: a row for each frame, and one for each face of a frame, with the names of the CSV."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from realtime.datatypes import RunInfo
from realtime.errors import SinkError
from realtime.records import FaceRecord, FrameRecord, Header, header_fields

ROWS = 2048
"""Frames that are collected before they are written as a row group; this bounds the memory."""

METADATA = b"fer-cam"
"""The key of the header, as JSON, in the metadata of a table."""

FRAMES = pa.schema(
    [
        ("source", pa.string()),
        ("frame", pa.int64()),
        ("t", pa.float64()),
        ("latency_ms", pa.float32()),
        ("dropped", pa.int64()),
        ("effort", pa.string()),
        ("faces", pa.int32()),
    ]
)


def faces_schema(labels: tuple[str, ...]) -> pa.Schema:
    """Columns of the faces, with two for each label."""
    return pa.schema(
        [
            ("frame", pa.int64()),
            ("t", pa.float64()),
            ("id", pa.int64()),
            ("state", pa.string()),
            *((side, pa.float32()) for side in ("x", "y", "width", "height")),
            ("label", pa.string()),
            ("confidence", pa.float32()),
            ("quality", pa.float32()),
            ("reason", pa.string()),
            *((f"p_{label}", pa.float32()) for label in labels),
            *((f"raw_{label}", pa.float32()) for label in labels),
        ]
    )


class Table:
    """A Parquet file that appears under its name when it is whole.

    Args:
        path: its name; its folder is made.
        schema: its columns, with metadata.

    Raises:
        SinkError: it cannot be written.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")  # two workers may have the same job after a crash
        with _translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._partial, schema, compression="zstd")

    def write(self, rows: "list[dict[str, Any]] | pa.Table") -> None:
        """Writes a row group.

        Raises:
            SinkError: the disk is full.
        """
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=self._schema)
        if table.num_rows:
            with _translated(self.path):
                self._writer.write_table(table)
            self.rows += table.num_rows

    def finish(self) -> None:
        """Gives the file its name, replacing an older one.

        Raises:
            SinkError: it cannot be written.
        """
        with _translated(self.path):
            self._writer.close()
            self._partial.replace(self.path)

    def discard(self) -> None:
        """Removes what was written, if it is not finished."""
        with suppress(Exception):
            self._writer.close()
        self._partial.unlink(missing_ok=True)


class RecordTables:
    """Both tables of a recording, or of a part of one; they appear when the block ends without an error.

    Args:
        frames, faces: their paths.
        run: what the metadata say.
        extra: more metadata.
    """

    def __init__(self, frames: Path, faces: Path, run: RunInfo, extra: dict[str, Any] | None = None) -> None:
        header = header_fields(Header(run, None, None)) | (extra or {})
        metadata = {METADATA: json.dumps(header, allow_nan=False).encode()}
        self.faces = Table(faces, faces_schema(run.labels).with_metadata(metadata))
        try:
            self.frames = Table(frames, FRAMES.with_metadata(metadata))
        except BaseException:
            self.faces.discard()
            raise
        self._frame_rows: list[dict[str, Any]] = []
        self._face_rows: list[dict[str, Any]] = []

    def __enter__(self) -> "RecordTables":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self.faces.finish()
                self.frames.finish()
        finally:
            self.faces.discard()
            self.frames.discard()

    def write(self, record: FrameRecord) -> None:
        """Writes a frame.

        Raises:
            SinkError: the disk is full.
        """
        row = {"source": text(record.source), "frame": record.index, "t": record.t, "latency_ms": record.latency_ms}
        self._frame_rows.append(row | {"dropped": record.dropped, "effort": record.effort, "faces": len(record.faces)})
        self._face_rows += [_face(record, face) for face in record.faces]
        if len(self._frame_rows) >= ROWS:
            self._flush()

    def _flush(self) -> None:
        self.frames.write(self._frame_rows)
        self.faces.write(self._face_rows)
        self._frame_rows, self._face_rows = [], []


def text(name: str) -> str:
    """A text for a table: the names of files need not be text, and Parquet holds nothing else."""
    return name.encode("utf-8", "backslashreplace").decode()


def header_of(path: Path) -> dict[str, Any]:
    """The metadata of a table."""
    header: dict[str, Any] = json.loads(pq.read_schema(path).metadata[METADATA])
    return header


def _face(record: FrameRecord, face: FaceRecord) -> dict[str, Any]:
    x, y, width, height = face.box_xywh
    raw = (None,) * len(record.labels) if face.raw is None else face.raw
    return {
        "frame": record.index,
        "t": record.t,
        "id": face.id,
        "state": face.state,
        **{"x": x, "y": y, "width": width, "height": height},
        "label": face.label,
        "confidence": face.confidence,
        "quality": face.quality,
        "reason": face.reason,
        **{f"p_{label}": value for label, value in zip(record.labels, face.probs, strict=True)},
        **{f"raw_{label}": value for label, value in zip(record.labels, raw, strict=True)},
    }


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise SinkError(f"cannot write {path}: {error}; is the disk full?") from error
