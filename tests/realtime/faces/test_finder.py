"""Faces of consecutive frames: the demo clip, whose truth is known, by following and by searching every frame whole."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.faces import geometry
from realtime.faces.detector import HaarDetector
from realtime.faces.finder import STAY_INSIDE, Finder, FrameByFrame, PerImageFinder, TrackingFinder
from realtime.faces.follower import Follower
from realtime.faces.scanner import Scanner
from realtime.faces.tracker import Sighting
from realtime.sources.file import VideoFile
from tests import demo

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

FPS = 30

WITH_TWO = (290, 490)
"""Frames of the demo clip: the second face comes, both move and change."""


@pytest.fixture
def following() -> Iterator[TrackingFinder]:
    finder = TrackingFinder(Scanner(live=False), Follower())
    yield finder
    finder.close()


def gray_frames(clip: Path) -> Iterator[NDArray[np.uint8]]:
    source = VideoFile(clip)
    while (frame := source.read()) is not None:
        yield np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), np.uint8)
    source.close()


def play(finder: Finder, frames: Iterator[NDArray[np.uint8]], start_s: float = 0.0) -> list[tuple[Sighting, ...]]:
    return [finder.find(gray, start_s + i / FPS) for i, gray in enumerate(frames)]


def still(index: int, count: int) -> Iterator[NDArray[np.uint8]]:
    """One frame of the demo clip, again and again, as a noisy camera sees it."""
    gray = cv2.cvtColor(demo.demo_frame(index).image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield np.clip(gray + rng.normal(0, 3, gray.shape), 0, 255).astype(np.uint8)


def test_a_face_with_eyes_is_shown_in_the_very_first_frame(following: TrackingFinder) -> None:
    (first,) = play(following, still(45, 1))
    truth = demo.demo_frame(45).boxes_xyxy
    assert [face.id for face in first] == [1]
    assert geometry.iou(first[0].box_xyxy[None], truth)[0, 0] > 0.6


def test_a_still_face_has_a_still_box(following: TrackingFinder) -> None:
    """Jitter: standard deviation of the box's place and side, of its side; noise of 3 gray levels."""
    shown = play(following, still(45, 120))
    boxes = np.array([faces[0].box_xyxy for faces in shown[30:]])
    squares = geometry.to_centre_side(boxes)
    assert (squares.std(axis=0) / squares[:, 2].mean()).max() < 0.005


def test_a_new_face_is_shown_within_300_ms(following: TrackingFinder) -> None:
    born = next(face.frame for face in demo.truth() if face.id == 2)
    frames = itertools.islice(gray_frames(demo.CLIP), born + 30)
    shown = play(following, frames)
    first = next(i for i, faces in enumerate(shown) if len(faces) == 2)
    whole = next(  # from when it is in the image altogether
        face.frame for face in demo.truth() if face.id == 2 and face.box_xyxy[2] <= 640 and face.box_xyxy[0] >= 0
    )
    assert first - whole <= 0.3 * FPS


def test_an_empty_room_stays_empty(following: TrackingFinder) -> None:
    wall = np.full((480, 640), 120, np.uint8)
    assert play(following, itertools.repeat(wall, 60)) == [()] * 60


def test_a_face_that_leaves_is_dropped(following: TrackingFinder) -> None:
    wall = np.full((480, 640), 120, np.uint8)
    shown = play(following, itertools.chain(still(45, 15), itertools.repeat(wall, 60)))
    assert all(shown[:15])
    assert shown[-1] == ()
    (back,) = play(following, still(45, 1), start_s=10.0) or [()]
    later = play(following, still(45, 30), start_s=10.1)
    assert {face.id for faces in (back, *later) for face in faces} == {2}


def test_a_face_most_of_which_has_left_the_image_is_not_shown(following: TrackingFinder) -> None:
    """The image moves to the left under the camera, by a fortieth of the face's width a frame."""
    shot = demo.demo_frame(45)
    gray = np.asarray(cv2.cvtColor(shot.image, cv2.COLOR_BGR2GRAY), np.uint8)
    left, _, right, _ = (round(float(v)) for v in shot.boxes_xyxy[0])
    step = (right - left) // 40
    moved = (np.pad(gray[:, shift:], ((0, 0), (0, shift)), mode="edge") for shift in range(0, right, step))
    shown = play(following, moved)
    boxes = np.array([faces[0].box_xyxy for faces in shown if faces])
    assert len(boxes) > left / step, "shown as long as it is whole"
    outside = -boxes[:, 0] / (boxes[:, 2] - boxes[:, 0])
    assert outside.max() == pytest.approx(1 - STAY_INSIDE, abs=0.03)


def test_two_tracks_on_one_face_become_one(following: TrackingFinder) -> None:
    """Somebody who stands where a face was a moment ago is not counted twice."""
    shown = play(following, still(45, 60))
    assert {len(faces) for faces in shown} == {1}


@pytest.mark.slow
def test_tracking_agrees_with_detection_in_every_frame(following: TrackingFinder) -> None:
    frames = list(itertools.islice(gray_frames(demo.CLIP), *WITH_TWO))
    whole = play(FrameByFrame(HaarDetector()), iter(frames))
    followed = play(following, iter(frames))
    truth: dict[int, list[tuple[float, float, float, float]]] = {}
    for face in demo.truth():
        truth.setdefault(face.frame, []).append(face.box_xyxy)
    found = {"whole": 0, "followed": 0}
    wrong = {"whole": 0, "followed": 0}
    for index, (a, b) in enumerate(zip(whole, followed, strict=True), WITH_TWO[0]):
        boxes = np.array(truth.get(index, []), np.float32).reshape(-1, 4)
        for name, faces in (("whole", a), ("followed", b)):
            shown = np.array([face.box_xyxy for face in faces], np.float32).reshape(-1, 4)
            right = (geometry.iou(boxes, shown) > 0.5).any(axis=1).sum() if len(shown) else 0
            found[name] += right
            wrong[name] += len(shown) - right
    assert found["whole"] > 250
    assert found["followed"] >= found["whole"]
    assert wrong["followed"] <= wrong["whole"]
    assert {face.id for faces in followed for face in faces} == {1, 2}


def test_images_share_no_state() -> None:
    finder = PerImageFinder(HaarDetector())
    gray = next(still(45, 1))
    assert [[face.id for face in finder.find(gray, 0.0)] for _ in range(2)] == [[1], [2]]
    finder.close()
