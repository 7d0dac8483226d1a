"""A browser's own camera on the page: Chromium plays a film as its camera, whose truth is known."""

import re
from pathlib import Path

import cv2
import pytest

from tests import demo, program
from tests.web_client import TOKEN
from tests.web_page import MARKS, browser, fake_camera, labelled, opened, playwright, serving, write_film

pytestmark = MARKS

SMALL_WH = (320, 240)
NEUTRAL, RISING, HAPPY = range(30), range(30, 55), range(55, 85)
"""Frames of the demo clip: at rest, then the smile, then its apex."""


def acted() -> list[int]:
    """Frames of a film of a person who rests and smiles, five seconds at 30 frames/s."""
    return [*NEUTRAL, *reversed(NEUTRAL), *RISING, *HAPPY, *reversed(HAPPY)]


@pytest.fixture(scope="module", params=["y4m", "mjpeg"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake camera plays, in the two formats that Chromium takes."""
    apex = {face.frame: face.expression for face in demo.truth() if face.apex}
    assert [{apex[index] for index in part} for part in (NEUTRAL, HAPPY)] == [{"neutral"}, {"happiness"}]
    images = dict(enumerate(frame for frame, _ in zip(demo.frames(), range(HAPPY.stop), strict=False)))
    path = tmp_path_factory.mktemp("camera") / f"face.{request.param}"
    return write_film(path, [images[index] for index in acted()], SMALL_WH)


def test_this_browsers_camera_is_read_neutral_and_then_happy(film: Path, tmp_path: Path) -> None:
    with (
        serving(tmp_path, "--device", "browser", "--session", "S") as (port, _),
        browser(*fake_camera(film)) as chrome,
    ):
        page = opened(chrome.new_context(), port)
        page.get_by_role("button", name="Use this browser’s camera").click()
        labelled(page, "neutral")
        labelled(page, "happiness")
        labelled(page, "neutral")
        page.get_by_role("button", name=re.compile("Record a session")).click()
        playwright.expect(page.locator("#banner")).to_contain_text("recorded")
        labelled(page, "happiness")
        labelled(page, "neutral")
        page.get_by_role("button", name=re.compile("Stop recording")).click()
        playwright.expect(page.locator("#chips")).not_to_contain_text("REC")
    rows = program.rows(tmp_path / "S" / "frames.jsonl")
    assert rows[0]["settings"]["clock"] == "browser"
    assert {"neutral", "happiness"} <= {face["label"] for row in rows if row["type"] == "frame" for face in row["faces"]}


@pytest.mark.parametrize("kind", ["y4m", "mjpeg"])
def test_a_real_person_is_read_neutral_and_then_happy(kind: str, clips: Path, tmp_path: Path) -> None:
    images = list(iter(cv2.VideoCapture(str(clips / "single_face.mp4")).read, (False, None)))
    film = write_film(tmp_path / f"face.{kind}", [image for _, image in (*images, *reversed(images))], (640, 360))
    with serving(tmp_path, "--device", "browser") as (port, _), browser(*fake_camera(film)) as chrome:
        page = opened(chrome.new_context(), port)
        page.get_by_role("button", name="Use this browser’s camera").click()
        for label in ("neutral", "happiness", "neutral"):
            labelled(page, label)


def test_a_camera_that_is_denied_is_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path, "--device", "browser") as (port, _), browser("--use-fake-device-for-media-stream") as chrome:
        page = opened(chrome.new_context(permissions=[]), port)
        page.get_by_role("button", name="Use this browser’s camera").click()
        playwright.expect(page.locator("#cover")).to_contain_text(re.compile("The camera was denied|No camera was found"))


def test_the_lesson_of_this_browsers_camera_and_its_pause(tmp_path: Path) -> None:
    images = [frame for frame, _ in zip(demo.frames(), range(30), strict=False)]
    film = write_film(tmp_path / "face.mjpeg", [*images, *reversed(images)], (640, 480))
    with serving(tmp_path, "--device", "browser") as (port, _), browser(*fake_camera(film)) as chrome:
        page = opened(chrome.new_context(), port)
        page.get_by_role("button", name="Use this browser’s camera").click()
        labelled(page, "neutral")
        page.keyboard.press("p")
        playwright.expect(page.locator("#lesson-title")).to_have_text(re.compile(r"Lesson: face #\d"))
        playwright.expect(page.locator("#panel")).to_be_hidden()  # nothing of this camera is saved
        playwright.expect(page.get_by_role("button", name="Calibrate")).to_be_enabled()
        page.keyboard.press("b")
        playwright.expect(page.locator("#lesson")).to_be_hidden()
        page.keyboard.press("Space")
        playwright.expect(page.locator("#chips")).to_contain_text("PAUSED")
        playwright.expect(page.locator("#paused")).to_be_visible()
        page.keyboard.press("Space")
        playwright.expect(page.locator("#chips")).to_contain_text("LIVE")


def test_a_camera_that_is_unplugged_and_a_hidden_tab_are_one_sentence(tmp_path: Path) -> None:
    film = write_film(tmp_path / "face.mjpeg", [demo.demo_frame(HAPPY.start).image] * 30, (320, 240))
    with serving(tmp_path, "--device", "browser") as (port, _), browser(*fake_camera(film)) as chrome:
        page = chrome.new_context().new_page()
        page.add_init_script(
            """const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (wanted) => (window.plugged = await real(wanted));"""
        )
        page.goto(f"http://127.0.0.1:{port}/#token={TOKEN}")
        page.get_by_role("button", name="Use this browser’s camera").click()
        labelled(page, "happiness")
        page.evaluate(
            """Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
            window.said = document.getElementById("cover").textContent;
            delete document.hidden;
            document.dispatchEvent(new Event("visibilitychange"));"""
        )
        assert "This tab is hidden" in page.evaluate("said")
        playwright.expect(page.locator("#cover")).to_be_hidden()
        page.evaluate(
            """plugged.getVideoTracks().forEach((track) => { track.stop(); track.dispatchEvent(new Event("ended")); });"""
        )
        playwright.expect(page.locator("#cover")).to_contain_text("The camera was unplugged")
