"""Recordings of browsers' cameras: begun and ended by the page, downloaded, on a full disk."""

import json
from pathlib import Path

import pytest

from realtime.config import Config
from realtime.model.classifier import Classifier
from realtime.records import FrameRecord, Header, records
from realtime.views.web import wire
from realtime.views.web.access import Role
from realtime.views.web.tracking import CameraSession
from tests import program
from tests.full_disk import files_of_at_most
from tests.tiny_models import write_always
from tests.web_client import WH, Browser, Stage, ask, camera_run, jpeg, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


def test_the_page_begins_and_ends_recordings(on: Stage, browser: Browser, tmp_path: Path) -> None:
    with browser.camera() as socket:
        ask(socket, 0, jpeg())
        for folder in ("P", "P-2"):
            socket.send(type="record", on=True)
            assert socket.next("notice")["text"] == f"Recording to {tmp_path / folder}"
            assert socket.until("status", lambda status: status["recording"])
            first = 100 if folder == "P" else 200
            for index in range(first, first + 3):
                ask(socket, index, jpeg())
            socket.send(type="marker", name="stimulus", ago_ms=1)
            marker = socket.next("marker")
            assert (marker["name"], marker["frame"], marker["by"]) == ("stimulus", first + 2, "page")
            socket.send(type="record", on=False)
            assert socket.next("notice")["text"] == f"Recorded to {tmp_path / folder}"
            ask(socket, first + 50, jpeg())
    on.view.close()
    assert on.view.sessions == (tmp_path / "P", tmp_path / "P-2")
    for folder, first in (("P", 100), ("P-2", 200)):
        rows = list(records(tmp_path / folder / "frames.jsonl"))
        assert isinstance(rows[0], Header)
        settings = dict(rows[0].run.settings)
        assert settings["clock"] == "browser"
        assert isinstance(settings["clock_offset_s"], float)
        assert (rows[0].run.source.name, rows[0].run.source.width, rows[0].run.source.height) == ("browser-1", 320, 240)
        frames = [row for row in rows if isinstance(row, FrameRecord)]
        assert [row.index for row in frames] == [first, first + 1, first + 2]
        assert [row.t for row in frames] == pytest.approx([0, 1 / 30, 2 / 30], abs=1e-5)
        assert frames[0].captured_at == rows[0].first_monotonic_s
        about = json.loads((tmp_path / folder / "session.json").read_text())
        assert (about["participant"], about["markers"], about["summary"]["frames"]) == ("P07", 1, 3)
        assert "stimulus" in (tmp_path / folder / "events.tsv").read_text()


def test_the_files_of_a_recording_that_has_ended_can_be_downloaded(on: Stage, browser: Browser, tmp_path: Path) -> None:
    with browser.camera() as socket:
        socket.send(type="record", on=True)
        ask(socket, 0, jpeg())
        assert browser.get("/download/P/frames.jsonl").code == 404  # still being written
        socket.send(type="record", on=False)
        assert socket.until("status", lambda status: status["stored"]["finished"])["stored"]["finished"] == ["P"]
        for name in ("frames.jsonl", "faces.csv", "events.tsv", "session.json"):
            answer = browser.get(f"/download/P/{name}")
            assert (answer.code, answer.body) == (200, (tmp_path / "P" / name).read_bytes())
            assert answer.headers["content-disposition"] == f'attachment; filename="P-{name}"'
        socket.send(type="stop")
        socket.next("summary")
    assert browser.get("/download/P/frames.jsonl").code == 200
    assert on.browser(Role.WATCH).get("/download/P/frames.jsonl").code == 401
    for path in ("P/secret.txt", "P/../tiny.onnx", "../P/frames.jsonl", "P/..%2ftiny.onnx", f"{tmp_path.name}/tiny.onnx", "P/"):
        assert browser.get(f"/download/{path}").code == 404, path


def test_recording_may_be_asked_for_before_the_first_frame(on: Stage, browser: Browser, tmp_path: Path) -> None:
    with browser.camera() as socket:
        socket.send(type="record", on=True)
        assert socket.next("notice")["text"] == "Recording begins with the first frame."
        for index in range(3):
            ask(socket, index, jpeg())
    on.view.close()
    assert [row["frame"] for row in program.frames(tmp_path / "P" / "frames.jsonl")] == [0, 1, 2]


def test_a_dropped_connection_leaves_one_recording_with_a_gap(on: Stage, browser: Browser, tmp_path: Path) -> None:
    with browser.camera() as socket:
        key = socket.next("hello")["session"]
        ask(socket, 0, jpeg(), at=1.0)
        socket.send(type="record", on=True)
        socket.next("notice")
        ask(socket, 1, jpeg(), at=1.1)
    with browser.camera(key) as socket:
        assert socket.next("hello")["stored"]["recording"]
        ask(socket, 60, jpeg(), at=3.1)
    on.view.close()
    assert on.view.sessions == (tmp_path / "P",)
    assert [row["t"] for row in program.frames(tmp_path / "P" / "frames.jsonl")] == [0.0, 2.0]


def test_without_a_folder_the_page_says_how_to_record(tmp_path: Path) -> None:
    with stage(tmp_path, source="browser") as on, on.browser().camera() as socket:
        assert socket.next("hello")["can"].count("record") == 0
        ask(socket, 0, jpeg())
        socket.send(type="record", on=True)
        assert socket.next("notice")["text"] == "Recording needs a folder; start fer-cam with --session DIR."
        socket.send(type="marker", name="x")
        assert "start one first" in socket.next("notice")["text"]


def test_a_recording_that_fails_ends_and_the_camera_goes_on(on: Stage, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "P").write_text("a file is in the way")
    for number in range(2, 4):
        (tmp_path / f"P-{number}").write_text("here, too")
    folder = tmp_path / "P-4"
    with browser.camera() as socket:
        ask(socket, 0, jpeg())
        socket.send(type="record", on=True)
        assert socket.next("notice")["text"] == f"Recording to {folder}"
        assert ask(socket, 1, jpeg())["frame"] == 1


def test_a_folder_that_cannot_be_made_is_a_notice(tmp_path: Path) -> None:
    with stage(tmp_path, source="browser", session=tmp_path / "none" / "P") as on, on.browser().camera() as socket:
        ask(socket, 0, jpeg())
        socket.send(type="record", on=True)
        assert "the folder does not exist; create it first" in socket.next("notice")["text"]
        assert ask(socket, 1, jpeg())["frame"] == 1


def test_a_recording_on_a_full_disk_ends_and_the_camera_goes_on(tmp_path: Path) -> None:
    classifier = Classifier.load(str(write_always(tmp_path / "tiny.onnx")), 1)
    config = Config.of(source="browser", serve=0, session=tmp_path / "P")
    session = CameraSession("browser-1", config, camera_run(), classifier)
    session.record(True)
    lines, said = [], []
    with files_of_at_most(33_000):  # more than what session.json reserves for its end
        for index in range(400):
            lines.append(session.process(wire.unpack(wire.pack(index, WH, 1 + index / 30, jpeg())), 0.0))
            said += session.notices()
            assert session.state.recording is not any("ends here" in text for text in said)
    assert len(lines) == 400
    assert said[:2] == ["Recording begins with the first frame.", f"Recording to {tmp_path / 'P'}"]
    assert said[2].startswith(f"The recording ends here: cannot write {tmp_path / 'P' / 'frames.jsonl'}: ")
    session.record(True)  # there is room again
    assert session.notices() == (f"Recording to {tmp_path / 'P-2'}",)
    session.end()
    classifier.close()
    assert session.folders == [tmp_path / "P", tmp_path / "P-2"]
