"""The page in a real browser: Debian's Chromium, driven by playwright, and the program that serves it."""

import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests import chromium, demo, program
from tests.web_client import TOKEN, free_port

playwright = pytest.importorskip("playwright.sync_api", reason="the extra `dev` is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra `dev` is not installed")

MARKS = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.program() is None, reason="needs Chromium; apt-get install chromium"),
]

WAIT_MS = 30_000


@contextmanager
def browser(*options: str) -> Iterator["playwright.Browser"]:
    """Chromium without a window."""
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium.program(), args=["--no-sandbox", *options])
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def serving(folder: Path, *options: str | Path, port: int | None = None) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """The program with its page; yields the port and the process."""
    port = free_port() if port is None else port
    process = subprocess.Popen(
        program.command(*options, "--serve", str(port), "--no-display", "--model", "int8"),
        cwd=folder,
        env=program.environment() | {"FER_CAM_TOKEN": TOKEN},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any("page: " in line for line in process.stderr), "it does not start"
        yield port, process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def opened(context: "playwright.BrowserContext", port: int) -> "playwright.Page":
    """The page in a new tab."""
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"http://127.0.0.1:{port}/#token={TOKEN}")
    return page


def labelled(page: "playwright.Page", label: str) -> None:
    """Waits until a face's card says so."""
    playwright.expect(page.locator("#faces")).to_contain_text(re.compile(rf"#\d+\s*{label}"), timeout=WAIT_MS)


def barriers(page: "playwright.Page") -> list[tuple[str, str]]:
    """Names and weights of the serious findings of axe-core."""
    found = axe.Axe().run(page).response["violations"]
    return [(each["id"], each["impact"]) for each in found if each["impact"] in ("serious", "critical")]


def demo_jpegs(first: int, count: int) -> list[bytes]:
    """Frames of the demo clip for a network camera."""
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in islice(demo.frames(), first, first + count)]


def write_film(path: Path, images: Sequence[NDArray[np.uint8]], size_wh: tuple[int, int]) -> Path:
    """A film for Chromium's fake camera, y4m or mjpeg by its name, at 30 frames/s."""
    sized = [cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA) for image in images]
    if path.suffix == ".mjpeg":
        path.write_bytes(b"".join(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes() for image in sized))
        return path
    with av.open(str(path), "w", format="yuv4mpegpipe") as container:
        stream = container.add_stream("wrapped_avframe", rate=30)
        stream.width, stream.height = size_wh
        stream.pix_fmt = "yuv420p"
        for number, image in enumerate(sized):
            frame = av.VideoFrame.from_ndarray(np.asarray(image, np.uint8), format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
    return path


def fake_camera(film: Path) -> tuple[str, ...]:
    """Options with which Chromium plays a film as its camera, and allows it."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
