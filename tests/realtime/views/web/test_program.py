"""The program with its page: signals, a restart, hostile clients, pages that never read; its memory stays flat."""

import http.client
import json
import os
import random
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import WebSocketException

from realtime.views.web import wire
from realtime.views.web.guard import MOST_CONNECTIONS
from tests import demo, program
from tests.tiny_models import write_left_right
from tests.web_client import TOKEN, WAIT_S, Browser, free_port, jpeg

pytestmark = pytest.mark.timeout(120)

posix = pytest.mark.skipif(os.name != "posix", reason="Windows cannot send these signals to one process")


@contextmanager
def served(folder: Path, *options: str | Path, token: str = TOKEN) -> Iterator[tuple["subprocess.Popen[str]", Browser]]:
    """The program, with its page."""
    port = free_port()
    model = write_left_right(folder / "tiny.onnx")
    args = program.command(*options, "--serve", str(port), "--no-display", "--model", model)
    environment = program.environment() | {"FER_CAM_TOKEN": token}
    with subprocess.Popen(
        args, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            while f"http://127.0.0.1:{port}/#token={token}" not in (line := process.stderr.readline()):
                assert line, "it ended"
            yield process, Browser(port, token)
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]", by: signal.Signals) -> tuple[int, float]:
    """The exit code after a signal, and the seconds until then."""
    began = time.perf_counter()
    process.send_signal(by)
    return process.wait(WAIT_S), time.perf_counter() - began


@posix
@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_everything_within_two_seconds(by: signal.Signals, code: int, tmp_path: Path) -> None:
    with served(tmp_path, "--video", demo.CLIP, "--jsonl", "out.jsonl") as (process, browser), ExitStack() as stack:
        pages = [stack.enter_context(browser.watch()) for _ in range(4)]
        for page in pages:
            page.next("frame")
        camera = stack.enter_context(browser.camera())
        camera.frame(0, jpeg(), (320, 240))
        camera.next("frame")
        stuck = stack.enter_context(closing(socket.create_connection(("127.0.0.1", browser.port))))
        stuck.sendall(f"GET /video.mjpg HTTP/1.1\r\nHost: {browser.host}\r\nCookie: {browser.cookie}\r\n\r\n".encode())
        half = stack.enter_context(closing(socket.create_connection(("127.0.0.1", browser.port))))
        half.sendall(b"GET / HT")
        exit_code, took_s = ended(process, by)
        assert exit_code == code
        assert took_s < 2
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        for page in (*pages, camera):
            assert page.closed() == 1000
            assert page.seen[-1]["type"] == "summary"
    assert program.rows(tmp_path / "out.jsonl")[-1]["type"] == "summary"


@posix
def test_a_page_quits_the_program(tmp_path: Path) -> None:
    with served(tmp_path, "--video", demo.CLIP) as (process, browser), browser.watch() as page:
        page.next("frame")
        page.send(type="action", action="quit")
        assert page.next("summary")["frames"] > 0
        assert page.closed() == 1000
        assert process.wait(WAIT_S) == 0


@posix
def test_a_page_pauses_a_file_and_marks_moments(tmp_path: Path) -> None:
    options = ("--video", demo.CLIP, "--session", "P", "--markers", "stimulus")
    with served(tmp_path, *options) as (process, browser), browser.watch() as page:
        assert page.next("hello")["stored"]["available"]
        page.ack(page.next("frame")["frame"])
        page.send(type="marker", name="stimulus", ago_ms=0)
        assert page.next("marker")["name"] == "stimulus"
        page.send(type="action", action="pause")
        assert page.until("status", lambda status: status["paused"])["recording"]
        page.send(type="record", on=False)
        assert not page.until("status", lambda status: not status["recording"])["stored"]["anything"]
        told = browser.get("/download/P/frames.jsonl")
        assert (told.code, told.body) == (200, (tmp_path / "P" / "frames.jsonl").read_bytes())
        page.send(type="record", on=True)
        assert page.until("status", lambda status: status["recording"])["stored"]["paths"] == [
            "P-2/frames.jsonl",
            "P-2/faces.csv",
            "P-2/events.tsv",
            "P-2",
        ]
        page.send(type="action", action="quit")
        assert process.wait(WAIT_S) == 0
    assert "stimulus" in (tmp_path / "P" / "events.tsv").read_text()
    assert json.loads((tmp_path / "P-2" / "session.json").read_text())["status"] != "running"


@posix
def test_a_browser_meets_the_same_links_after_a_restart(tmp_path: Path) -> None:
    with served(tmp_path, "--device", "browser") as (_, browser):
        cookie, port = browser.cookie, browser.port
    model = tmp_path / "tiny.onnx"
    args = program.command("--device", "browser", "--serve", str(port), "--model", model)
    with subprocess.Popen(
        args, cwd=tmp_path, env=program.environment() | {"FER_CAM_TOKEN": TOKEN}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            while "#token=" not in process.stderr.readline():
                pass
            again = Browser(port, None)
            again.cookie = cookie
            assert again.get("/me").code == 200
            code, took_s = ended(process, signal.SIGINT)
            assert (code, took_s < 2) == (130, True)
        finally:
            process.kill()


@pytest.mark.slow
@posix
def test_hostile_clients_leave_the_program_running_and_its_memory_flat(tmp_path: Path) -> None:
    generator = random.Random(3)
    with served(tmp_path, "--device", "browser") as (process, browser):
        memory = psutil.Process(process.pid)
        hostile(browser, generator, 400)  # first uses of every part
        before, began = memory.memory_info().rss, time.perf_counter()
        hostile(browser, generator, 3000)
        print(f"{3000 / (time.perf_counter() - began):.0f} connections a second")
        with browser.camera() as camera:
            camera.frame(0, jpeg(), (320, 240))
            assert camera.next("frame")["frame"] == 0
        grown = memory.memory_info().rss - before
        print(f"{before / 1e6:.0f} MB, {grown / 1e6:+.1f} MB")
        open_ones = len(memory.net_connections(kind="tcp"))
        code, took_s = ended(process, signal.SIGINT)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert grown < 40e6, f"{grown / 1e6:.0f} MB more"
    assert open_ones < MOST_CONNECTIONS
    assert (code, took_s < 2) == (130, True)


def hostile(browser: Browser, generator: random.Random, count: int) -> None:
    """So many connections that do something wrong, as fast as they go; most of them do not wait for an answer."""
    image = jpeg(640, 480)
    with ExitStack() as unread:
        for number in range(count):
            kind = generator.randrange(9) if number % 4 == 0 else generator.randrange(3)
            with suppress(OSError, EOFError, WebSocketException, http.client.HTTPException):
                wrong(kind, browser, generator, image, unread)


def wrong(kind: int, browser: Browser, generator: random.Random, image: bytes, unread: ExitStack) -> None:
    match kind:
        case 0:  # comes and goes
            socket.create_connection(("127.0.0.1", browser.port)).close()
        case 1:  # noise
            with closing(socket.create_connection(("127.0.0.1", browser.port))) as raw:
                raw.sendall(generator.randbytes(generator.randrange(5000)))
        case 2:  # an endless head
            with closing(socket.create_connection(("127.0.0.1", browser.port))) as raw:
                raw.sendall(b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000)
        case 3:  # a bomb: few bytes that claim 60000x60000
            at = image.index(b"\xff\xc0") + 5
            bomb = image[:at] + struct.pack(">HH", 60000, 60000) + image[at + 4 :]
            send_frames(browser, [wire.pack(n, (60000, 60000), n + 1.0, bomb) for n in range(5)])
        case 4:  # half an image
            send_frames(browser, [wire.pack(1, (640, 480), 1.0, image[: generator.randrange(len(image))])])
        case 5:  # damaged headers
            good = bytearray(wire.pack(1, (640, 480), 1.0, image))
            good[generator.randrange(24)] = generator.randrange(256)
            send_frames(browser, [bytes(good)])
        case 6:  # as large as allowed
            send_frames(browser, [bytes(wire.MOST_BYTES)])
        case 7:  # text that is no message
            with browser.watch() as page:
                page.connection.send("[" * generator.randrange(4096))
        case 8:  # asks for a stream and never reads it
            raw = unread.enter_context(closing(socket.create_connection(("127.0.0.1", browser.port))))
            raw.sendall(f"GET /events HTTP/1.1\r\nHost: {browser.host}\r\nCookie: {browser.cookie}\r\n\r\n".encode())


def send_frames(browser: Browser, messages: list[bytes]) -> None:
    with browser.camera() as camera:
        camera.next("hello")
        for message in messages:
            camera.connection.send(message)
            camera.connection.recv(1)


@pytest.mark.slow
@posix
def test_pages_that_never_read_cost_no_memory_and_no_frame(tmp_path: Path) -> None:
    """Thirty of them beside one that reads: the program plays on, and they are closed."""
    with served(tmp_path, "--video", demo.CLIP) as (process, browser), ExitStack() as stack:
        page = stack.enter_context(browser.watch())
        page.ack(page.next("frame")["frame"])
        memory = psutil.Process(process.pid)
        before = memory.memory_info().rss
        deaf = []
        for _ in range(30):
            raw = stack.enter_context(closing(socket.create_connection(("127.0.0.1", browser.port))))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            head = f"GET /watch HTTP/1.1\r\nHost: {browser.host}\r\nOrigin: {browser.origin}\r\nCookie: {browser.cookie}\r\n"
            raw.sendall(f"{head}Upgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n".encode())
            deaf.append(raw)
        seen: list[int] = []
        while not seen or seen[-1] < 600:
            seen.append(page.next("frame")["frame"])
            page.ack(seen[-1])
        grown = memory.memory_info().rss - before
        assert len(seen) > 200  # the page that reads is served all the time
        assert page.until("status", lambda status: status["watchers"] == 1)
        assert grown < 40e6, f"{grown / 1e6:.0f} MB more"
        code, took_s = ended(process, signal.SIGINT)
        assert (code, took_s < 2) == (130, True)
