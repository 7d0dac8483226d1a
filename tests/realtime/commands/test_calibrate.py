"""`fer-cam calibrate` on the demo clip, then `--profile`; bad input is one line and an exit code."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime import cli
from realtime.model.spec import ModelSpec
from realtime.neutral import profiles
from tests import program
from tests.demo import CLIP
from tests.profiles import profile
from tests.tiny_models import write_always, write_linear, write_sad_at_rest
from tests.video_files import gray_levels, write_video


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for profiles."""
    monkeypatch.setenv(profiles.VARIABLE, str(tmp_path / "profiles"))
    return tmp_path / "profiles"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_sad_at_rest(tmp_path / "sad.onnx")


def calibrate(*words: str | Path) -> int:
    return cli.main(["calibrate", *map(str, words)])


def test_a_profile_of_the_demo_makes_its_neutral_neutral(
    folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate("--profile", "anna", "--video", CLIP, "--model", model, "--seconds", "1") == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "30 frames of a resting face in 1.0 s; corrected: sadness by 1.30",
        f"wrote {folder / 'anna.json'}",
    ]
    assert err.splitlines()[-1] == "rest your face: 1 s"
    kept = json.loads((folder / "anna.json").read_text())
    assert kept["offsets"]["sadness"] == pytest.approx(0.3, abs=1e-3)
    assert (kept["model"], kept["frames"]) == ("sad.onnx", 30)

    out_path = tmp_path / "out.jsonl"
    words = [str(CLIP), "--model", str(model), "--profile", "anna", "--jsonl", str(out_path), "--max-frames", "30"]
    assert cli.main([*words, "--no-display"]) == 0
    assert "profile anna" in capsys.readouterr().err
    header, *lines = program.rows(out_path)
    assert header["settings"]["profile"] == "anna"
    assert header["correction"] == {"sadness": pytest.approx(1.3, abs=1e-3)}
    faces = [face for line in lines if line["type"] == "frame" for face in line["faces"]]
    assert {(face["label"], face["profile"]) for face in faces} == {("neutral", "anna")}
    assert min(face["raw"]["sadness"] for face in faces) > 0.5


def test_a_later_stretch_and_the_network_that_ships(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the sixth second on the demo's first person smiles, is surprised and rests between; see demo.csv."""
    assert calibrate("--profile", "anna", CLIP, "--seconds", "1", "--model", "int8") == 0
    assert "read as neutral already, and nothing is corrected" in capsys.readouterr().out
    assert calibrate("--profile", "berta", CLIP, "--seconds", "1", "--start", "1.8", "--model", "int8", "-q") == 3
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "too wrong about it to be corrected: happiness 100 %" in err
    assert [path.name for path in folder.iterdir()] == ["anna.json"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--seconds", "0.5"], 2, "--seconds 0.5: give 1 to 60"),
        (["--seconds", "nan"], 2, "--seconds nan: give 1 to 60"),
        (["--start", "-1"], 2, "--start -1: give seconds from the beginning"),
        (["--start", "inf"], 2, "--start inf: give seconds from the beginning"),
        (["--profile", "a/b c", "--start", "900"], 3, "no face was found"),
        (["--profile", "a b"], 2, "--profile a b: give letters, digits"),
        (["--provider", "abacus"], 2, "--provider abacus: give one of"),
    ],
)
def test_bad_input(
    words: list[str], code: int, said: str, folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate("--profile", "anna", CLIP, "--model", model, "-q", *words) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not folder.exists()


def test_a_clip_without_a_face_and_one_that_is_missing(
    folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = write_video(tmp_path / "blank.mp4", gray_levels(20))
    for source, said in ((blank, "not calibrated: no face was found"), (tmp_path / "nowhere.mp4", "nowhere.mp4")):
        assert calibrate("--profile", "anna", "--video", source, "--model", model, "-q") == 3
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1


def test_images_cannot_be_calibrated_on(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((60, 80, 3), np.uint8))
    assert calibrate("--profile", "anna", tmp_path / "images", "--model", model, "-q") == 2
    assert "images cannot be calibrated on" in capsys.readouterr().err


def test_a_network_without_neutral(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = ModelSpec("seven", labels=("happiness", "sadness"))
    other = write_linear(tmp_path / "two.onnx", np.zeros((48 * 48, 2), np.float32), np.zeros(2, np.float32), spec)
    assert calibrate("--profile", "anna", CLIP, "--model", other, "-q") == 2
    assert "two.onnx has no label neutral" in capsys.readouterr().err


def test_an_existing_profile_is_kept_unless_told_otherwise(
    folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profiles.save("anna", profile())
    before = (folder / "anna.json").read_text()
    words = ("--profile", "anna", CLIP, "--model", model, "--seconds", "1", "-q")
    assert calibrate(*words) == 2
    assert "exists; choose another name, or replace it with --overwrite" in capsys.readouterr().err
    assert (folder / "anna.json").read_text() == before
    assert calibrate(*words, "--overwrite") == 0
    assert (folder / "anna.json").read_text() != before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "--profile anna: there is no such profile; fer-cam calibrate --profile anna makes it"),
        ("{", "cannot be read (Expecting property name"),
        ("profile", "made with another network, net.onnx of 2026-01-31, and always.onnx runs here"),
    ],
)
def test_a_run_with_a_bad_profile(
    content: str | None, said: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content == "profile":
        profiles.save("anna", profile())
    elif content is not None:
        folder.mkdir()
        (folder / "anna.json").write_text(content)
    always = write_always(tmp_path / "always.onnx")
    out = tmp_path / "out.jsonl"
    assert cli.main([str(CLIP), "--model", str(always), "--profile", "anna", "--jsonl", str(out), "--no-display"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not out.exists()
