"""Scenes contain the specified faces, and every benchmark runs on a few frames."""

import importlib
import json
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from benchmarks import cells, delay, latency, ours, peers, record, scaling, scenes, startup, throughput, tutorial
from benchmarks.payloads import PAYLOADS, Latency, Matrix, Scaling, Startup, Throughput
from benchmarks.payloads_programs import Delay
from benchmarks.scenes import Scene
from benchmarks.steps import OURS, THEIRS
from benchmarks.suite import Size
from realtime.config import Config
from realtime.errors import ConfigError
from realtime.model.session import locate
from tests.conftest import ROOT
from tests.tiny_models import write_always

SMALL = Size(320, 180)
FRAMES = 12


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options that make a benchmark quick: networks of a few bytes."""
    path = str(write_always(tmp_path_factory.mktemp("model") / "tiny.onnx"))
    return ["--model", path, "--full-precision", path]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few frames with one face of 60 px."""
    actor = cells.actor(Config.of(source="demo"))
    return scenes.write_video(Scene(SMALL, 1, FRAMES, 60), actor, tmp_path_factory.mktemp("clip") / "small.mp4")


# scenes


@pytest.mark.parametrize("faces", [0, 1, 4])
def test_a_scene_has_the_specified_faces(faces: int) -> None:
    scene = Scene(Size(640, 360), faces, 3)
    image = list(scenes.compose(scene, cells.actor(Config.of(source="demo"))))[2]
    assert image.shape == (360, 640, 3)
    boxes = scene.boxes(2)
    assert boxes.shape == (faces, 4)
    assert np.allclose(boxes[:, 2:] - boxes[:, :2], 360 // 7)
    path = locate("full")
    found = tutorial.Loop(path, 0.5, 0.25).look(image.copy()).boxes_xyxy
    centres = (found[:, :2] + found[:, 2:]) / 2
    for box in boxes:
        near = np.abs(centres - (box[:2] + box[2:]) / 2).max(axis=1) < 10
        assert near.any(), f"no face at {box}"


def test_faces_sway_and_never_jump() -> None:
    scene = Scene(Size(640, 360), 4, 300)
    boxes = np.stack([scene.boxes(n) for n in range(300)])
    steps = np.abs(np.diff(boxes, axis=0))
    assert 0 < steps.max() < 0.02 * scene.side
    assert np.ptp(boxes[:, 0, 0]) == pytest.approx(2 * scenes.SWAY_PART * scene.side, rel=0.02)


def test_a_clip_is_played_forwards_and_backwards() -> None:
    actor = scenes.Actor("clip", (np.zeros((4, 4, 3), np.uint8),) * 3, np.zeros((3, 3), np.float32))
    assert [actor.at(n) for n in range(7)] == [0, 1, 2, 1, 0, 1, 2]


@pytest.mark.parametrize("scene", [(17, 10, 0), (1, 0, 0), (1, 1, 20), (1, 1, 170)])
def test_impossible_scenes(scene: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError):
        Scene(SMALL, *scene)


# the commands


def run(module: ModuleType, arguments: list[str], folder: Path) -> object:
    """Runs a benchmark and returns its result, read back."""
    assert module.main([*arguments, "--out", str(folder), "--name", "try"]) == 0
    assert (folder / "try.png").read_bytes().startswith(b"\x89PNG")
    written = json.loads((folder / "try.json").read_text())
    return record.read(folder / "try.json", PAYLOADS[written["benchmark"]]).result


def test_latency_of_a_clip(clip: Path, tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(latency, ["--video", str(clip), "--repeats", "2", *tiny], tmp_path)
    assert isinstance(result, Latency)
    assert (result.clip.width, result.clip.height, result.clip.frames, result.repeats) == (320, 180, FRAMES, 2)
    assert {timing.what for timing in result.timings} == {OURS, THEIRS}
    assert {timing.n for timing in result.timings} == {2 * FRAMES}
    shown = capsys.readouterr().out
    assert "tutorial loop" in shown
    assert "frames/s" in shown


def test_a_result_names_the_selected_network(clip: Path, tiny: list[str], tmp_path: Path) -> None:
    assert latency.main(["--video", str(clip), "--repeats", "1", "--threads", "1", *tiny, "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("*.json")
    assert path.name.startswith("latency-small-tiny--")
    assert json.loads(path.read_text())["command"].endswith("--video small.mp4 --repeats 1 --model tiny.onnx --threads 1")


def test_latency_of_a_matrix(tiny: list[str], tmp_path: Path) -> None:
    arguments = [
        "--matrix",
        "--face",
        "60",
        "--sizes",
        "240x180",
        "320x180",
        "--faces",
        "0",
        "1",
        "--frames",
        "8",
        "--repeats",
        "1",
        *tiny,
    ]
    result = run(latency, arguments, tmp_path)
    assert isinstance(result, Matrix)
    assert [(cell.width, cell.faces, cell.face_px) for cell in result.cells] == [
        (240, 0, 60),
        (240, 1, 60),
        (320, 0, 60),
        (320, 1, 60),
    ]
    assert [round(cell.seen[1]) for cell in result.cells] == [0, 1, 0, 1]


def test_scaling(tiny: list[str], tmp_path: Path) -> None:
    arguments = ["--size", "320x180", "--faces", "1", "2", "--sizes", "240x180", "320x180", "--frames", "3", "--repeats", "1"]
    result = run(scaling, [*arguments, "--face", "60", *tiny], tmp_path)
    assert isinstance(result, Scaling)
    assert [cell.faces for cell in result.by_faces] == [1, 2]
    assert [cell.width for cell in result.by_pixels] == [240, 320]
    assert [slope.what for slope in result.slopes] == [OURS, THEIRS]


def test_throughput(clip: Path, tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(throughput, ["--video", str(clip), "--repeats", "1", *tiny], tmp_path)
    assert isinstance(result, Throughput)
    assert [(speed.what, speed.output) for speed in result.speeds] == [
        (THEIRS, "nothing saved"),
        (THEIRS, "a video saved"),
        (OURS, "nothing saved"),
        (OURS, "--jsonl"),
        (OURS, "--save"),
    ]
    for speed in result.speeds:
        assert speed.frames_per_s == pytest.approx(FRAMES / speed.run_s.p50, rel=0.05)
    nothing, saved = (speed.run_s.p50 for speed in result.speeds[:2])
    assert result.speeds[3].times_faster == pytest.approx(nothing / result.speeds[3].run_s.p50, abs=0.01)
    assert result.speeds[4].times_faster == pytest.approx(saved / result.speeds[4].run_s.p50, abs=0.01)


def test_delay(clip: Path, tiny: list[str], tmp_path: Path) -> None:
    if not shutil.which("mosquitto", path=f"{os.environ['PATH']}:{delay.BROKER_FOLDERS}"):
        pytest.skip("mosquitto is not installed")
    for library in ("pythonosc", "paho.mqtt"):
        pytest.importorskip(library)
    pytest.importorskip("pylsl", exc_type=ImportError)
    arguments = ["--video", str(clip), "--size", "320x180", "--seconds", "3", "--warm-up", "1", "--face", "60", *tiny[:2]]
    result = run(delay, arguments, tmp_path)
    assert isinstance(result, Delay)
    assert [heard.what for heard in result.receivers] == ["osc", "mqtt", "lsl"]
    assert result.frames == 90
    for heard in result.receivers:
        assert 0 < heard.frames <= result.frames
        assert heard.delay_ms.p50 > result.processed_ms.p50 > 0
        assert heard.sending_ms.p50 > 0


def test_startup(clip: Path, tiny: list[str], tmp_path: Path) -> None:
    result = run(startup, ["--video", str(clip), "--repeats", "1", *tiny], tmp_path)
    assert isinstance(result, Startup)
    for side in result.sides:
        assert 0 < side.first_frame_s.p50 <= side.first_label_s.p50
        assert side.peak_mb is None or 30 < side.peak_mb.max < 2000


@pytest.mark.parametrize(
    ("line", "frame", "label"),
    [
        ('{"type":"header"}', False, False),
        ('{"type":"frame","faces":[]}', True, False),
        ('{"type":"frame","faces":[{"label":"uncertain"}]}', True, False),
        ('{"type":"frame","faces":[{"label":"uncertain"},{"label":"anger"}]}', True, True),
        ("frame\n", True, False),
        ("label\n", True, True),
    ],
)
def test_the_first_label_of_a_program(line: str, frame: bool, label: bool) -> None:
    assert (startup.is_frame(line), startup.has_label(line)) == (frame, label)


def test_peers_without_fer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fer", None)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "fer.fer", None)  # type: ignore[arg-type]
    assert peers.main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def fer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake package fer that detects the same face in every frame."""

    class Fer:
        def __init__(self, mtcnn: bool) -> None:
            assert not mtcnn

        def detect_emotions(self, image: object) -> list[dict[str, object]]:
            return [{"box": (10, 20, 30, 40), "emotions": {"happy": 0.9, "sad": 0.1}}]

    monkeypatch.setitem(sys.modules, "fer", SimpleNamespace())  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "fer.fer", SimpleNamespace(FER=Fer))  # type: ignore[arg-type]


@pytest.mark.usefixtures("fer")
def test_peers_with_fer(clip: Path, tiny: list[str], tmp_path: Path) -> None:
    result = run(peers, ["--video", str(clip), "--repeats", "1", *tiny], tmp_path)
    assert isinstance(result, Latency)
    sides = list(dict.fromkeys(timing.what for timing in result.timings))
    assert sides[:2] == [OURS, THEIRS]
    assert sides[2].startswith("fer ")


@pytest.mark.usefixtures("fer")
def test_throughput_with_fer(clip: Path, tiny: list[str], tmp_path: Path) -> None:
    result = run(throughput, ["--video", str(clip), "--repeats", "1", "--fer", *tiny], tmp_path)
    assert isinstance(result, Throughput)
    (rival,) = (speed for speed in result.speeds if speed.what not in (OURS, THEIRS))
    assert rival.what.startswith("fer ")
    assert rival.times_faster == pytest.approx(result.speeds[0].run_s.p50 / rival.run_s.p50, abs=0.01)


def test_both_sides_see_every_frame_and_the_face(clip: Path) -> None:
    classifier = ours.load(Config())
    mine = ours.play(Config.of(source=str(clip)), classifier)
    other = tutorial.play(clip, locate("full"), classifier.spec.mean, classifier.spec.std)
    assert len(mine) == len(other) == FRAMES
    assert sum(steps.faces for steps in other) >= FRAMES - 2
    assert sum(steps.faces for steps in mine) >= FRAMES // 3  # a new face is confirmed after a sixth of a second
    for steps in (*mine, *other):
        assert 0 < steps.parts[0].seconds < steps.total < 60


@pytest.mark.parametrize(
    ("suite", "arguments", "code"),
    [
        ("latency", ["--video", "nowhere.mp4"], 3),
        ("latency", ["--video", str(ROOT / "tests")], 3),
        ("latency", ["--model", "nowhere.onnx"], 4),
        ("latency", ["--repeats", "0"], 2),
        ("latency", ["--matrix", "--sizes", "big"], 2),
        ("latency", ["--matrix", "--faces", "99"], 2),
        ("scaling", ["--faces", "1"], 2),
        ("throughput", ["--video", "nowhere.mp4"], 3),
        ("startup", ["--video", "nowhere.mp4"], 3),
        ("live", ["--seconds", "0"], 2),
        ("live", ["--size", "1280"], 2),
        ("bulk", ["--files", "0"], 2),
        ("delay", ["--seconds", "0"], 2),
        ("web", ["--seconds", "0"], 2),
        ("soak", ["--minutes", "0"], 2),
        ("detection", ["--on", "nowhere.mp4"], 3),
    ],
)
def test_bad_input_is_one_line(suite: str, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert importlib.import_module(f"benchmarks.{suite}").main(arguments) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, clip: Path, tiny: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert latency.main(["--video", str(clip), "--repeats", "1", *tiny, "--out", str(blocked / "results")]) == 5
    assert "cannot write" in capsys.readouterr().err
