"""The page in its states: the lesson view, paused, lost, without a face, with several, beside another tab."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import demo
from tests.mjpeg_server import MjpegServer
from tests.web_client import TOKEN, free_port
from tests.web_page import (
    MARKS,
    WAIT_MS,
    barriers,
    demo_jpegs,
    labelled,
    opened,
    playwright,
    serving,
)

pytestmark = MARKS

TWO = 420
"""From this frame on the demo clip has two faces."""

HAPPY = 60
LONG = "the participant says a whole sentence about the second stimulus of the third block"


@pytest.fixture(scope="module")
def pair() -> Iterator[MjpegServer]:
    """A network camera in front of two people."""
    with MjpegServer(demo_jpegs(TWO, 90), fps=15) as server:
        yield server


def grid(page: "playwright.Page", step: int) -> np.ndarray:
    """The image of a step as the page shows it, gray."""
    png = page.locator("#steps canvas").nth(step - 1).screenshot()
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_the_lesson_shows_the_steps_of_one_face_and_then_of_the_next(
    chrome: "playwright.Browser", pair: MjpegServer, tmp_path: Path
) -> None:
    with serving(tmp_path, pair.url) as (port, _):
        page = opened(chrome.new_context(viewport={"width": 1400, "height": 900}), port)
        playwright.expect(page.locator(".card")).to_have_count(2, timeout=WAIT_MS)
        page.keyboard.press("p")
        title = page.locator("#lesson-title")
        playwright.expect(title).to_have_text(re.compile(r"Lesson: face #\d"))
        first = title.text_content()
        page.keyboard.press("Space")
        playwright.expect(page.locator("#chips")).to_contain_text("PAUSED")
        page.keyboard.press("n")
        playwright.expect(title).not_to_have_text(str(first))
        steps = page.locator("#steps figcaption b").all_text_contents()
        assert steps == ["1  Gray face", "2  Resized", "3  Equalized", "4  Edges", "5  Eyes, mouth", "6  Input"]
        edges = grid(page, 4)
        assert ((edges < 40) | (edges > 215)).mean() > 0.7  # black and white
        assert grid(page, 3).std() > grid(page, 2).std()  # equalized
        tops = [each.bounding_box() for each in page.locator("#steps figure").all()]
        assert len({round(box["y"]) for box in tops if box}) == 1  # in one row
        assert barriers(page) == []
        page.keyboard.press("e")
        playwright.expect(page.locator("#notices")).to_contain_text("panel")
        page.keyboard.press("p")
        playwright.expect(page.locator("#lesson")).to_be_hidden()


def test_boxes_fit_a_source_that_is_larger_than_its_images(chrome: "playwright.Browser", tmp_path: Path) -> None:
    image = cv2.resize(demo.demo_frame(HAPPY).image, (2560, 1920), interpolation=cv2.INTER_CUBIC)
    with (
        MjpegServer([cv2.imencode(".jpg", image)[1].tobytes()], fps=5) as server,
        serving(tmp_path, server.url, "--no-mirror") as (port, _),
    ):
        page = opened(chrome.new_context(viewport={"width": 1400, "height": 1000}), port)
        labelled(page, "happiness")
        playwright.expect(page.locator("#chips")).to_contain_text("2560×1920")
        shown = cv2.imdecode(np.frombuffer(page.locator("#image").screenshot(), np.uint8), cv2.IMREAD_COLOR).astype(int)
        yellow = np.abs(shown - [66, 228, 240]).max(axis=2) < 30  # of happiness on the video, BGR
        columns = np.flatnonzero(yellow[len(yellow) // 2 :].any(axis=0)) * 640 / shown.shape[1]
        x1, _, x2, _ = demo.demo_frame(HAPPY).boxes_xyxy[0]
        assert columns.min() == pytest.approx(x1, abs=40)
        assert columns.max() == pytest.approx(x2, abs=40)


def test_the_link_of_the_overlay_opens_the_page_for_a_class(
    chrome: "playwright.Browser", pair: MjpegServer, tmp_path: Path
) -> None:
    with serving(tmp_path, pair.url, "--lesson", "--markers", "stimulus") as (port, process):
        assert process.stderr is not None
        token = next(found[1] for line in process.stderr if (found := re.search(r"/overlay#token=(\S+)", line)))
        page = chrome.new_context().new_page()
        page.goto(f"http://127.0.0.1:{port}/#token={token}")
        playwright.expect(page.locator("#lesson-title")).to_have_text(re.compile(r"Lesson: face #\d"), timeout=WAIT_MS)
        for name in ("Pause", "Lesson view", "Next face", "Save as panel", "End fer-cam", "Take over", "stimulus", "Set"):
            playwright.expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        playwright.expect(page.locator("#camera")).to_be_disabled()
        page.get_by_role("button", name="Mirror").click()
        playwright.expect(page.locator("#steps")).not_to_have_class("mirrored")
        fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_has_a_serious_barrier_or_is_too_wide(
    scheme: str, chrome: "playwright.Browser", pair: MjpegServer, tmp_path: Path
) -> None:
    port = free_port()
    with serving(tmp_path, pair.url, "--markers", f"stimulus,{LONG},{LONG.replace(' ', '-')}", port=port) as (_, process):
        page = opened(chrome.new_context(color_scheme=scheme), port)
        playwright.expect(page.locator(".card")).to_have_count(2, timeout=WAIT_MS)
        page.keyboard.press("2")
        page.keyboard.press("p")
        fits(page)
        pair.jpegs, before = pair.jpegs[:1], pair.jpegs
        page.keyboard.press("Space")
        playwright.expect(page.locator("#paused")).to_be_visible()
        fits(page)
        page.keyboard.press("h")
        playwright.expect(page.get_by_role("dialog")).to_be_visible()
        fits(page)
        page.get_by_role("button", name="Close").click()
        second = opened(page.context, port)
        playwright.expect(second.get_by_role("button", name="Take over")).to_be_visible()
        fits(second)
        process.kill()
        playwright.expect(page.locator("#cover")).to_contain_text("last seen")
        fits(page)
        pair.jpegs = before


def test_faces_that_have_gone_and_an_empty_image_are_readable(chrome: "playwright.Browser", tmp_path: Path) -> None:
    blank = cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes()
    with MjpegServer(demo_jpegs(HAPPY, 1), fps=10) as server, serving(tmp_path, server.url) as (port, _):
        page = opened(chrome.new_context(), port)
        labelled(page, "happiness")
        page.keyboard.press("p")
        playwright.expect(page.locator("#lesson-title")).to_have_text(re.compile(r"face #\d"))
        server.jpegs = (blank,)
        playwright.expect(page.locator(".card .reason")).to_have_text("not in the image")
        fits(page)
        playwright.expect(page.locator("#lesson-title")).to_have_text("Lesson: no face in the image")
        playwright.expect(page.locator("#spoken")).to_have_text("No face")
        playwright.expect(page.locator(".empty")).to_be_visible(timeout=WAIT_MS)
        fits(page)


def fits(page: "playwright.Page") -> None:
    """Checks the widths of a telephone and of both layouts."""
    for width in (360, 900, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert barriers(page) == []


def test_attempts_to_come_back_take_half_a_second_to_eight(
    chrome: "playwright.Browser", pair: MjpegServer, tmp_path: Path
) -> None:
    """With a clock of the test's own, which stands still between its steps."""
    with serving(tmp_path, pair.url) as (port, process):
        page = chrome.new_context().new_page()
        attempts: list[str] = []
        page.on("websocket", lambda socket: attempts.append(socket.url))
        page.clock.install()
        page.goto(f"http://127.0.0.1:{port}/#token={TOKEN}")
        labelled(page, "")
        page.clock.pause_at(page.evaluate("Date.now()") + 1000)
        process.kill()
        process.wait()
        playwright.expect(page.locator("#chips")).to_contain_text("NO CONNECTION")
        assert len(attempts) == 1
        for count, wait_ms in enumerate((500, 1000, 2000, 4000, 8000, 8000), 2):
            page.clock.run_for(wait_ms - 50)
            assert len(attempts) == count - 1, wait_ms
            with page.expect_event("websocket"):
                page.clock.run_for(50)
            playwright.expect(page.locator("#cover")).to_contain_text("connection to fer-cam is lost")


CAMERAS_THAT_FAIL = {
    "NotAllowedError": "The camera was denied",
    "NotFoundError": "No camera was found",
    "NotReadableError": "The camera is busy",
}


@pytest.mark.parametrize("error", CAMERAS_THAT_FAIL)
def test_a_camera_that_does_not_start_is_one_sentence(error: str, served: int, chrome: "playwright.Browser") -> None:
    page = chrome.new_context().new_page()
    page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('as a test wants it', '{error}'));"
    )
    page.goto(f"http://127.0.0.1:{served}/#token={TOKEN}")
    page.get_by_role("button", name="Use this browser’s camera").click()
    playwright.expect(page.locator("#cover")).to_contain_text(CAMERAS_THAT_FAIL[error])
    assert barriers(page) == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A program for browsers' cameras alone."""
    with serving(tmp_path_factory.mktemp("served"), "--device", "browser") as (port, _):
        yield port
