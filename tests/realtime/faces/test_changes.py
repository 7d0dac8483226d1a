"""Change detection on synthetic images."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.faces.changes import ChangeDetector, Region

NOBODY = np.zeros((0, 4), np.float32)
SMALLEST = 60.0
WHOLE = (Region(0, 0, 1280, 720),)


def room(seed: int = 0) -> NDArray[np.uint8]:
    """A gray wall seen by a noisy camera."""
    return np.random.default_rng(seed).integers(95, 106, (720, 1280), dtype=np.uint8)


def library() -> NDArray[np.uint8]:
    """A wall of books: stripes 40 px wide, of all shades."""
    shades = np.random.default_rng(0).integers(40, 200, (18, 40), dtype=np.uint8)
    return np.asarray(cv2.resize(shades, (1600, 720), interpolation=cv2.INTER_NEAREST), np.uint8)


def searched() -> ChangeDetector:
    novelty = ChangeDetector()
    assert novelty.take(room(), NOBODY, SMALLEST) == WHOLE
    return novelty


def test_noise_is_nothing_new() -> None:
    assert searched().take(room(seed=1), NOBODY, SMALLEST) == ()


def test_a_new_face_is_searched_with_a_margin() -> None:
    gray = room(seed=1)
    gray[200:300, 600:700] = 200
    (region,) = searched().take(gray, NOBODY, SMALLEST)
    assert 530 <= region.x1 <= 545
    assert 755 <= region.x2 <= 770
    assert 130 <= region.y1 <= 145
    assert 355 <= region.y2 <= 370
    assert region.of(gray).max() == 200


@pytest.mark.parametrize("corner", [(0, 0), (1220, 0), (0, 660), (1220, 660), (1200, 300)])
def test_a_new_face_at_the_edge_is_detected(corner: tuple[int, int]) -> None:
    x, y = corner
    gray = room(seed=1)
    gray[y : y + 60, x : x + 60] = 200
    (region,) = searched().take(gray, NOBODY, SMALLEST)
    assert region.x1 <= max(0, x - 50)
    assert region.x2 >= min(1280, x + 110)
    assert region.y1 <= max(0, y - 50)
    assert region.y2 >= min(720, y + 110)


def test_narrow_stripes_are_ignored() -> None:
    """The shoulder of a person who leans to the side."""
    gray = room(seed=1)
    gray[300:720, 496:512] = 200
    assert searched().take(gray, NOBODY, SMALLEST) == ()


def test_a_growing_stripe_is_detected() -> None:
    """What changes little by little is compared with what was searched, and not with the frame before."""
    novelty, gray = searched(), room()
    widths = []
    for width in range(8, 64, 8):
        gray[300:420, 496 : 496 + width] = 200
        if novelty.take(gray, NOBODY, SMALLEST):
            widths.append(width)
    assert widths[0] == 24  # a third of a face


def test_a_camera_held_by_hand_is_nothing_new() -> None:
    novelty, wall = ChangeDetector(), library()
    assert novelty.take(wall[:, 100:1380], NOBODY, SMALLEST) == WHOLE
    assert all(novelty.take(wall[:, x : x + 1280], NOBODY, SMALLEST) == () for x in (103, 97, 104, 100))
    assert novelty.take(wall[:, 160:1440], NOBODY, SMALLEST)  # it was turned


def test_known_faces_are_not_new() -> None:
    gray = room(seed=1)
    gray[200:300, 600:700] = 200
    known = np.array([[590, 190, 710, 310]], np.float32)
    assert searched().take(gray, known, SMALLEST) == ()


def test_a_searched_change_is_not_reported_again() -> None:
    novelty, gray = searched(), room(seed=1)
    gray[200:300, 600:700] = 200
    assert novelty.take(gray, NOBODY, SMALLEST)
    assert novelty.take(gray, NOBODY, SMALLEST) == ()
    assert novelty.take(gray, NOBODY, SMALLEST, everything=True) == WHOLE
    assert novelty.take(gray, NOBODY, SMALLEST) == ()


def test_two_new_faces_are_two_regions() -> None:
    gray = room(seed=1)
    gray[200:300, 200:300] = gray[400:480, 1000:1080] = 200
    left, right = searched().take(gray, NOBODY, SMALLEST)
    assert left.x2 < right.x1
    assert [region.of(gray).max() for region in (left, right)] == [200, 200]
    gray[200:300, 380:480] = 200  # so near that the room around them would be searched twice
    assert len(searched().take(gray, NOBODY, SMALLEST)) == 2


def test_only_searched_regions_count_as_searched() -> None:
    """Somebody comes at the left, while a stripe at the right is the first half of somebody else."""
    novelty, gray = searched(), room(seed=1)
    gray[200:300, 200:300] = 200
    gray[200:300, 1000:1016] = 200
    (region,) = novelty.take(gray, NOBODY, SMALLEST)
    assert region.x2 < 1000
    gray[200:300, 1016:1032] = 200
    assert novelty.take(gray, NOBODY, SMALLEST)


def test_light_that_fades_slowly_is_noticed_in_the_end() -> None:
    novelty = searched()
    levels = [level for level in range(1, 40) if novelty.take(room() + np.uint8(level), NOBODY, SMALLEST)]
    assert 5 <= levels[0] <= 13


def test_another_size_of_frames_is_new() -> None:
    assert searched().take(np.zeros((300, 400), np.uint8), NOBODY, SMALLEST) == (Region(0, 0, 400, 300),)


def test_faces_larger_than_any_image_cost_no_memory() -> None:
    gray = room(seed=1)
    gray[:] = 200
    assert searched().take(gray, NOBODY, 100_000.0) == WHOLE
