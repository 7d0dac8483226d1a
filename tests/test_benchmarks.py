"""The benchmark on a few frames, and the results that are committed."""

import json
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import latency, tutorial
from benchmarks.record import Machine, Record, Timing
from realtime.classifier import Classifier
from realtime.config import Config
from realtime.session import locate
from tests.conftest import ROOT
from tests.demo import CLIP

RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


def test_percentiles_of_a_timing() -> None:
    timing = Timing.of("fer-cam", "frame", [i / 1000 for i in range(101)])
    assert (timing.n, timing.p50_ms, timing.p95_ms, timing.p99_ms, timing.mean_ms) == (101, 50, 95, 99, 50)


def test_a_machine_has_a_name_for_files() -> None:
    machine = Machine("AMD EPYC(tm) 9B14 @ 2.6GHz", 2, "Linux x86_64", "3.12.1")
    assert machine.slug == "2-core-amd-epyc-tm"
    assert Machine.this().cores >= 1


@pytest.fixture(scope="module")
def faces_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first second of the demo clip as a file of its own."""
    path = tmp_path_factory.mktemp("clip") / "second.mp4"
    reader = cv2.VideoCapture(str(CLIP))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (640, 480))
    for _ in range(30):
        writer.write(reader.read()[1])
    writer.release()
    reader.release()
    return path


def test_both_sides_see_every_frame_and_the_face(faces_clip: Path) -> None:
    classifier = Classifier.load()
    ours = latency.play(Config(source=str(faces_clip)), classifier)
    theirs = tutorial.play(faces_clip, locate("full"), classifier.spec.mean, classifier.spec.std)
    assert len(ours) == len(theirs) == 30
    assert sum(steps.faces for steps in theirs) >= 27
    assert sum(steps.faces for steps in ours) >= 22  # a new face is confirmed after a sixth of a second
    for steps in (*ours, *theirs):
        assert 0 < steps.decode < steps.total < 60


def test_the_command_prints_a_table_and_writes_result_and_plot(
    faces_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--video", str(faces_clip), "--repeats", "1", "--out", str(tmp_path), "--name", "try"]
    assert latency.main(arguments) == 0
    shown = capsys.readouterr().out
    assert "tutorial loop" in shown
    assert "frames/s" in shown
    written = json.loads((tmp_path / "try.json").read_text())
    check(written)
    assert written["clip"]["frames"] == 30
    assert written["repeats"] == 1
    assert (tmp_path / "try.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--video", "nowhere.mp4"], 3),
        (["--video", str(ROOT / "tests")], 3),
        (["--model", "nowhere.onnx"], 4),
        (["--repeats", "0"], 2),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert latency.main(arguments) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path, faces_clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert latency.main(["--video", str(faces_clip), "--repeats", "1", "--out", str(blocked / "results")]) == 5
    assert "cannot write" in capsys.readouterr().err


def test_results_are_committed() -> None:
    assert any(path.name.startswith("latency-demo") for path in RESULTS)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name)
def test_committed_results_are_complete(path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    check(result)
    assert not result["commit"].startswith("unknown")
    assert result["command"].startswith("python -m benchmarks.")
    assert path.with_suffix(".png").is_file()


def check(result: dict[str, object]) -> None:
    """Asserts that a result carries everything that the contract asks for, and that its figures are possible."""
    assert set(result) == {field.name for field in fields(Record)}
    timings = result["timings"]
    assert isinstance(timings, list)
    by_side: dict[str, dict[str, dict[str, float]]] = {}
    for timing in timings:
        assert set(timing) == {field.name for field in fields(Timing)}
        assert 0 <= timing["p50_ms"] <= timing["p95_ms"] <= timing["p99_ms"]
        assert timing["n"] >= 30
        by_side.setdefault(timing["what"], {})[timing["stage"]] = timing
    assert set(by_side) == {latency.OURS, latency.THEIRS}
    for stages in by_side.values():
        parts = sum(stage["mean_ms"] for name, stage in stages.items() if name != "frame")
        assert np.isclose(stages["frame"]["mean_ms"], parts, rtol=0.05, atol=0.2)
