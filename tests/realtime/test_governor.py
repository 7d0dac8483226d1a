"""A machine that is too slow, one that recovers, and one that is fast enough, at 30 frames a second."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from realtime.datatypes import FULL_EFFORT, SourceInfo
from realtime.governor import EFFORTS, LONGEST_RECOVER_S, PATIENCE_S, RECOVER_S, Governor

TARGET_S = 1 / 30


class Camera:
    """Frames of one latency after the other."""

    def __init__(self) -> None:
        self.governor = Governor(TARGET_S)
        self.now = 100.0

    def run(self, latency_s: float, seconds: float) -> list[int]:
        """The level after every frame."""
        levels = []
        for _ in range(round(seconds * 30)):
            self.now += 1 / 30
            levels.append(EFFORTS.index(self.governor.update(latency_s, self.now)))
        return levels


def test_its_target_is_the_time_between_two_frames_of_a_camera_unless_one_is_given() -> None:
    camera = SourceInfo(name="camera 0", live=True, temporal=True, width=640, height=480, fps=20.0, frames=None)
    for source, target_ms, held_s, missed_s in (
        (camera, 0.0, 0.049, 0.051),
        (replace(camera, fps=None), 0.0, 0.033, 0.034),
        (camera, 10.0, 0.0099, 0.0101),
    ):
        for latency_s, level in ((held_s, 0), (missed_s, 1)):
            governor = Governor.of(source, target_ms)
            assert governor is not None
            for now in np.arange(0.0, 1.5, 0.05):
                governor.update(latency_s, float(now))
            assert governor.effort is EFFORTS[level]
    assert Governor.of(replace(camera, live=False)) is None


def test_a_fast_machine_is_left_alone() -> None:
    assert set(Camera().run(0.9 * TARGET_S, 120)) == {0}


def test_a_slow_machine_does_less_step_by_step() -> None:
    levels = Camera().run(2 * TARGET_S, 10)
    assert sorted(set(levels)) == list(range(len(EFFORTS)))
    assert levels == sorted(levels)
    first = levels.index(1) / 30
    assert PATIENCE_S <= first < PATIENCE_S + 0.1
    assert levels.index(2) / 30 - first >= PATIENCE_S


def test_a_few_slow_frames_change_nothing() -> None:
    camera = Camera()
    for _ in range(20):
        assert set(camera.run(0.5 * TARGET_S, 1.0) + camera.run(5 * TARGET_S, 1 / 30)) == {0}


def test_between_target_and_room_to_spare_it_stays() -> None:
    camera = Camera()
    camera.run(2 * TARGET_S, PATIENCE_S + 0.05)
    assert set(camera.run(0.8 * TARGET_S, 60)) == {1}


def test_it_recovers_when_there_is_room() -> None:
    camera = Camera()
    camera.run(2 * TARGET_S, 3.5)
    levels = camera.run(0.3 * TARGET_S, 30)
    assert levels[-1] == 0
    assert levels.index(levels[0] - 1) / 30 >= RECOVER_S - 0.1
    assert camera.governor.effort is FULL_EFFORT


def test_it_does_not_swing_to_and_fro() -> None:
    """A machine that can do with level 1 and not with level 0 is tried again more and more rarely."""
    camera, changes, level = Camera(), [], 0
    for i in range(30 * 300):
        latency_s = 2 * TARGET_S if level == 0 else 0.3 * TARGET_S
        (new,) = camera.run(latency_s, 1 / 30)
        if new != level:
            changes.append(i / 30)
        level = new
    assert len([at for at in changes if at > 200]) <= 2 * 100 / LONGEST_RECOVER_S + 2


def test_less_is_less() -> None:
    for more, less in pairwise(EFFORTS):
        assert (less.pause, less.min_face, -less.readings) >= (more.pause, more.min_face, -more.readings)
        assert less != more
