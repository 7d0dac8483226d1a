"""Faces read as they are and mirrored: whose turn it is, and what is averaged."""

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.datatypes import Frame, Scores
from realtime.faces.mirrored import RECENT_S, BothWays

FACE = np.arange(48 * 48, dtype=np.uint8).reshape(48, 48)
MIRRORED = FACE[:, ::-1]
LABELS = ("calm", "glad")
NOTHING = np.zeros((1, 1, 3), np.uint8)


def scores(*probs: float, face_probs: tuple[float, ...] = ()) -> Scores:
    """Of faces whose first expression has these probabilities."""
    rows = np.array([(p, 1 - p) for p in probs], np.float32).reshape(-1, 2)
    return Scores(rows, LABELS, np.array(face_probs, np.float32))


def live(at: float) -> Frame:
    """A camera's frame, captured at a time in seconds."""
    return Frame(NOTHING, 0, at, None, "camera")


def is_mirrored(image: NDArray[np.uint8]) -> bool:
    assert (image == FACE).all() or (image == MIRRORED).all()
    return bool((image == MIRRORED).all())


def test_each_face_before_a_camera_is_turned_over_from_reading_to_reading() -> None:
    both = BothWays(temporal=True)
    ways = [[is_mirrored(image) for image in both.images([7, 8], [FACE, FACE], live(i / 30))] for i in range(3)]
    assert ways == [[False, False], [True, True], [False, False]]
    (image,) = both.images([8], [FACE], live(0.1))
    assert is_mirrored(image)
    one, other = both.images([7, 8], [FACE, FACE], live(0.2))
    assert is_mirrored(one), "7 has not been read in between"
    assert not is_mirrored(other)


@pytest.mark.parametrize("first", [0, 5])
def test_every_second_frame_of_a_file_is_mirrored_wherever_reading_begins(first: int) -> None:
    both = BothWays(temporal=True)
    frames = [Frame(NOTHING, index, 0.0, index / 30, "clip.mp4") for index in range(first, 8)]
    ways = [is_mirrored(*both.images([7], [FACE], frame)) for frame in frames]
    assert ways == [index % 2 == 1 for index in range(first, 8)]


def test_a_reading_is_averaged_with_the_one_before() -> None:
    both = BothWays(temporal=True)
    assert both.mean([7], scores(0.8), 0.0).probs[0, 0] == pytest.approx(0.8)
    assert both.mean([7, 8], scores(0.4, 0.1), 0.1).probs[:, 0] == pytest.approx([0.6, 0.1])
    assert both.mean([7], scores(0.2), 0.2).probs[0, 0] == pytest.approx(0.3), "the reading before, not the mean before"


def test_an_old_reading_does_not_count() -> None:
    both = BothWays(temporal=True)
    both.mean([7], scores(0.8), 0.0)
    assert both.mean([7], scores(0.4), RECENT_S + 0.01).probs[0, 0] == pytest.approx(0.4)


def test_a_face_that_was_forgotten_begins_anew() -> None:
    both = BothWays(temporal=True)
    both.images([7], [FACE], live(0.0))
    both.mean([7], scores(0.8), 0.0)
    both.forget_before(0.1)
    (image,) = both.images([7], [FACE], live(0.2))
    assert not is_mirrored(image)
    assert both.mean([7], scores(0.4), 0.2).probs[0, 0] == pytest.approx(0.4)


def test_single_images_are_read_both_ways_at_once() -> None:
    both = BothWays(temporal=False)
    images = both.images([1, 2], [FACE, FACE], live(0.0))
    assert [is_mirrored(image) for image in images] == [False, True, False, True]
    read = both.mean([1, 2], scores(0.9, 0.5, 0.2, 0.4, face_probs=(1.0, 0.8, 0.1, 0.3)), 0.0)
    assert read.probs[:, 0] == pytest.approx([0.7, 0.3])
    assert read.face_probs == pytest.approx([0.9, 0.2])


@pytest.mark.parametrize("temporal", [True, False])
def test_no_face_is_no_reading(temporal: bool) -> None:
    both = BothWays(temporal=temporal)
    assert both.images([], [], live(0.0)) == ()
    assert both.mean([], scores(), 0.0).probs.shape == (0, 2)
