"""`fer-cam faces` on the demo clip; what is wrong is one line and an exit code."""

from pathlib import Path

import pytest

from realtime import cli
from realtime.crops import folder
from realtime.records import Header, Marker, to_line
from tests import builders
from tests.demo import CLIP, truth, write_clip
from tests.tiny_models import write_always


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A command line that cuts a neutral and a happy segment of the demo's first three seconds."""
    clip = write_clip(tmp_path / "anna.mp4", 0, 90, size_wh=(320, 240))
    table = tmp_path / "segments.csv"
    table.write_text("start,end,label,person\n0,1,neutral,Anna\n1.5,3,happy,Anna\n")
    model = write_always(tmp_path / "tiny.onnx")
    return ["faces", str(clip), "--segments", str(table), "--out", str(tmp_path / "faces"), "--model", str(model)]


def test_faces_are_cut(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    out = capsys.readouterr().out.splitlines()
    entries = folder.read(tmp_path / "faces")
    counts = {label: sum(entry.label == label for entry in entries) for label in ("neutral", "happiness")}
    assert out[0] == f"Anna: {counts['neutral']} neutral, {counts['happiness']} happiness"
    assert out[1].startswith(f"wrote {len(entries)} faces, of 7")
    assert 2 <= min(counts.values()) <= max(counts.values()) <= 10, "thinned: 75 frames lie in the segments"
    boxes = {face.frame: face.box_xyxy for face in truth() if face.id == 1}
    for entry in entries:
        assert {"neutral": 0 <= entry.time < 1, "happiness": 1.5 <= entry.time < 3}[entry.label]
        x1, y1, x2, y2 = (value / 2 for value in boxes[entry.frame])  # the clip is half as large
        assert abs(entry.x + entry.w / 2 - (x1 + x2) / 2) < 0.2 * (x2 - x1)
        assert abs(entry.y + entry.h / 2 - (y1 + y2) / 2) < 0.2 * (y2 - y1)
        assert (tmp_path / "faces" / entry.file).is_file()


def test_a_clip_is_cut_once_unless_asked(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*words, "-q"]) == 0
    before = folder.read(tmp_path / "faces")
    assert cli.main(words) == 2
    assert capsys.readouterr() == (
        "",
        f"fer-cam: {tmp_path / 'faces'} has faces of anna.mp4 already; give --overwrite to cut them again\n",
    )
    assert cli.main([*words, "--overwrite", "--every", "1"]) == 0
    assert 0 < len(folder.read(tmp_path / "faces")) < len(before)


def test_a_session_gives_the_segments(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = tmp_path / "P07"
    session.mkdir()
    run = builders.run_info(builders.source_info("anna.mp4"))
    lines = [Header(run, None, None), Marker(0, 0.0, "neutral"), Marker(30, 1.0, None)]
    (session / "frames.jsonl").write_text("".join(to_line(line, run) + "\n" for line in lines))
    words[words.index("--segments") + 1] = str(session)
    assert cli.main(words) == 2
    assert "names no participant; give --person NAME" in capsys.readouterr().err
    assert cli.main([*words, "--person", "Ben"]) == 0
    assert {(entry.person, entry.label) for entry in folder.read(tmp_path / "faces")} == {("Ben", "neutral")}


@pytest.mark.parametrize(
    ("more", "code", "text"),
    [
        (["--every", "-1"], 2, "--every -1: give seconds"),
        (["--quality", "nan"], 2, "--quality nan: give 0 to 1"),
        (["--person", "Ben"], 2, "--person belongs to a session"),
        (["--min-face", "3"], 2, "--min-face"),
        (["--quality", "1"], 3, "no face was cut; row 2 (neutral, Anna)"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str], tmp_path: Path, more: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if code == 3:
        write_clip(tmp_path / "anna.mp4", 0, 90, size_wh=(96, 72))
    assert cli.main([*words, *more]) == code
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("fer-cam: "))
    assert text in line
    assert not (tmp_path / "faces").exists()


def test_missing_files(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "segments.csv").write_text("start,end,label,person\n2,1,neutral,Anna\n")
    assert cli.main(words) == 2
    assert "segments.csv: row 2: start 2 and end 1" in capsys.readouterr().err
    words[1] = str(CLIP.with_name("missing.mp4"))
    assert cli.main(words) == 3
    assert "missing.mp4: No such file or directory; give a video file" in capsys.readouterr().err
