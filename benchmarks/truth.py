"""Ground truth of faces: the demo clip's table, or a folder's boxes.csv."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import ConfigError

BOXES = "boxes.csv"
CLIP_COLUMNS = {"frame", "id", "x1", "y1", "x2", "y2"}
FOLDER_COLUMNS = {"file", "x", "y", "w", "h"}


@dataclass(frozen=True, eq=False)
class TrueFaces:
    """The faces of one frame: ids (n,), and boxes float32 (n,4) x1 y1 x2 y2 in pixels."""

    ids: tuple[int, ...]
    boxes_xyxy: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Truth:
    """The faces of every frame; frames missing from the table have none.

    Attributes:
        path: of the table.
        by_name: whether frames are keyed by file name instead of index.
    """

    path: Path
    by_name: bool
    frames: dict[str, TrueFaces]

    def of(self, frame: Frame) -> TrueFaces:
        """The true faces of a frame."""
        return self.at(frame.source if self.by_name else str(frame.index))

    def at(self, key: str) -> TrueFaces:
        """The true faces of the frame with this name or index."""
        return self.frames.get(key, TrueFaces((), np.zeros((0, 4), np.float32)))

    @property
    def faces(self) -> int:
        """Number of true boxes."""
        return sum(len(faces.ids) for faces in self.frames.values())


def find(info: SourceInfo) -> Truth | None:
    """The truth of a source: boxes.csv in a folder, or a table beside a clip with the same name.

    Raises:
        ConfigError: an invalid table.
    """
    if info.path is None:
        return None
    path = Path(info.path)
    table = path / BOXES if path.is_dir() else path.with_suffix(".csv")
    if not table.is_file():
        return None
    return _folder(table) if path.is_dir() else _clip(table)


def _clip(table: Path) -> Truth | None:
    """Columns frame,id,x1,y1,x2,y2,...; None for other tables."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not set(reader.fieldnames or ()) >= CLIP_COLUMNS:
            return None
        rows: dict[str, list[tuple[int, list[float]]]] = defaultdict(list)
        try:
            for row in reader:
                rows[row["frame"]].append((int(row["id"]), [float(row[name]) for name in ("x1", "y1", "x2", "y2")]))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{table}, line {reader.line_num}: {error}; give numbers") from error
    return Truth(table, by_name=False, frames={key: _faces(faces) for key, faces in rows.items()})


def _folder(table: Path) -> Truth:
    """Columns file,x,y,w,h: one row per face; a row with only the file is an image without faces."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not set(reader.fieldnames or ()) >= FOLDER_COLUMNS:
            raise ConfigError(f"{table}: its first line must be file,x,y,w,h")
        rows: dict[str, list[tuple[int, list[float]]]] = defaultdict(list)
        for row in reader:
            faces = rows[row["file"]]
            if not (row["x"] or "").strip():
                continue
            try:
                x, y, w, h = (float(row[name]) for name in ("x", "y", "w", "h"))
            except (TypeError, ValueError) as error:
                raise ConfigError(f"{table}, line {reader.line_num}: give four numbers after the file") from error
            faces.append((len(faces) + 1, [x, y, x + w, y + h]))
    return Truth(table, by_name=True, frames={key: _faces(faces) for key, faces in rows.items()})


def _faces(rows: list[tuple[int, list[float]]]) -> TrueFaces:
    boxes = np.array([box for _, box in rows], np.float32).reshape(-1, 4)
    return TrueFaces(tuple(number for number, _ in rows), boxes)
