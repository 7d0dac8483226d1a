"""Which of several faces has the profile."""

import numpy as np
import pytest

from realtime.datatypes import State
from realtime.faces.tracker import Sighting
from realtime.neutral.applied import Applied
from tests.builders import probs
from tests.profiles import profile


def sighting(number: int, side: float) -> Sighting:
    return Sighting(number, np.array([0, 0, side, side], np.float32), State.SEEN, 0.0, 0.0)


def owners(*frames: dict[int, float]) -> list[int | None]:
    """Who has the profile after each frame; frames as sides by number."""
    applied = Applied(profile())
    found = []
    for frame in frames:
        applied.choose([sighting(number, side) for number, side in frame.items()])
        found.append(next((number for number in range(1, 9) if applied.name(number)), None))
    return found


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([{}, {2: 100}], [None, 2]),
        ([{1: 100, 2: 110}], [2]),
        ([{1: 100, 2: 100}], [1]),
        ([{1: 100}, {1: 100, 2: 120}], [1, 1]),  # about as large: it stays
        ([{1: 100}, {1: 100, 2: 130}], [1, 2]),  # clearly larger
        ([{1: 100, 2: 50}, {2: 50}, {1: 60, 2: 50}], [1, 2, 2]),  # it left, and comes back no larger
        ([{1: 100}, {}, {1: 100}], [1, 1, 1]),
    ],
)
def test_the_largest_face_has_it_until_another_one_is_clearly_larger(
    frames: list[dict[int, float]], expected: list[int | None]
) -> None:
    assert owners(*frames) == expected


def test_only_that_face_is_corrected() -> None:
    applied = Applied(profile(sadness=0.5))
    applied.choose([sighting(1, 50), sighting(2, 100)])
    raw = probs("sadness", 0.5)
    assert applied.correct(1, raw) is raw
    assert applied.correct(2, raw)[3] < raw[3]
    assert (applied.name(1), applied.name(2)) == (None, "anna")


def test_without_a_profile_nothing_is_corrected() -> None:
    applied = Applied()
    applied.choose([sighting(1, 50)])
    raw = probs("sadness", 0.5)
    assert applied.correct(1, raw) is raw
    assert applied.name(1) is None
