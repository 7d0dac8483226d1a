"""Streams for other programs: lines as Server-Sent Events, and the annotated video."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.records import Marker
from tests import builders
from tests.demo import demo_frame
from tests.hidden import faces_in
from tests.web_client import WAIT_S, Browser, Stage, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as it:
        yield it


@contextmanager
def stream(browser: Browser, path: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=WAIT_S)
    connection.request("GET", path, headers={"Host": browser.host, "Cookie": browser.cookie})
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def event(answer: http.client.HTTPResponse) -> dict[str, object]:
    """The next event."""
    while not (line := answer.readline()).startswith(b"data: "):
        assert line
    value: dict[str, object] = json.loads(line[6:])
    return value


def part(answer: http.client.HTTPResponse) -> np.ndarray:
    """The next image of a multipart stream."""
    assert answer.readline() == b"--fer-cam\r\n"
    headers = {}
    while (line := answer.readline().strip()) != b"":
        name, _, value = line.decode().partition(": ")
        headers[name] = value
    assert headers["Content-Type"] == "image/jpeg"
    data = answer.read(int(headers["Content-Length"]))
    assert answer.readline() == b"\r\n"
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


def test_events_are_the_lines_of_the_data(on: Stage) -> None:
    on.show(0, (builders.face(),))
    with stream(on.browser(), "/events") as answer:
        assert answer.getheader("content-type") == "text/event-stream; charset=utf-8"
        header = event(answer)
        assert (header["type"], header["source"], header["first_frame"]["monotonic"]) == ("header", "0", 100.0)
        frame = event(answer)
        assert (frame["frame"], frame["faces"][0]["label"]) == (0, "happiness")
        assert "at" not in frame
        on.show(1)
        assert event(answer)["frame"] == 1
        on.view.notice("not data")
        on.status = replace(on.status, marker=Marker(1, 0.03, "a", 0.04, "page"))
        on.again()
        assert event(answer) == {"type": "marker", "frame": 1, "t": 0.03, "name": "a", "at": 0.04, "by": "page"}
        on.view.finish(builders.summary(), [])
        assert event(answer)["type"] == "summary"
        assert answer.read() in (b"", b"\n")


def test_a_reader_that_comes_first_waits_for_the_header(on: Stage) -> None:
    with stream(on.browser(), "/events") as answer:
        on.show(5)
        assert event(answer)["first_frame"]["monotonic"] == pytest.approx(100 + 5 / 30)
        assert event(answer)["frame"] == 5


def test_the_video_is_annotated(on: Stage) -> None:
    on.show(0, (builders.face(box=(80, 60, 200, 180)),))
    with stream(on.browser(), "/video.mjpg") as answer:
        assert answer.getheader("content-type") == "multipart/x-mixed-replace; boundary=fer-cam"
        image = part(answer)
        assert image.shape == (240, 320, 3)
        assert np.abs(image.astype(int) - 90).max() > 50  # a box and a label
        on.show(1)
        assert np.abs(part(answer).astype(int) - 90).max() < 10
        on.view.close()
        assert answer.read() == b""


def test_no_face_can_be_found_in_the_video_of_a_run_that_hides_faces(tmp_path: Path) -> None:
    shot = demo_frame(0)
    frame = replace(builders.frame(0, size_wh=(640, 480)), image=shot.image)
    with stage(tmp_path, blur=True) as on:
        on.shown = on.painter.paint(replace(builders.result(of=frame), found_xyxy=shot.boxes_xyxy))
        on.again()
        with stream(on.browser(), "/video.mjpg") as answer:
            assert faces_in([shot.image, part(answer)]) == [1, 0]


def test_a_large_video_is_scaled_down(on: Stage) -> None:
    on.show(0, frame=replace(builders.frame(0, captured_at=100.0), image=np.full((2160, 3840, 3), 90, np.uint8)))
    with stream(on.browser(), "/video.mjpg") as answer:
        assert part(answer).shape == (720, 1280, 3)


def test_readers_share_one_encoding(on: Stage) -> None:
    browser = on.browser()
    with stream(browser, "/video.mjpg") as one, stream(browser, "/video.mjpg") as two:
        for index in range(3):
            on.show(index)
            part(one)
            part(two)
    assert on.view.encoded == 3


def test_a_reader_that_leaves_is_forgotten(on: Stage) -> None:
    on.show(0)
    browser = on.browser()
    with browser.watch() as page:
        with stream(browser, "/video.mjpg") as answer:
            part(answer)
        page.next("frame")
        for index in range(1, 30):
            on.show(index)
            page.ack(index - 1)
            page.until("frame", lambda frame: frame["frame"] == index)  # noqa: B023
    assert on.view.followers == 0
