"""Cameras of browsers: faces for every frame, one unanswered frame, limits, several cameras at once."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from realtime.config import Config
from realtime.errors import ConfigError
from realtime.views.web import wire
from realtime.views.web.camera import MOST_FAULTS
from realtime.views.web.cameras import MOST_CAMERAS
from tests import demo
from tests.web_client import WH, Browser, Stage, ask, jpeg

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


# frames


def test_every_frame_is_answered_with_its_faces(on: Stage, browser: Browser) -> None:
    """The demo clip, as a browser would send it; the real cascade finds the face."""
    with browser.camera() as socket:
        hello = socket.next("hello")
        assert (hello["clock"], hello["role"]) == ("browser", "control")
        assert set(hello["can"]) == {"marker", "record", "calibrate", "blur", "lesson", "next face"}
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
        # in two fragments: of a single frame the rest would be on its way, and its reset could overtake the server's answer
        socket.connection.send([bytes(wire.MOST_BYTES), bytes(1)])
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
