"""Births, lives and deaths of tracks, on invented boxes at 30 frames a second."""

import math

import numpy as np
import pytest

from realtime.datatypes import Faces, State
from realtime.faces.tracker import COAST_S, CONFIRM_S, REMEMBER_S, Sighting, Tracker

FPS = 30


def faces(*centres: float, side: float = 100) -> Faces:
    """Faces in a row at y=200, given by the x of their centres."""
    half = side / 2
    rows = [[x - half, 200 - half, x + half, 200 + half] for x in centres]
    return Faces(np.array(rows, np.float32).reshape(-1, 4), np.ones(len(rows), np.float32))


class Clip:
    """Feeds a tracker frame by frame and remembers the time."""

    def __init__(self, fps: float = FPS) -> None:
        self.tracker = Tracker()
        self.fps = fps
        self.frame = -1

    @property
    def now(self) -> float:
        return self.frame / self.fps

    def show(self, seen: Faces, seconds: float = 0.0) -> tuple[Sighting, ...]:
        """One frame, or as many as fill `seconds`; returns what the last one gave."""
        for _ in range(max(1, round(seconds * self.fps))):
            self.frame += 1
            given = self.tracker.update(seen, self.now)
        return given


@pytest.fixture
def clip() -> Clip:
    return Clip()


def test_a_face_is_born_after_a_moment_and_keeps_its_id(clip: Clip) -> None:
    births = [(clip.now, clip.show(faces(100))) for _ in range(30)]
    shown = [bool(given) for _, given in births]
    assert shown.index(True) == math.ceil(CONFIRM_S * FPS)
    assert all(shown[shown.index(True) :])
    assert {face.id for _, given in births for face in given} == {1}
    assert births[-1][1][0].first_seen_s == 0.0


def test_a_flash_is_never_shown(clip: Clip) -> None:
    for _ in range(10):
        assert clip.show(faces(300)) == ()
        assert clip.show(faces(300)) == ()
        assert clip.show(Faces.empty(), 0.3) == ()


def test_a_slow_camera_needs_three_sightings() -> None:
    slow = Clip(fps=2)
    assert slow.show(faces(100)) == ()


def test_two_faces_keep_their_ids_whatever_their_order(clip: Clip) -> None:
    clip.show(faces(100, 400), 0.5)
    first = {face.id: face.box_xyxy[0] for face in clip.show(faces(100, 400))}
    swapped = {face.id: face.box_xyxy[0] for face in clip.show(faces(400, 100))}
    assert set(first) == {1, 2}
    for face_id, x in first.items():
        assert swapped[face_id] == pytest.approx(x, abs=2)


def test_faces_are_given_by_id(clip: Clip) -> None:
    clip.show(faces(400), 0.5)
    assert [face.id for face in clip.show(faces(100, 400), 0.5)] == [1, 2]


def test_a_walking_face_keeps_its_id(clip: Clip) -> None:
    ids = set()
    for i in range(90):
        ids |= {face.id for face in clip.show(faces(100 + 8 * i))}  # 2.4 face widths a second
    assert ids == {1}


def test_a_gap_is_coasted_over(clip: Clip) -> None:
    clip.show(faces(100), 1.0)
    (missed,) = clip.show(Faces.empty(), 0.3)
    assert missed.state is State.COASTING
    assert missed.id == 1
    assert missed.last_seen_s < clip.now
    (back,) = clip.show(faces(103))
    assert (back.id, back.state) == (1, State.SEEN)


def test_a_face_is_hidden_after_the_coast_but_remembered(clip: Clip) -> None:
    clip.show(faces(100), 1.0)
    assert clip.show(Faces.empty(), COAST_S + 0.1) == ()
    (back,) = clip.show(faces(105))
    assert back.id == 1


def test_an_id_is_never_used_again(clip: Clip) -> None:
    clip.show(faces(100), 1.0)
    clip.show(Faces.empty(), REMEMBER_S + 0.1)
    given = clip.show(faces(100), 0.5)
    assert [face.id for face in given] == [2]


def test_ages_are_seconds_not_frames() -> None:
    for fps in (10, 60):
        clip = Clip(fps)
        clip.show(faces(100), 1.0)
        assert clip.show(Faces.empty(), COAST_S * 0.8)
        assert not clip.show(Faces.empty(), COAST_S * 0.5)


def test_coasting_predicts_by_motion_and_then_stands(clip: Clip) -> None:
    for i in range(60):
        clip.show(faces(100 + 4 * i))
    xs = [clip.show(Faces.empty())[0].box_xyxy[0] for _ in range(12)]
    assert xs[2] > xs[0]
    assert xs[-1] == xs[-2]


def test_a_false_alarm_beside_a_face_does_not_take_its_sighting(clip: Clip) -> None:
    clip.show(faces(100), 1.0)
    clip.show(faces(100, 140))  # a second box that overlaps the face
    (face,) = clip.show(faces(104))
    assert (face.id, face.state) == (1, State.SEEN)


def test_boxes_of_a_still_face_are_held_steady(clip: Clip) -> None:
    rng = np.random.default_rng(1)
    lefts = []
    for _ in range(120):
        for face in clip.show(faces(100 + rng.normal(0, 1.5))):
            lefts.append(face.box_xyxy[0])
    assert np.std(lefts[30:]) < 0.9


def test_no_faces_at_all(clip: Clip) -> None:
    assert clip.show(Faces.empty(), 1.0) == ()
