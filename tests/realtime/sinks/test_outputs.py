"""All outputs of a run as one: opened together or not at all, closed whatever happens."""

import json
import sys
from pathlib import Path

import pytest

from realtime.config import OutputConfig
from realtime.drawing.painter import Painted
from realtime.errors import ConfigError, SinkError
from realtime.sinks import open_outputs
from tests import builders
from tests.builders import images_of, shot

FILM = builders.source_info("clip.mp4", path="clip.mp4")


def test_every_output_asked_for_is_written_and_closed(tmp_path: Path) -> None:
    config = OutputConfig(save=tmp_path, jsonl=str(tmp_path), csv=tmp_path / "table.csv")
    outputs = open_outputs(config, builders.run_info(builders.camera_info()))
    result = builders.result([builders.face()], of=builders.frame(media_time=0.0))
    outputs.write(Painted(result))
    outputs.mark(result)
    for _ in range(2):
        outputs.close(builders.summary(frames=1))
    assert outputs.recording
    assert outputs.notices() == ()
    assert [path.name for path in outputs.paths] == ["camera-0_fer.mp4", "camera-0_fer.jsonl", "table.csv"]
    lines = [json.loads(line)["type"] for line in (tmp_path / "camera-0_fer.jsonl").read_text().splitlines()]
    assert lines == ["header", "frame", "marker", "summary"]
    assert (tmp_path / "table.csv").read_text().count("\n") == 2
    assert (tmp_path / "camera-0_fer.mp4").stat().st_size > 1000


def test_nothing_asked_for_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outputs = open_outputs(OutputConfig(), builders.run_info())
    outputs.write(Painted(builders.result()))
    outputs.close(builders.summary())
    assert (outputs.paths, outputs.recording, list(tmp_path.iterdir())) == ((), False, [])


@pytest.mark.parametrize(
    ("config", "lines"), [(OutputConfig(jsonl="-"), 2), (OutputConfig(csv="-"), 1), (OutputConfig(csv=Path("-")), 1)]
)
def test_data_on_standard_output_are_no_file(
    config: OutputConfig, lines: int, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outputs = open_outputs(config, builders.run_info())
    outputs.close(builders.summary())
    assert outputs.paths == ()
    assert capsys.readouterr().out.count("\n") == lines
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/stdout")
def test_no_two_outputs_on_standard_output(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    with pytest.raises(ConfigError, match="jsonl and csv would mix on standard output; give one of them a file"):
        open_outputs(OutputConfig(jsonl=str(tmp_path / "link"), csv="-"), builders.run_info())


def test_outputs_in_a_folder_that_is_made_for_them(tmp_path: Path) -> None:
    folder = f"{tmp_path / 'results'}/"
    outputs = open_outputs(OutputConfig(save=folder, jsonl=folder, csv=folder), builders.run_info(FILM))
    outputs.write(Painted(builders.result(of=builders.frame(media_time=0.0))))
    outputs.close(builders.summary(frames=1))
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == ["clip_fer.csv", "clip_fer.jsonl", "clip_fer.mp4"]


def test_images_are_saved_as_images(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = images_of(tmp_path / "in", "a.png")
    outputs = open_outputs(OutputConfig(save=tmp_path / "out"), builders.run_info(source))
    outputs.write(shot("a.png"))
    outputs.close(builders.summary())
    assert outputs.paths == (tmp_path / "out",)
    assert (tmp_path / "out" / "a_fer.png").exists()


@pytest.mark.parametrize("save", ["clip.avi", "clip.mp4"])
def test_if_one_output_cannot_be_opened_nothing_is_left_of_the_others(save: str, tmp_path: Path) -> None:
    config = OutputConfig(save=tmp_path / save, jsonl=str(tmp_path / "out.jsonl"), csv=tmp_path / "missing" / "out.csv")
    with pytest.raises(SinkError):
        open_outputs(config, builders.run_info())
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_begin_overwrites_nothing(tmp_path: Path) -> None:
    before = {name: name.encode() for name in ("old.mp4", "old.jsonl")}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    missing = tmp_path / "missing" / "out.csv"
    config = OutputConfig(save=tmp_path / "old.mp4", jsonl=str(tmp_path / "old.jsonl"), csv=missing, overwrite=True)
    with pytest.raises(SinkError, match="the folder does not exist"):
        open_outputs(config, builders.run_info())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_run_without_frames_leaves_the_video_that_it_was_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "old.mp4").write_bytes(b"old")
    open_outputs(OutputConfig(save=tmp_path / "old.mp4", overwrite=True), builders.run_info()).close(builders.summary())
    assert (tmp_path / "old.mp4").read_bytes() == b"old"


def test_no_two_outputs_in_one_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    open_outputs(OutputConfig(jsonl=str(target), csv=target), builders.run_info()).close(builders.summary())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.txt", "a.txt"]
    with pytest.raises(SinkError, match="another output already uses it"):
        open_outputs(OutputConfig(jsonl=str(target), csv=target, overwrite=True), builders.run_info())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_failing_end_does_not_keep_the_others_from_ending(tmp_path: Path) -> None:
    outputs = open_outputs(OutputConfig(jsonl="/dev/full", csv=tmp_path / "out.csv"), builders.run_info())
    with pytest.raises(SinkError, match="/dev/full"):
        outputs.close(builders.summary())
    outputs.close(builders.summary())
    assert (tmp_path / "out.csv").read_text().startswith("source,frame")
