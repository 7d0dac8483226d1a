"""The server's source on pages: frames, images, the state; a slow page delays nobody."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.recorder import Recorder
from realtime.records import Marker, to_line
from realtime.views.web.access import Role
from realtime.views.web.hub import ACK_S
from tests import builders
from tests.web_client import Stage, camera_run, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, markers=("stimulus",)) as it:
        yield it


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def test_a_page_gets_the_run_then_frames_with_their_images(on: Stage) -> None:
    on.show(3, (builders.face(),))
    with on.browser().watch() as socket:
        hello = socket.next("hello")
        assert hello["source"] == {"name": "0", "width": 320, "height": 240, "live": True, "fps": 30.0}
        assert (hello["version"], hello["role"], hello["clock"], hello["markers"]) == (1, "control", "server", ["stimulus"])
        assert hello["labels"][1] == "happiness"
        assert hello["settings"] == {"threshold": 0.5, "blur": False, "mirror": True, "numbers_only": False}
        assert set(hello["can"]) >= {"quit", "pause", "snapshot", "marker", "blur"}
        assert not {"record", "full screen", "help", "details"} & set(hello["can"])
        status = socket.next("status")
        assert (status["fps"], status["latency_ms"], status["paused"], status["live"]) == (
            30.0,
            {"p50": 8.0, "p95": 12.0},
            False,
            True,
        )
        assert socket.next("control") == {"type": "control", "mine": True, "free": False}
        frame = socket.next("frame")
        assert (frame["frame"], frame["at"], frame["faces"][0]["label"]) == (3, 100.1, "happiness")
        header, jpeg = socket.image()
        assert header == (b"FERC", 1, 1, 0, 3, 320 << 16 | 240, 100.1)
        image = pixels(jpeg)
        assert image.shape == (240, 320, 3)
        assert np.abs(image.astype(int) - 90).max() <= 2  # no box and no text


def test_a_frame_is_the_line_of_the_data(on: Stage) -> None:
    """Field by field what --jsonl writes, with the time of capture."""
    painted = on.show(4, (builders.face(),))
    with on.browser().watch() as socket:
        frame = socket.next("frame")
    at = frame.pop("at")
    recorder = Recorder(camera_run())
    assert frame == json.loads(to_line(recorder.record(painted.result), camera_run()))
    assert at == pytest.approx(painted.result.frame.captured_at, abs=1e-6)


def test_the_next_frame_waits_until_the_page_has_drawn(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        assert socket.next("frame")["frame"] == 0
        for index in (1, 2, 3):
            on.show(index)
        socket.send(type="ping", sent=5)
        assert socket.next("pong")["sent"] == 5
        assert [each["type"] for each in socket.seen if each["type"] == "frame"] == []
        socket.ack(0)
        assert socket.next("frame")["frame"] == 3  # the newest, not the next


def test_a_frame_that_was_not_sent_cannot_be_drawn(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        assert socket.next("frame")["frame"] == 0
        on.show(1)
        for wrong in (1, -1, None, "0", 0.5):
            socket.send(type="ack", frame=wrong)
        socket.send(type="ping", sent=1)
        socket.next("pong")
        assert not any(each["type"] == "frame" for each in socket.seen)
        socket.ack(0)
        assert socket.next("frame")["frame"] == 1


def test_a_slow_page_delays_neither_the_program_nor_a_fast_one(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as slow, on.browser().watch() as fast:
        slow.next("frame")  # and never draws it
        began = time.perf_counter()
        for index in range(1, 60):
            fast.ack(fast.next("frame")["frame"])
            on.show(index)
        assert fast.until("frame", lambda frame: frame["frame"] == 59)["frame"] == 59
        assert time.perf_counter() - began < ACK_S
        slow.ack(0)
        assert slow.next("frame")["frame"] == 59


def test_nothing_is_encoded_for_nobody_and_once_for_all(tmp_path: Path) -> None:
    calls: list[int] = []
    with stage(tmp_path) as on:
        for index in range(5):
            on.show(index)
        browser = on.browser()
        with browser.watch() as one, browser.watch() as two, browser.watch() as three:
            sockets = (one, two, three)
            jpegs = {socket.image()[1] for socket in sockets}
            assert len(jpegs) == 1
            for socket in sockets:
                socket.send(type="images", on=False)
                socket.ack(4)
            on.show(5)
            for socket in sockets:
                assert socket.next("frame")["frame"] == 5
            calls.append(on.view.encoded)
    assert calls == [1]


def test_data_only_pages_get_no_images(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        socket.image()
        socket.send(type="images", on=False)
        socket.ack(0)
        for index in (1, 2, 3):
            on.show(index)
            socket.until("frame", lambda frame: frame["frame"] == index)  # noqa: B023
            socket.ack(index)
        socket.send(type="images", on=True)
        socket.send(type="ping", sent=1)
        socket.next("pong")
        on.show(4)
        header, _ = socket.image()  # raises if an image came for a text
        assert header[4] == 4


def test_numbers_only_sends_no_image(tmp_path: Path) -> None:
    with stage(tmp_path, numbers_only=True) as on:
        on.show(0, (builders.face(),))
        browser = on.browser()
        with browser.watch() as socket:
            hello = socket.next("hello")
            assert hello["settings"]["numbers_only"]
            assert "snapshot" not in hello["can"]
            assert socket.next("frame")["faces"]
            socket.ack(0)
            on.show(1)
            assert socket.next("frame")["frame"] == 1
        assert browser.get("/video.mjpg").code == 403
        assert on.view.encoded == 0


def test_blur_hides_faces_from_pages(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    frame = replace(builders.frame(0, size_wh=(320, 240)), image=noise)
    face = builders.face(box=(100, 80, 180, 160))
    result = builders.result([face], of=frame)
    result = replace(result, found_xyxy=np.array([[100, 80, 180, 160]], np.float32))
    with stage(tmp_path, blur=True) as on:
        on.shown = on.painter.paint(result)
        on.again()
        with on.browser().watch() as socket:
            assert socket.next("hello")["settings"]["blur"]
            image = pixels(socket.image()[1]).astype(float)
    inside, outside = image[80:160, 100:180], image[:60, :60]
    assert inside.std() < outside.std() / 3


def test_a_page_that_comes_during_a_pause_sees_the_last_frame(on: Stage) -> None:
    on.show(7)
    on.status = replace(on.status, paused=True)
    on.again()
    with on.browser().watch() as socket:
        assert socket.until("status", lambda status: status["paused"])["paused"]
        assert socket.next("frame")["frame"] == 7


def test_a_change_of_state_is_told_at_once(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        socket.next("frame")
        for change in ({"paused": True}, {"blur": True}, {"session": True, "stored": (Path("P07"),)}):
            on.status = replace(on.status, **change)
            on.again()
        status = socket.until("status", lambda status: status["recording"])
        assert (status["paused"], status["blur"]) == (True, True)
        assert status["stored"] == {"recording": True, "available": False, "anything": True, "paths": ["P07"], "finished": []}


def test_the_state_is_told_twice_a_second(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        socket.next("frame")
        began = time.perf_counter()
        for _ in range(4):
            socket.next("status")
        assert 1.0 < time.perf_counter() - began < 4.0


def test_the_age_counts_until_a_frame_is_drawn(on: Stage) -> None:
    frame = builders.frame(0, captured_at=time.perf_counter() - 0.5, size_wh=(320, 240))
    on.show(0, frame=frame)
    with on.browser().watch() as socket:
        assert socket.next("status")["age_p50_ms"] is None
        socket.next("frame")
        socket.ack(0)
        assert socket.until("status", lambda status: status["age_p50_ms"] is not None)["age_p50_ms"] >= 500


def test_notices_and_markers_reach_every_page(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as one, on.browser(Role.WATCH).watch() as two:
        for socket in (one, two):
            socket.next("frame")
        on.view.notice("camera 0 was lost")
        on.status = replace(on.status, marker=Marker(0, 0.0, "stimulus", 0.1, "key"))
        on.again()
        for socket in (one, two):
            assert socket.next("notice")["text"] == "camera 0 was lost"
            told = socket.next("marker")
            assert (told["name"], told["t"], told["by"]) == ("stimulus", 0.0, "key")


def test_each_marker_is_told_once(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        socket.next("frame")
        for name in ("a", "b", "c"):
            on.status = replace(on.status, marker=Marker(0, 0.0, name))
            on.again()
            on.again()
        assert [socket.next("marker")["name"] for _ in range(3)] == ["a", "b", "c"]
        socket.send(type="ping", sent=1)
        socket.next("pong")
        assert not any(each["type"] == "marker" for each in socket.seen)


def test_the_end_is_a_summary_and_an_orderly_close(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        socket.next("frame")
        on.view.finish(builders.summary(), [])
        summary = socket.next("summary")
        assert (summary["frames"], summary["share"]["neutral"]) == (3, 0.75)
        assert socket.closed() == 1000


def test_a_program_that_is_cut_short_says_so(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        socket.next("frame")
        on.view.close()
        assert socket.closed() == 1001


def test_the_end_does_not_wait_for_a_page_that_is_stuck(on: Stage) -> None:
    on.show(0)
    with on.browser().watch() as socket:
        socket.next("frame")
        socket.connection.socket.setblocking(True)
        began = time.perf_counter()
        closing = threading.Thread(target=on.view.finish, args=(builders.summary(), []))
        closing.start()
        closing.join(10)
        assert not closing.is_alive()
        assert time.perf_counter() - began < 2


def test_after_the_end_nothing_is_shown_and_nothing_fails(on: Stage) -> None:
    on.show(0)
    on.view.close()
    assert not on.view.due()
    on.again()
    on.view.notice("late")
    on.view.close()
