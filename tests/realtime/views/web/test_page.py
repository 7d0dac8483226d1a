"""The page in a real browser: Debian's Chromium, with a fake camera fed from the demo clip."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests import chromium, demo, program
from tests.mjpeg_server import MjpegServer
from tests.web_client import TOKEN, free_port

playwright = pytest.importorskip("playwright.sync_api", reason="the extra `dev` is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra `dev` is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.program() is None, reason="needs Chromium; apt-get install chromium"),
]

WAIT_MS = 30_000
SMALL_WH = (320, 240)
NEUTRAL, RISING, HAPPY = range(30), range(30, 55), range(55, 85)
"""Frames of the demo clip: at rest, then the smile, then its apex."""


def acted() -> list[int]:
    """Frames of a film of a person who rests and smiles, five seconds at 30 frames/s."""
    return [*NEUTRAL, *reversed(NEUTRAL), *RISING, *HAPPY, *reversed(HAPPY)]


@pytest.fixture(scope="module", params=["y4m", "mjpeg"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake camera plays, in the two formats that Chromium takes."""
    path = tmp_path_factory.mktemp("camera") / f"face.{request.param}"
    images = dict(enumerate(frame for frame, _ in zip(demo.frames(), range(HAPPY.stop), strict=False)))
    sized = [cv2.resize(images[index], SMALL_WH, interpolation=cv2.INTER_AREA) for index in acted()]
    if path.suffix == ".mjpeg":
        path.write_bytes(b"".join(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes() for image in sized))
        return path
    with av.open(str(path), "w", format="yuv4mpegpipe") as container:
        stream = container.add_stream("wrapped_avframe", rate=30)
        stream.width, stream.height = SMALL_WH
        stream.pix_fmt = "yuv420p"
        for number, image in enumerate(sized):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
    return path


@contextmanager
def browser(*options: str) -> Iterator["playwright.Browser"]:
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


@pytest.fixture(scope="module")
def camera() -> Iterator[MjpegServer]:
    """A network camera that shows the first six seconds of the demo clip again and again."""
    jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image, _ in zip(demo.frames(), range(180), strict=False)]
    with MjpegServer(jpegs, fps=30) as server:
        yield server


def opened(context: "playwright.BrowserContext", port: int) -> "playwright.Page":
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"http://127.0.0.1:{port}/#token={TOKEN}")
    return page


def labelled(page: "playwright.Page", label: str) -> None:
    """Waits until a face's card says so."""
    playwright.expect(page.locator("#faces")).to_contain_text(re.compile(rf"#\d+\s*{label}"), timeout=WAIT_MS)


def test_this_browsers_camera_is_read_neutral_and_then_happy(film: Path, tmp_path: Path) -> None:
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    with serving(tmp_path, "--device", "browser", "--session", "S") as (port, _), browser(*fake) as chrome:
        page = opened(chrome.new_context(), port)
        page.get_by_role("button", name="Use this browser’s camera").click()
        labelled(page, "neutral")
        labelled(page, "happiness")
        labelled(page, "neutral")
        page.get_by_role("button", name=re.compile("Record a session")).click()
        playwright.expect(page.locator("#banner")).to_contain_text("recorded")
        page.wait_for_timeout(1500)
        page.get_by_role("button", name=re.compile("Stop recording")).click()
        playwright.expect(page.locator("#chips")).not_to_contain_text("REC")
    rows = program.rows(tmp_path / "S" / "frames.jsonl")
    assert rows[0]["settings"]["clock"] == "browser"
    assert sum(row["type"] == "frame" for row in rows) > 10


def test_a_camera_that_is_denied_is_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path, "--device", "browser") as (port, _), browser("--use-fake-device-for-media-stream") as chrome:
        page = opened(chrome.new_context(permissions=[]), port)
        page.get_by_role("button", name="Use this browser’s camera").click()
        playwright.expect(page.locator("#cover")).to_contain_text(re.compile("The camera was denied|No camera was found"))


def test_nothing_is_loaded_from_elsewhere_and_the_token_leaves_the_address(camera: MjpegServer, tmp_path: Path) -> None:
    with serving(tmp_path, camera.url) as (port, _), browser() as chrome:
        context = chrome.new_context()
        asked: list[str] = []
        faults: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        context.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
        page = opened(context, port)
        labelled(page, "happiness")
        assert page.url == f"http://127.0.0.1:{port}/"
        assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{port}"}
        assert faults == []


def test_the_page_comes_back_when_the_program_was_killed_and_started_again(camera: MjpegServer, tmp_path: Path) -> None:
    with browser() as chrome:
        port = free_port()
        with serving(tmp_path, camera.url, port=port) as (_, process):
            page = opened(chrome.new_context(), port)
            labelled(page, "happiness")
            process.kill()
            playwright.expect(page.locator("#cover")).to_contain_text(re.compile(r"last seen \d+ s ago"))
            playwright.expect(page.locator("#cover")).to_contain_text("connection to fer-cam is lost")
        with serving(tmp_path, camera.url, port=port):
            playwright.expect(page.locator("#cover")).to_be_hidden(timeout=WAIT_MS)
            labelled(page, "happiness")


def test_of_two_tabs_one_controls_until_the_other_takes_over(camera: MjpegServer, tmp_path: Path) -> None:
    with serving(tmp_path, camera.url) as (port, _), browser() as chrome:
        context = chrome.new_context()
        first = opened(context, port)
        labelled(first, "happiness")
        second = opened(context, port)
        playwright.expect(second.get_by_text("Another tab is in control")).to_be_visible()
        playwright.expect(second.get_by_role("button", name="Pause")).to_be_disabled()
        second.get_by_role("button", name="Take over").click()
        playwright.expect(first.get_by_text("Another tab is in control")).to_be_visible()
        second.get_by_role("button", name="Pause").click()
        playwright.expect(first.locator("#chips")).to_contain_text("PAUSED")


def test_everything_can_be_done_by_keyboard(camera: MjpegServer, tmp_path: Path) -> None:
    data = ("--jsonl", "run.jsonl", "--markers", "stimulus,response")
    with serving(tmp_path, camera.url, *data) as (port, process), browser() as chrome:
        page = opened(chrome.new_context(), port)
        labelled(page, "happiness")
        page.keyboard.press("2")
        playwright.expect(page.locator("#notices")).to_contain_text("response")
        page.keyboard.press("Space")
        playwright.expect(page.locator("#chips")).to_contain_text("PAUSED")
        page.keyboard.press("Space")
        playwright.expect(page.locator("#chips")).to_contain_text("LIVE")
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        every = page.eval_on_selector_all(
            "button:not([disabled]), select:not([disabled]), input:not([disabled])",
            "all => all.filter((one) => one.offsetParent).map((one) => one.id || one.textContent.trim())",
        )
        assert set(every) <= reached
        page.keyboard.press("q")
        page.get_by_role("button", name="End", exact=True).press("Enter")
        process.wait(15)
    markers = [row for row in program.rows(tmp_path / "run.jsonl") if row["type"] == "marker"]
    assert [(row["name"], row["by"]) for row in markers] == [("response", "page")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_and_has_no_serious_barrier(scheme: str, camera: MjpegServer, tmp_path: Path) -> None:
    with serving(tmp_path, camera.url, "--markers", "stimulus") as (port, _), browser() as chrome:
        page = opened(chrome.new_context(color_scheme=scheme), port)
        labelled(page, "happiness")
        for width in (360, 900, 1400):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=str(tmp_path / f"{width}.png"), full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            left, right = (page.locator(part).bounding_box() for part in (".picture", "#faces"))
            assert left is not None
            assert right is not None
            beside = right["x"] >= left["x"] + left["width"]
            assert beside == (width >= 900)
        found = axe.Axe().run(page).response["violations"]
        assert [(each["id"], each["impact"]) for each in found if each["impact"] in ("serious", "critical")] == []


def test_the_overlay_is_transparent_and_may_only_watch(camera: MjpegServer, tmp_path: Path) -> None:
    with serving(tmp_path, camera.url) as (_, process), browser() as chrome:
        assert process.stderr is not None
        link = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+/overlay#token=\S+", line)))
        page = chrome.new_context(viewport={"width": 640, "height": 360}).new_page()
        page.goto(link)
        playwright.expect(page.locator("body")).to_contain_text("happiness", timeout=WAIT_MS)
        image = cv2.imdecode(np.frombuffer(page.screenshot(omit_background=True), np.uint8), cv2.IMREAD_UNCHANGED)
        assert (image[..., 3] == 0).mean() > 0.3
        assert page.evaluate("fetch('/me').then((answer) => answer.json())") == {"role": "watch"}
        assert os.environ.get("FER_CAM_TOKEN") != link.partition("=")[2]
