"""Many faces at once: none is lost, and no frame takes long."""

from collections import Counter
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.datatypes import FULL_EFFORT, Effort, Faces
from realtime.faces import geometry
from realtime.faces.finder import MOST_SEARCHES, TrackingFinder
from realtime.faces.follower import Follower, Hit

FRAME = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, (720, 1280), np.uint8), (0, 0), 3)
"""A texture by which every place differs from its neighbours; it stays the same from frame to frame."""

SIDE = 100.0


class Once:
    """A scanner that finds `boxes`, (n,4), in the first frame, and in later ones on request."""

    def __init__(self, boxes_xyxy: NDArray[np.float32]) -> None:
        self.faces = Faces(boxes_xyxy, np.ones(len(boxes_xyxy), np.float32))
        self.found = self.faces

    def offer(self, gray: NDArray[np.uint8], known_xyxy: NDArray[np.float32], now: float, effort: Effort = FULL_EFFORT) -> None:
        pass

    def take(self, now: float) -> Faces:
        found, self.found = self.found, Faces.empty()
        return found

    def close(self) -> None:
        pass


class Blurred(Follower):
    """Sees a face wherever it looks, but never its eyes; counts where it looked closely.

    Attributes:
        scripted: replaces the result of `follow` for known faces; None follows them for real.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scripted: Callable[[NDArray[np.float32]], Hit] | None = None
        self.looked: Counter[tuple[float, ...]] = Counter()

    def follow(
        self, key: int, gray: NDArray[np.uint8], square: NDArray[np.float32], now: float, *, closely: bool = True
    ) -> Hit | None:
        return super().follow(key, gray, square, now, closely=closely) if self.scripted is None else self.scripted(square)

    def search(self, gray: NDArray[np.uint8], square: NDArray[np.float32], roll_deg: float = 0.0) -> Hit | None:
        self.looked[tuple(square.tolist())] += 1
        return Hit(square, 12)

    def has_eyes(self, gray: NDArray[np.uint8], square: NDArray[np.float32]) -> bool:
        return False


def crowd(count: int) -> NDArray[np.float32]:
    seats = [(90 + 120 * (n % 10), 90 + 120 * (n // 10), SIDE) for n in range(count)]
    return geometry.from_centre_side(np.array(seats, np.float32))


@pytest.mark.parametrize("fps", [12, 15, 30])
def test_everybody_in_a_new_crowd_is_confirmed(fps: int) -> None:
    finder = TrackingFinder(Once(crowd(20)), Blurred())  # type: ignore[arg-type]
    frames = [finder.find(FRAME, n / fps) for n in range(round(0.4 * fps) + 1)]
    assert len(frames[-1]) == 20
    assert {face.id for face in frames[-1]} == set(range(1, 21))


def test_known_faces_are_searched_in_rotation() -> None:
    eyes = Blurred()
    finder = TrackingFinder(Once(crowd(10)), eyes)  # type: ignore[arg-type]
    for n in range(15):
        finder.find(FRAME, n / 30)
    eyes.looked.clear()
    for n in range(15, 35):
        before = eyes.looked.total()
        finder.find(FRAME, n / 30)
        assert eyes.looked.total() - before <= MOST_SEARCHES
    assert len(eyes.looked) == 10
    assert max(eyes.looked.values()) - min(eyes.looked.values()) <= 1


def test_known_faces_in_a_scan_are_not_searched_again() -> None:
    eyes, scanner = Blurred(), Once(crowd(4))
    finder = TrackingFinder(scanner, eyes)  # type: ignore[arg-type]
    for n in range(15):
        finder.find(FRAME, n / 30)
    eyes.looked.clear()
    eyes.scripted = lambda square: Hit(square, 0)
    scanner.found = scanner.faces
    assert len(finder.find(FRAME, 0.5)) == 4
    assert eyes.looked.total() == 0


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_a_face_at_the_edge_does_not_blink(edge: str) -> None:
    """Four fifths of it and a little more, then a little less, in turn."""
    inside = {"left": (0.0, 300.0), "top": (600.0, 0.0), "right": (1280.0 - SIDE, 300.0), "bottom": (600.0, 720.0 - SIDE)}[edge]
    outward = {"left": (-1, 0), "top": (0, -1), "right": (1, 0), "bottom": (0, 1)}[edge]

    def at(outside: float) -> NDArray[np.float32]:
        x, y = inside[0] + outside * SIDE * outward[0], inside[1] + outside * SIDE * outward[1]
        return np.array([x + SIDE / 2, y + SIDE / 2, SIDE], np.float32)

    where = at(0.0)
    eyes = Blurred()
    eyes.scripted = lambda _: Hit(where, 12)
    finder = TrackingFinder(Once(geometry.from_centre_side(where[None])), eyes)  # type: ignore[arg-type]
    for n in range(15):
        finder.find(FRAME, n / 30)
    shown = []
    for n in range(15, 135):
        where = at(0.21 if n % 2 else 0.19)
        shown.append(len(finder.find(FRAME, n / 30)))
    assert set(shown) == {1}
    where = at(0.4)
    for n in range(135, 165):
        gone = finder.find(FRAME, n / 30)
    assert gone == ()
