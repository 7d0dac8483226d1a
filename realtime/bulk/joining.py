"""Joins the parts of a video, so that faces keep their ids from one part to the next.

The warm-up of a part has the same frames as the end of the part before. Two ids belong to one face if their boxes overlap in
those frames.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from realtime.bulk.reading import Read
from realtime.bulk.tables import METADATA, Table, header_of
from realtime.faces.geometry import iou

LEAST_OVERLAP = 0.5
"""Intersection over union of two boxes of one face in one frame."""


@dataclass(frozen=True)
class Written:
    """The tables of a part."""

    frames: Path
    faces: Path


def join(parts: Sequence[Written], frames: Path, faces: Path, seconds: float | None) -> Read:
    """Writes the tables of a whole recording from those of its parts, one part in memory at a time.

    Args:
        parts: in order.
        frames, faces: the tables to write.
        seconds: of the recording.

    Raises:
        SinkError: they cannot be written.
    """
    first = header_of(parts[0].frames)
    first.pop("owned")
    metadata = {METADATA: json.dumps(first).encode()}
    all_frames = Table(frames, pq.read_schema(parts[0].frames).with_metadata(metadata))
    all_faces = Table(faces, pq.read_schema(parts[0].faces).with_metadata(metadata))
    try:
        before: pa.Table | None = None
        highest = 0
        for part in parts:
            owned = int(header_of(part.frames)["owned"])
            rows = pq.read_table(part.faces)
            ids, highest = _renumbered(rows, before, owned, highest)
            rows = rows.set_column(rows.schema.get_field_index("id"), "id", ids)
            of_frames = pq.read_table(part.frames)
            all_frames.write(_own(of_frames, owned, metadata))
            all_faces.write(_own(rows, owned, metadata))
            before = rows
        all_faces.finish()
        all_frames.finish()
    finally:
        all_faces.discard()
        all_frames.discard()
    return Read(all_frames.rows, highest, seconds)


def matches(mine: NDArray[np.float64], others: NDArray[np.float64]) -> dict[int, int]:
    """Which id of one reading is which of the other, by the frames that both have.

    Args:
        mine, others: float64 (n,6), rows of frame, id, x, y, width, height.
    """
    shared: Counter[tuple[int, int]] = Counter()
    for frame in np.intersect1d(mine[:, 0], others[:, 0]):
        here, there = mine[mine[:, 0] == frame], others[others[:, 0] == frame]
        alike = iou(_xyxy(here), _xyxy(there)) >= LEAST_OVERLAP
        shared.update((int(here[i, 1]), int(there[j, 1])) for i, j in zip(*np.nonzero(alike), strict=True))
    found: dict[int, int] = {}
    for (here, there), _ in shared.most_common():
        if here not in found and there not in found.values():
            found[here] = there
    return found


def _renumbered(rows: pa.Table, before: pa.Table | None, owned: int, highest: int) -> tuple[pa.Array, int]:
    """The ids of a part in the numbering of the whole recording, and the highest of them so far."""
    ids, frames = rows["id"].to_numpy(), rows["frame"].to_numpy()
    known: dict[int, int] = {} if before is None else matches(_boxes(rows), _boxes(before))
    for one in dict.fromkeys(ids[frames >= owned].tolist()):  # in order of appearance
        if one not in known:
            highest += 1
            known[one] = highest
    return pa.array([known.get(one, 0) for one in ids.tolist()], pa.int64()), highest


def _boxes(rows: pa.Table) -> NDArray[np.float64]:
    columns = [rows[name].to_numpy().astype(np.float64) for name in ("frame", "id", "x", "y", "width", "height")]
    return np.stack(columns, axis=1)


def _xyxy(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1).astype(np.float32)


def _own(table: pa.Table, owned: int, metadata: dict[bytes, Any]) -> pa.Table:
    kept = table.filter(pc.greater_equal(table["frame"], owned))
    return kept.replace_schema_metadata(metadata)
