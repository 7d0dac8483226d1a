"""The page in a real browser, Debian's Chromium, with a network camera that shows the demo clip."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import program
from tests.mjpeg_server import MjpegServer
from tests.web_client import free_port
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


@pytest.fixture(scope="module")
def camera() -> Iterator[MjpegServer]:
    """A network camera that shows the first six seconds of the demo clip again and again."""
    with MjpegServer(demo_jpegs(0, 180), fps=30) as server:
        yield server


def test_nothing_is_loaded_from_elsewhere_and_the_token_leaves_the_address(
    chrome: "playwright.Browser", camera: MjpegServer, tmp_path: Path
) -> None:
    with serving(tmp_path, camera.url) as (port, _):
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


def test_the_page_comes_back_when_the_program_was_killed_and_started_again(
    chrome: "playwright.Browser", camera: MjpegServer, tmp_path: Path
) -> None:
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


def test_of_two_tabs_one_controls_until_the_other_takes_over(
    chrome: "playwright.Browser", camera: MjpegServer, tmp_path: Path
) -> None:
    with serving(tmp_path, camera.url) as (port, _):
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


def test_everything_can_be_done_by_keyboard(chrome: "playwright.Browser", camera: MjpegServer, tmp_path: Path) -> None:
    data = ("--jsonl", "run.jsonl", "--markers", "stimulus,response")
    with serving(tmp_path, camera.url, *data) as (port, process):
        page = opened(chrome.new_context(), port)
        labelled(page, "happiness")
        page.keyboard.press("2")
        playwright.expect(page.locator("#notices")).to_contain_text("response")
        page.keyboard.press("Space")
        playwright.expect(page.locator("#chips")).to_contain_text("PAUSED")
        page.keyboard.press("Space")
        playwright.expect(page.locator("#chips")).to_contain_text("LIVE")
        page.keyboard.press("p")
        playwright.expect(page.locator("#next-face")).to_be_visible()
        reached = set()
        for _ in range(45):
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
def test_it_fits_every_width_and_has_no_serious_barrier(
    scheme: str, chrome: "playwright.Browser", camera: MjpegServer, tmp_path: Path
) -> None:
    with serving(tmp_path, camera.url, "--markers", "stimulus") as (port, _):
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
        assert barriers(page) == []


def test_the_overlay_is_transparent_and_may_only_watch(
    chrome: "playwright.Browser", camera: MjpegServer, tmp_path: Path
) -> None:
    with serving(tmp_path, camera.url) as (_, process):
        assert process.stderr is not None
        link = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+/overlay#token=\S+", line)))
        page = chrome.new_context(viewport={"width": 640, "height": 360}).new_page()
        page.goto(link)
        playwright.expect(page.locator("body")).to_contain_text("happiness", timeout=WAIT_MS)
        image = cv2.imdecode(np.frombuffer(page.screenshot(omit_background=True), np.uint8), cv2.IMREAD_UNCHANGED)
        assert (image[..., 3] == 0).mean() > 0.3
        assert page.evaluate("fetch('/me').then((answer) => answer.json())") == {"role": "watch"}
        assert os.environ.get("FER_CAM_TOKEN") != link.partition("=")[2]
