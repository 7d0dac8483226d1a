"""Faces keep their ids from part to part."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from realtime.bulk.joining import Written, join, matches
from realtime.bulk.tables import RecordTables, header_of
from tests import builders

Faces = dict[int, tuple[float, float, float, float]]
LEFT, RIGHT, BELOW = (10.0, 8.0, 40.0, 38.0), (110.0, 8.0, 140.0, 38.0), (10.0, 108.0, 40.0, 138.0)


def write(folder: Path, number: int, owned: int, frames: dict[int, Faces]) -> Written:
    """The tables of a part whose frames have these faces."""
    written = Written(folder / f"{number}-frames.parquet", folder / f"{number}-faces.parquet")
    with RecordTables(written.frames, written.faces, builders.run_info(), {"owned": owned}) as tables:
        for index, faces in frames.items():
            found = [builders.face(one, box=box) for one, box in faces.items()]
            tables.write(builders.record(index, t=index / 10, faces=found))
    return written


def joined(folder: Path, parts: list[Written]) -> dict[int, dict[int, float]]:
    """Left edge of each face, by frame and id."""
    read = join(parts, folder / "frames.parquet", folder / "faces.parquet", 1.0)
    assert read.frames == len(pq.read_table(folder / "frames.parquet"))
    found: dict[int, dict[int, float]] = {}
    for row in pq.read_table(folder / "faces.parquet").to_pylist():
        found.setdefault(row["frame"], {})[row["id"]] = row["x"]
    return found


def test_a_face_on_both_sides_keeps_its_id_and_a_new_one_gets_the_next(tmp_path: Path) -> None:
    first = write(tmp_path, 0, 0, {0: {1: LEFT}, 1: {1: LEFT, 2: RIGHT}, 2: {1: LEFT, 2: RIGHT}})
    second = write(tmp_path, 1, 3, {1: {1: RIGHT, 2: LEFT}, 2: {1: RIGHT, 2: LEFT}, 3: {1: RIGHT, 2: LEFT}, 4: {3: BELOW}})
    found = joined(tmp_path, [first, second])
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found[3] == {2: 110.0, 1: 10.0}
    assert list(found[4]) == [3]


def test_a_face_of_the_warm_up_alone_takes_no_number(tmp_path: Path) -> None:
    first = write(tmp_path, 0, 0, {0: {1: LEFT}, 1: {1: LEFT}})
    second = write(tmp_path, 1, 2, {1: {7: BELOW}, 2: {9: RIGHT}})
    assert list(joined(tmp_path, [first, second])[2]) == [2]


def test_parts_without_faces(tmp_path: Path) -> None:
    parts = [write(tmp_path, 0, 0, {0: {}, 1: {}}), write(tmp_path, 1, 2, {1: {}, 2: {}})]
    assert joined(tmp_path, parts) == {}


def test_the_joined_tables_have_the_header_of_the_recording(tmp_path: Path) -> None:
    joined(tmp_path, [write(tmp_path, 0, 0, {0: {1: LEFT}})])
    header = header_of(tmp_path / "faces.parquet")
    assert header["model"] == builders.run_info().model
    assert "owned" not in header


def test_the_id_that_is_shared_most_often_wins() -> None:
    def rows(*faces: tuple[int, int, float]) -> np.ndarray:
        return np.array([(frame, one, left, 0.0, 10.0, 10.0) for frame, one, left in faces], np.float64).reshape(-1, 6)

    before = rows((0, 1, 0.0), (0, 2, 8.0), (1, 1, 0.0), (1, 2, 4.0), (2, 2, 3.0))
    after = rows((0, 5, 0.0), (1, 5, 1.0), (2, 5, 20.0))
    assert matches(after, before) == {5: 1}
    assert matches(rows(), before) == {}


@pytest.mark.parametrize("row", [0, 1])
def test_a_table_appears_only_when_it_is_whole(row: int, tmp_path: Path) -> None:
    written = Written(tmp_path / "frames.parquet", tmp_path / "faces.parquet")

    def write_half() -> None:
        with RecordTables(written.frames, written.faces, builders.run_info()) as tables:
            tables.write(builders.record(faces=[builders.face()] * row))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert list(tmp_path.iterdir()) == []
