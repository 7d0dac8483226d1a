"""The lesson view on pages: the steps of one face, as long as it is wanted, and never of a face that is hidden."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime.datatypes import TrackedFace
from realtime.drawing.board import step_images
from realtime.lesson.steps import Lesson
from realtime.model.classifier import Classifier
from realtime.views.base import Action
from realtime.views.web import wire
from realtime.views.web.access import Role
from realtime.views.web.lesson import SIDE
from tests import builders, demo
from tests.tiny_models import write_left_right
from tests.web_client import Browser, Socket, Stage, jpeg, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

TWO = 420
"""A frame of the demo clip with two faces."""


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as it:
        yield it


def show(on: Stage, index: int = TWO, **status: Any) -> tuple[TrackedFace, ...]:
    """Shows a frame of the demo clip with its faces, in the lesson view."""
    shot = demo.demo_frame(TWO)
    faces = tuple(builders.face(n, box=tuple(map(float, box))) for n, box in enumerate(shot.boxes_xyxy, 1))  # type: ignore[arg-type]
    on.status = replace(on.status, lesson=True, **status)
    on.show(index, faces, frame=replace(builders.frame(index, captured_at=100 + index / 30), image=shot.image))
    return faces


def steps(socket: Socket) -> np.ndarray:
    """The images of a lesson, BGR."""
    header, data = socket.image()
    assert header[2] == wire.LESSON
    images = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    assert images.shape == (SIDE, 6 * SIDE, 3)
    return images


def test_a_page_gets_the_steps_after_its_frame(on: Stage, tmp_path: Path) -> None:
    faces = show(on, paused=True)  # so that eyes and mouth are searched in this very frame
    with on.browser().watch() as socket:
        assert {"lesson", "next face", "panel"} <= set(socket.next("hello")["can"])
        assert socket.next("status")["lesson"] is True
        assert socket.next("frame")["frame"] == TWO
        socket.image()
        told = socket.next("lesson")
        assert (told["frame"], [title for title, _ in told["captions"]][::5]) == (TWO, ["1  Gray face", "6  Input"])
        got = steps(socket)
    face = next(face for face in faces if face.id == told["face"])
    network = Classifier.load(str(write_left_right(tmp_path / "same.onnx")), 1)
    lesson = Lesson(network.prepare)
    expected = step_images(lesson.steps(on.shown.result.frame, face, exact=True), SIDE) if on.shown else ()
    lesson.close()
    network.close()
    difference = np.abs(got.astype(int) - np.concatenate(expected, axis=1))
    assert difference.mean() < 2


def test_another_face_is_explained_while_the_video_is_paused(on: Stage) -> None:
    show(on, paused=True)
    with on.browser().watch() as socket:
        first = socket.next("lesson")["face"]
        before = steps(socket)
        on.status = replace(on.status, chosen=3 - first)
        on.again()
        assert socket.next("lesson")["face"] == 3 - first
        assert np.abs(steps(socket).astype(int) - before).mean() > 5
        assert not [each for each in socket.seen if each["type"] == "frame"][1:]  # the frame itself is not sent again


def test_it_comes_with_every_frame_and_ends_at_once(on: Stage) -> None:
    show(on, 1)
    with on.browser().watch() as socket:
        assert socket.next("lesson")["frame"] == 1
        socket.ack(1)
        show(on, 2)
        assert socket.next("lesson")["frame"] == 2
        on.status = replace(on.status, lesson=False)
        on.again()
        assert socket.until("status", lambda status: not status["lesson"])
        socket.ack(2)
        on.show(3)
        socket.ack(socket.next("frame")["frame"])
        on.show(4)
        socket.next("frame")
        assert not any(each["type"] == "lesson" for each in socket.seen)


def test_a_frame_without_a_face_says_so(on: Stage) -> None:
    on.status = replace(on.status, lesson=True)
    on.show(1)
    with on.browser().watch() as socket:
        assert socket.next("lesson") == {"type": "lesson", "frame": 1, "face": None, "captions": []}


def test_pages_that_may_only_watch_get_it_and_data_only_pages_do_not(on: Stage) -> None:
    show(on, 1)
    with on.browser(Role.WATCH).watch() as pupil, on.browser().watch() as overlay:
        assert pupil.next("lesson")["frame"] == 1
        overlay.send(type="images", on=False)
        overlay.ack(overlay.next("frame")["frame"])
        show(on, 2)
        overlay.ack(overlay.next("frame")["frame"])
        overlay.seen.clear()
        show(on, 3)
        overlay.ack(overlay.next("frame")["frame"])
        on.view.notice("the end")
        assert overlay.next("notice")["text"] == "the end"
        assert not any(each["type"] == "lesson" for each in overlay.seen)


@pytest.mark.parametrize("hides", [{"blur": True}, {"numbers_only": True}])
def test_hidden_faces_are_not_explained(hides: dict[str, Any], tmp_path: Path) -> None:
    with stage(tmp_path, **hides) as on:
        show(on, 1)
        with on.browser().watch() as socket:
            assert not {"lesson", "next face", "panel"} & set(socket.next("hello")["can"])
            socket.ack(socket.next("frame")["frame"])
            on.view.notice("the end")
            assert socket.next("notice")["text"] == "the end"
            told = [each for each in socket.seen if each["type"] == "lesson"]
            assert all(each["face"] is None for each in told)  # blur: nothing to explain; numbers only: nothing at all
            assert not told or "blur" in hides


@pytest.mark.parametrize("action", [Action.LESSON, Action.NEXT_FACE, Action.PANEL])
def test_its_actions_reach_the_player(action: Action, on: Stage) -> None:
    with on.browser().watch() as socket:
        socket.send(type="action", action=action.value)
        assert on.action() is action


# a browser's own camera


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with stage(tmp_path, source="browser") as it:
        yield it.browser()


def send(socket: Socket, first: int, count: int, of: int = TWO) -> None:
    """Frames of a camera that shows one image of the demo clip."""
    image = wire.encode(demo.demo_frame(of).image)
    for index in range(first, first + count):
        socket.frame(index, image, (640, 480))
        socket.next("frame")


def test_a_camera_has_its_own_lesson(browser: Browser) -> None:
    with browser.camera() as socket, browser.camera() as other:
        assert {"lesson", "next face", "blur", "calibrate"} <= set(socket.next("hello")["can"])
        send(socket, 0, 30)
        socket.send(type="action", action="lesson")
        assert socket.until("status", lambda status: status["lesson"])
        first = socket.next("lesson")["face"]
        before = steps(socket)
        socket.send(type="action", action="next face")
        told = socket.until("lesson", lambda lesson: lesson["face"] != first)
        assert (told["frame"], told["face"] is None) == (29, False)
        assert np.abs(steps(socket).astype(int) - before).mean() > 5
        socket.frame(30, wire.encode(demo.demo_frame(TWO).image), (640, 480))
        assert socket.until("lesson", lambda lesson: lesson["frame"] == 30)["face"] == told["face"]
        other.frame(0, jpeg(), (320, 240))
        other.next("frame")
        assert not other.until("status", lambda status: True)["lesson"]


def test_a_lesson_that_is_not_offered_cannot_be_asked_for(tmp_path: Path) -> None:
    with stage(tmp_path, source="browser", numbers_only=True) as on, on.browser().camera() as socket:
        send(socket, 0, 2)
        socket.send(type="action", action="lesson")
        socket.send(type="action", action=["lesson"])
        send(socket, 2, 3)
        socket.send(type="stop")
        socket.next("summary")
        assert not any(each.get("lesson") or each["type"] == "lesson" for each in socket.seen)


def test_a_camera_can_begin_with_the_lesson(tmp_path: Path) -> None:
    with stage(tmp_path, source="browser", lesson=True) as on, on.browser().camera() as socket:
        socket.frame(0, jpeg(), (320, 240))
        assert socket.next("lesson")["face"] is None


def test_a_camera_that_pauses_still_gets_the_next_face(browser: Browser) -> None:
    with browser.camera() as socket:
        send(socket, 0, 30)
        socket.send(type="action", action="lesson")
        first = socket.next("lesson")["face"]
        assert first is not None
        socket.send(type="action", action="next face")
        assert socket.until("lesson", lambda lesson: lesson["face"] != first)["face"] is not None
        assert socket.next("status")["lesson"]


def test_hiding_the_faces_of_a_camera_ends_its_lesson(browser: Browser) -> None:
    with browser.camera() as socket:
        send(socket, 0, 2)
        socket.send(type="action", action="lesson")
        assert socket.until("status", lambda status: status["lesson"])
        socket.send(type="action", action="blur")
        assert not socket.until("status", lambda status: status["blur"])["lesson"]
        socket.send(type="action", action="lesson")
        assert socket.until("notice", lambda notice: "no lesson" in notice["text"])
