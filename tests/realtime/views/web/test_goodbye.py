"""Ctrl-C with everything connected that the page has to offer: all of it ends, in order, within two seconds."""

import http.client
import os
import re
import signal
import subprocess
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests import demo, program
from tests.tiny_models import write_left_right
from tests.web_client import TOKEN, WAIT_S, Browser, free_port, jpeg

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(os.name != "posix", reason="Windows cannot send this signal to one process"),
]

MOST_S = 2.0


def test_pages_overlay_streams_and_cameras_end_within_two_seconds(tmp_path: Path) -> None:
    port = free_port()
    options = ("--video", demo.CLIP, "--session", "P", "--lesson", "--serve", str(port), "--no-display")
    args = program.command(*options, "--model", write_left_right(tmp_path / "tiny.onnx"))
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                args, cwd=tmp_path, env=program.environment() | {"FER_CAM_TOKEN": TOKEN}, stderr=subprocess.PIPE, text=True
            )
        )
        stack.callback(process.kill)
        assert process.stderr is not None
        overlay_link = next(found for line in process.stderr if (found := re.search(r"/overlay#token=(\S+)", line)))
        browser, overlay = Browser(port), Browser(port, overlay_link[1])
        page = stack.enter_context(browser.watch())
        page.next("lesson")
        slow = stack.enter_context(browser.watch())
        slow.next("frame")  # and never says that it was drawn
        plate = stack.enter_context(overlay.watch())
        plate.send(type="images", on=False)
        plate.next("frame")
        streams = [stack.enter_context(closing(stream(overlay, path))) for path in ("/events", "/video.mjpg", "/video.mjpg")]
        answers = [each.getresponse() for each in streams]
        for answer in answers[:2]:  # the last one is never read
            assert answer.read(1000)
        camera = stack.enter_context(browser.camera())
        camera.send(type="record", on=True)
        camera.frame(0, jpeg(), (320, 240))
        camera.next("frame")
        with browser.camera() as gone:
            gone.next("hello")  # its session still waits for it
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        code = process.wait(WAIT_S)
        took_s = time.perf_counter() - began
        print(f"{took_s:.2f} s")
        for socket in (page, slow, plate, camera):
            assert socket.closed() == 1000
            assert socket.seen[-1]["type"] == "summary"
        assert b'"type":"summary"' in answers[0].read()
        assert "Traceback" not in process.stderr.read()
    assert (code, took_s < MOST_S) == (130, True)
    for folder in ("P", "P-2"):  # the program's session, and the camera's
        assert program.rows(tmp_path / folder / "frames.jsonl")[-1]["type"] == "summary"


def stream(browser: Browser, path: str) -> http.client.HTTPConnection:
    """A request for a stream."""
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=WAIT_S)
    connection.request("GET", path, headers={"Host": browser.host, "Cookie": browser.cookie})
    return connection
