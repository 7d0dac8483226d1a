"""Segments from tables and from markers."""

import math
from pathlib import Path

import pytest

from realtime.crops import segments
from realtime.crops.segments import Segment
from realtime.errors import ConfigError
from realtime.records import Header, Marker, to_line
from tests import builders


def table(folder: Path, *lines: str) -> Path:
    path = folder / "segments.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_table_is_read(tmp_path: Path) -> None:
    path = table(tmp_path, "start,end,label,person", "0,2.5,Happy,Anna", "1:02.5,1:04,neutral,Jörg M.")
    path.write_text(path.read_text(encoding="utf-8").replace("Jörg M.", "Jörg M"), encoding="utf-8")
    assert segments.read(path) == (
        Segment("row 2", 0, 2.5, "happiness", "Anna"),
        Segment("row 3", 62.5, 64, "neutral", "Jörg M"),
    )


def test_a_spreadsheet_of_another_country_is_read(tmp_path: Path) -> None:
    path = table(tmp_path, "\ufeffLabel;Person;Start;End;Face", "anger;B;1,5;2;2", ";;;;")
    assert segments.read(path) == (Segment("row 2", 1.5, 2, "anger", "B", face=2),)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("4,2,anger,B", "row 3: start 4 and end 2: give seconds, and an end after the start"),
        ("4,,anger,B", "row 3: end is empty"),
        ("4,soon,anger,B", "row 3: 'soon' is no time"),
        ("nan,5,anger,B", "row 3: start nan and end 5"),
        ("4,5,joy,B", "row 3: label 'joy' is no expression; give one of neutral"),
        ("4,5,anger,../B", "row 3: person '../B' is no name of a folder"),
        ("4,5,anger,NUL", "row 3: person 'NUL' is no name of a folder"),
        ("4,5,anger,B,7", "row 3: has more values than the header has columns"),
        ("1,5,anger,B", "row 3: overlaps row 2; give each its own number in a column face"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, reason: str) -> None:
    path = table(tmp_path, "start,end,label,person", "0,2,neutral,A", row)
    with pytest.raises(ConfigError) as caught:
        segments.read(path)
    assert str(caught.value).startswith(f"{path}: {reason}")
    assert "\n" not in str(caught.value)


def test_two_faces_at_one_time_have_numbers(tmp_path: Path) -> None:
    path = table(tmp_path, "start,end,label,person,face", "0,2,neutral,A,1", "0,2,anger,B,2")
    assert [segment.face for segment in segments.read(path)] == [1, 2]
    with pytest.raises(ConfigError, match="give the number of a face"):
        segments.read(table(tmp_path, "start,end,label,person,face", "0,2,neutral,A,x"))


@pytest.mark.parametrize(
    ("text", "reason"), [("start,end,label\n", "column person is missing"), ("start,end,label,person\n", "has no rows")]
)
def test_a_table_without_what_is_needed(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "segments.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=reason):
        segments.read(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        segments.read(tmp_path / "missing.csv")


def session(folder: Path, *markers: tuple[float, str | None], live: bool = False) -> Path:
    """The folder of a session about P07 with these markers."""
    run = builders.run_info(builders.camera_info() if live else None)
    lines = [Header(run, None, None), *(Marker(int(30 * t), t, name, at=t) for t, name in markers)]
    folder.joinpath("frames.jsonl").write_text("".join(to_line(line, run) + "\n" for line in lines))
    folder.joinpath("session.json").write_text('{"participant": "P07"}')
    return folder


def test_markers_begin_and_end_segments(tmp_path: Path) -> None:
    folder = session(tmp_path, (1.0, "neutral"), (2.0, "happy"), (4.0, None), (6.0, "anger"))
    assert segments.participant(folder) == "P07"
    assert segments.of_session(folder, Path("clip.mp4"), "P07") == (
        Segment("marker 1", 1, 2, "neutral", "P07"),
        Segment("marker 2", 2, 4, "happiness", "P07"),
        Segment("marker 4", 6, math.inf, "anger", "P07"),
    )
    assert segments.participant(folder / "frames.jsonl") == ""


def test_sessions_that_give_no_segments(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no marker has the name of an expression"):
        segments.of_session(session(tmp_path, (1.0, "go")), Path("clip.mp4"), "A")
    with pytest.raises(ConfigError, match=r"is of clip.mp4, not of other.mp4"):
        segments.of_session(session(tmp_path, (1.0, "fear")), Path("other.mp4"), "A")
    with pytest.raises(ConfigError, match="is of the camera 0"):
        segments.of_session(session(tmp_path, (1.0, "fear"), live=True), Path("clip.mp4"), "A")
