"""What changed since the last search, on invented pictures."""

import numpy as np
from numpy.typing import NDArray

from realtime.novelty import Novelty, Region

NOBODY = np.zeros((0, 4), np.float32)
SMALLEST = 60.0


def room(seed: int = 0) -> NDArray[np.uint8]:
    """A gray wall seen by a noisy camera."""
    return np.random.default_rng(seed).integers(95, 106, (720, 1280), dtype=np.uint8)


def searched() -> Novelty:
    novelty = Novelty()
    novelty.searched(room(), Region.whole(room()))
    return novelty


def test_the_first_frame_is_new_altogether() -> None:
    assert Novelty().changed(room(), NOBODY, SMALLEST) == Region(0, 0, 1280, 720)


def test_noise_is_nothing_new() -> None:
    assert searched().changed(room(seed=1), NOBODY, SMALLEST) is None


def test_who_comes_in_is_searched_for_with_some_room() -> None:
    gray = room(seed=1)
    gray[200:300, 600:700] = 200
    region = searched().changed(gray, NOBODY, SMALLEST)
    assert region is not None
    assert 530 <= region.x1 <= 545
    assert 755 <= region.x2 <= 770
    assert 130 <= region.y1 <= 145
    assert 355 <= region.y2 <= 370
    assert region.of(gray).max() == 200


def test_known_faces_are_not_new() -> None:
    gray = room(seed=1)
    gray[200:300, 600:700] = 200
    known = np.array([[590, 190, 710, 310]], np.float32)
    assert searched().changed(gray, known, SMALLEST) is None


def test_what_was_searched_is_not_new_any_more() -> None:
    novelty, gray = searched(), room(seed=1)
    gray[200:300, 600:700] = 200
    region = novelty.changed(gray, NOBODY, SMALLEST)
    assert region is not None
    novelty.searched(gray, region)
    assert novelty.changed(gray, NOBODY, SMALLEST) is None


def test_light_that_fades_slowly_is_noticed_in_the_end() -> None:
    novelty = searched()
    levels = [level for level in range(1, 40) if novelty.changed(room() + np.uint8(level), NOBODY, SMALLEST) is not None]
    assert 8 <= levels[0] <= 13


def test_another_size_of_frames_is_new() -> None:
    assert searched().changed(np.zeros((300, 400), np.uint8), NOBODY, SMALLEST) == Region(0, 0, 400, 300)
