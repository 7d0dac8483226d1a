"""A session that viewers end and begin again while the program runs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo
from realtime.drawing.painter import Painted
from realtime.errors import SinkError
from realtime.sinks.switch import SwitchedOutputs, open_switched
from tests import builders, program

CAMERA = builders.run_info(builders.source_info("0", live=True, size_wh=(64, 48), frames=None))


def painted(index: int) -> Painted:
    return Painted(builders.result([builders.face()], of=builders.frame(index, captured_at=100 + index / 10)))


def opened(folder: Path, run: RunInfo = CAMERA, **settings: object) -> SwitchedOutputs:
    outputs = open_switched(OutputConfig(**{"session": folder / "P", "participant": "P07"} | settings), run)
    assert isinstance(outputs, SwitchedOutputs)
    return outputs


def about(folder: Path) -> dict[str, object]:
    value: dict[str, object] = json.loads((folder / "session.json").read_text())
    return value


def test_without_a_session_nothing_is_switched(tmp_path: Path) -> None:
    outputs = open_switched(OutputConfig(), CAMERA)
    assert not isinstance(outputs, SwitchedOutputs)
    assert outputs.record(True) == "recording needs a folder; start fer-cam with --session DIR"


def test_a_session_ends_and_another_begins_in_a_new_folder(tmp_path: Path) -> None:
    outputs = opened(tmp_path)
    assert (outputs.session, outputs.marks, outputs.any) == (tmp_path / "P", True, True)
    for index in (0, 1):
        outputs.write(painted(index))
    assert outputs.record(False) == f"recorded to {tmp_path / 'P'}"
    assert (outputs.session, outputs.marks, outputs.any, outputs.paths) == (None, False, True, ())
    outputs.write(painted(2))
    assert outputs.record(True) == f"recording to {tmp_path / 'P-2'}"
    outputs.write(painted(3))
    assert outputs.mark(painted(3).result, "a", 100.31, "page").at == pytest.approx(0.01)
    outputs.close(builders.summary(frames=4))
    assert outputs.sessions == (tmp_path / "P", tmp_path / "P-2")
    for folder, frames in (("P", [0, 1]), ("P-2", [3])):
        rows = program.rows(tmp_path / folder / "frames.jsonl")
        assert [row["frame"] for row in rows if row["type"] == "frame"] == frames
        assert next(row["t"] for row in rows if row["type"] == "frame") == 0  # counts from its own first frame
        assert rows[-1]["frames"] == len(frames)
        told = about(tmp_path / folder)
        assert (told["status"], told["participant"]) != ("running", "P07")
        assert told["participant"] == "P07"


def test_the_other_outputs_go_on(tmp_path: Path) -> None:
    outputs = opened(tmp_path, session=tmp_path / "P", save=tmp_path / "all.mp4")
    outputs.write(painted(0))
    assert outputs.recording
    outputs.record(False)
    outputs.write(painted(1))
    outputs.close(builders.summary(frames=2))
    assert len(program.watch(tmp_path / "all.mp4").times_s) == 2


def test_the_video_of_a_session_is_its_own(tmp_path: Path) -> None:
    outputs = opened(tmp_path, save=Path())
    outputs.write(painted(0))
    outputs.record(False)
    assert not outputs.recording
    outputs.record(True)
    for index in (1, 2):
        outputs.write(painted(index))
    outputs.close(builders.summary())
    assert [len(program.watch(tmp_path / name / "video.mp4").times_s) for name in ("P", "P-2")] == [1, 2]


def test_asking_twice_changes_nothing(tmp_path: Path) -> None:
    outputs = opened(tmp_path)
    assert outputs.record(True) == f"recording to {tmp_path / 'P'}"
    outputs.record(False)
    assert outputs.record(False) == "not recording"
    outputs.close(builders.summary())
    assert outputs.sessions == (tmp_path / "P",)


def test_a_first_session_that_cannot_be_opened_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="the folder does not exist"):
        opened(tmp_path, session=tmp_path / "none" / "P")


def test_a_later_one_is_only_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    outputs = opened(home)
    outputs.record(False)
    home.rename(tmp_path / "elsewhere")
    assert "the folder does not exist" in outputs.record(True)
    assert outputs.session is None
    outputs.write(painted(0))
    outputs.close(builders.summary())


def test_the_totals_are_those_of_the_session(tmp_path: Path) -> None:
    outputs = opened(tmp_path)
    outputs.write(painted(0))
    outputs.close(replace(builders.summary(frames=99), dropped=7))
    summary = about(tmp_path / "P")["summary"]
    assert isinstance(summary, dict)
    assert (summary["frames"], summary["dropped"]) == (1, 0)
