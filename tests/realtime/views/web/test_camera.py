"""Cameras of browsers: faces for every frame, one unanswered frame, sessions that survive a dropped connection, recordings."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from realtime.config import Config
from realtime.errors import ConfigError
from realtime.model.classifier import Classifier
from realtime.records import FrameRecord, Header, records
from realtime.views.web import wire
from realtime.views.web.access import Role
from realtime.views.web.camera import MOST_FAULTS
from realtime.views.web.cameras import KEEP_S, MOST_CAMERAS, Cameras
from realtime.views.web.clock import BrowserClock
from realtime.views.web.hub import Follower
from realtime.views.web.tracking import CameraSession
from tests import demo, program
from tests.tiny_models import write_always
from tests.web_client import Browser, Socket, Stage, camera_run, jpeg, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

WH = (320, 240)


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, source="browser", session=tmp_path / "P", participant="P07") as it:
        yield it


@pytest.fixture
def browser(on: Stage) -> Browser:
    return on.browser()


def ask(socket: Socket, index: int, image: bytes, size_wh: tuple[int, int] = WH, at: float | None = None) -> dict[str, Any]:
    """The answer to a frame."""
    socket.frame(index, image, size_wh, at)
    return socket.next("frame")


def texts(socket: Socket, kind: str) -> list[str]:
    return [each["text"] for each in socket.seen if each["type"] == kind]


# frames


def test_every_frame_is_answered_with_its_faces(on: Stage, browser: Browser) -> None:
    """The demo clip, as a browser would send it; the real cascade finds the face."""
    with browser.camera() as socket:
        hello = socket.next("hello")
        assert (hello["clock"], hello["role"], hello["can"]) == ("browser", "control", ["marker", "record"])
        assert hello["stored"] == {"recording": False, "available": True, "anything": False, "paths": [], "finished": []}
        faces = []
        for index, image in zip(range(40), demo.frames(), strict=False):
            line = ask(socket, index, wire.encode(image), (640, 480))
            assert line["frame"] == index
            faces.append(len(line["faces"]))
        assert faces[-1] == 1
        assert line["faces"][0]["id"] == 1
        x, y, w, h = line["faces"][0]["box"]
        truth = demo.demo_frame(39).boxes_xyxy[0]
        assert np.abs(np.array([x, y, x + w, y + h]) - truth).max() < 60


def test_time_is_that_of_the_browser(browser: Browser) -> None:
    with browser.camera() as socket:
        times = [ask(socket, index, jpeg(), at=5000 + at)["t"] for index, at in enumerate((0.0, 0.04, 0.5, 7.5))]
    assert times == pytest.approx([0, 0.04, 0.5, 7.5], abs=1e-6)


def test_a_gap_of_indices_counts_as_dropped(browser: Browser) -> None:
    with browser.camera() as socket:
        assert [ask(socket, index, jpeg())["dropped"] for index in (10, 11, 14, 15)] == [0, 0, 2, 2]


def test_the_latency_counts_from_the_capture_in_the_browser(browser: Browser) -> None:
    with browser.camera() as socket:
        ahead_s = 400.0  # its clock
        sent = time.perf_counter()
        socket.send(type="ping", sent=(sent + ahead_s) * 1000)
        socket.next("pong")
        round_trip_ms = 1000 * (time.perf_counter() - sent)
        line = ask(socket, 0, jpeg(), at=time.perf_counter() + ahead_s - 0.3)
        assert 300 - round_trip_ms <= line["latency_ms"] < 2000


def test_a_second_frame_before_the_answer_closes_the_connection(browser: Browser) -> None:
    with browser.camera() as socket:
        with suppress(ConnectionClosed):
            for index in range(20):
                socket.frame(index, jpeg(1280, 720), (1280, 720))
        assert socket.closed() == 4408


def test_the_state_is_told(browser: Browser) -> None:
    with browser.camera() as socket:
        ask(socket, 0, jpeg())
        status = socket.next("status")
        assert (status["live"], status["effort"], status["recording"]) == (True, "full", False)


@pytest.mark.parametrize(
    ("index", "at", "said"),
    [(4, 2.0, "does not follow"), (5, 2.0, "does not follow"), (6, 0.9, "not after"), (6, 1.0, "not after")],
)
def test_a_frame_out_of_order_is_refused_and_the_session_goes_on(index: int, at: float, said: str, browser: Browser) -> None:
    with browser.camera() as socket:
        ask(socket, 5, jpeg(), at=1.0)
        socket.frame(index, jpeg(), WH, at)
        assert said in socket.next("refused")["text"]
        assert ask(socket, 7, jpeg(), at=3.0)["frame"] == 7


@pytest.mark.parametrize(
    "message", [b"", b"x" * 24, wire.pack(1, WH, 1.0, jpeg()[:-100]), wire.pack(1, (60000, 60000), 1.0, jpeg())]
)
def test_a_damaged_frame_is_refused_and_the_session_goes_on(message: bytes, browser: Browser) -> None:
    with browser.camera() as socket:
        for _ in range(MOST_FAULTS - 1):
            socket.connection.send(message)
            assert socket.next("refused")["text"].startswith("A frame was refused: ")
        assert ask(socket, 2, jpeg())["frame"] == 2


def test_many_damaged_frames_close_the_connection(browser: Browser) -> None:
    with browser.camera() as socket:
        for _ in range(MOST_FAULTS):
            socket.connection.send(b"x")
            socket.next("refused")
        assert socket.closed() == 1007


def test_a_message_that_is_too_long_closes_the_connection(browser: Browser) -> None:
    with browser.camera() as socket:
        socket.connection.send(bytes(wire.MOST_BYTES + 1))
        assert socket.closed() == 1009
    with browser.camera() as socket:
        assert ask(socket, 0, jpeg())["frame"] == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "x" * 5000])
def test_what_is_no_message_closes_the_connection(text: str, browser: Browser) -> None:
    with browser.camera() as socket:
        socket.connection.send(text)
        assert socket.closed() == 1007


# several at once


def test_each_browser_has_its_own_faces(on: Stage) -> None:
    browser, image = on.browser(), wire.encode(demo.demo_frame(85).image)
    with browser.camera() as one, browser.camera() as two:
        for index in range(12):
            one.frame(index, image, (640, 480))
            two.frame(index, jpeg(640, 480), (640, 480))
            here, there = one.next("frame"), two.next("frame")
        assert len(here["faces"]) == 1
        assert there["faces"] == []


def test_a_phone_that_is_turned_goes_on(browser: Browser) -> None:
    """Width and height change places, and the face is found again."""
    image = demo.demo_frame(85).image
    upright = np.ascontiguousarray(image[:, 140:500])
    with browser.camera() as socket:
        for index in range(15):
            line = ask(socket, index, wire.encode(image), (640, 480))
        assert len(line["faces"]) == 1
        for index in range(15, 60):
            line = ask(socket, index, wire.encode(upright), (360, 480))
        assert len(line["faces"]) == 1
        assert line["faces"][0]["box"][0] + line["faces"][0]["box"][2] < 360
        for index in range(60, 75):
            line = ask(socket, index, jpeg(240, 320), (240, 320))


def test_too_many_cameras_are_refused(on: Stage) -> None:
    browser = on.browser()
    open_ones = [browser.camera() for _ in range(MOST_CAMERAS)]
    for each in open_ones:
        each.__enter__().next("hello")
    try:
        with browser.camera() as socket:
            assert socket.closed() == 4408
    finally:
        for each in open_ones:
            each.__exit__(None, None, None)


# connections that drop


def test_a_session_goes_on_in_a_new_connection(browser: Browser) -> None:
    with browser.camera() as socket:
        key = socket.next("hello")["session"]
        assert ask(socket, 0, jpeg(), at=1.0)["t"] == 0
    with browser.camera(key) as socket:
        assert socket.next("hello")["session"] == key
        line = ask(socket, 30, jpeg(), at=2.0)
        assert (line["t"], line["dropped"]) == (1.0, 29)  # the gap is in the data


def test_a_session_moves_from_a_connection_that_hangs(browser: Browser) -> None:
    with browser.camera() as old:
        key = old.next("hello")["session"]
        with browser.camera(key) as new:
            assert new.next("hello")["session"] == key
            assert old.closed() == 1000
            assert ask(new, 0, jpeg())["frame"] == 0


def test_an_unknown_session_is_a_new_one(browser: Browser) -> None:
    with browser.camera("x" * 1000) as socket:
        assert socket.next("hello")["session"] != "x" * 1000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Page:
    def __init__(self) -> None:
        self.outbox = Follower()

    def tick(self) -> None: ...


def test_a_session_waits_for_its_browser_and_then_ends_with_its_recording(tmp_path: Path) -> None:
    classifier = Classifier.load(str(write_always(tmp_path / "tiny.onnx")), 1)
    clock = Clock()
    config = Config.of(source="browser", serve=0, session=tmp_path / "P")
    cameras = Cameras(config, camera_run(), classifier, clock)

    async def scenario() -> None:
        page = Page()
        kept = cameras.attach(page, None)
        assert kept is not None
        await cameras.work(lambda: kept.session.process(wire.unpack(wire.pack(0, WH, 1.0, jpeg())), 0.0))
        await cameras.work(lambda: kept.session.record(True))
        cameras.detach(page, kept)
        clock.now += KEEP_S
        cameras.tick()
        assert cameras.attach(page, kept.key) is kept  # in time
        cameras.detach(page, kept)
        clock.now += KEEP_S + 0.1
        cameras.tick()
        assert cameras.attach(page, kept.key) is not kept
        await cameras.end()

    asyncio.run(scenario())
    cameras.close()
    classifier.close()
    assert cameras.folders == (tmp_path / "P",)
    assert json.loads((tmp_path / "P" / "session.json").read_text())["status"] != "running"


def test_stop_ends_the_session_with_a_summary(browser: Browser) -> None:
    with browser.camera() as socket:
        for index in range(3):
            ask(socket, index, jpeg())
        socket.send(type="stop")
        assert socket.next("summary")["frames"] == 3
        assert socket.closed() == 1000


def test_the_end_of_the_program_is_a_summary(on: Stage, browser: Browser) -> None:
    with browser.camera() as socket:
        ask(socket, 0, jpeg())
        on.view.close()
        assert socket.next("summary")["frames"] == 1
        assert socket.closed() == 1000


# recordings


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
        assert socket.next("hello")["can"] == ["marker"]
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


# clocks


def test_the_shortest_round_trip_gives_the_offset() -> None:
    clock = BrowserClock()
    assert clock.frame(5.0, 105.2) == pytest.approx(100.2)  # no ping yet
    round_trip_s = None
    for sent, way, back in ((1.0, 0.05, 0.05), (2.0, 0.002, 0.002), (3.0, 0.3, 0.01), (4.0, 0.2, 0.0)):
        clock.ping(sent, sent + 100 + way, round_trip_s)
        round_trip_s = way + back
    assert clock.offset_s == pytest.approx(100.0, abs=1e-9)


def test_without_round_trips_the_fastest_ping_gives_it() -> None:
    clock = BrowserClock()
    for sent, way in ((1.0, 0.05), (2.0, 0.002), (3.0, 0.3)):
        clock.ping(sent, sent + 100 + way, None)
    assert clock.frame(9.0, 200.0) == pytest.approx(100.002)


# options


@pytest.mark.parametrize(
    "change",
    [
        {"jsonl": "x"},
        {"csv": "x"},
        {"save": Path("x.mp4")},
        {"save": Path()},
        {"osc": "h:1"},
        {"display": True},
        {"triggers": ("faces > 0: ls",)},
    ],
)
def test_outputs_of_a_source_that_is_not_there_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="cannot be used without a source on this machine") as caught:
        Config.of(source="browser", serve=0, **change)
    assert caught.value.settings == tuple(change)


def test_browsers_cameras_alone_need_the_page() -> None:
    with pytest.raises(ConfigError, match=r"^source browser needs the page for browsers; add --serve$"):
        Config.of(source="browser")
    assert Config.of(source="browser", serve=0, session=Path("P"), save=Path()).output.session == Path("P")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk: writing beyond fails."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


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
