"""A stretch of resting face: what is accepted, and what is refused and why."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.datatypes import State, TrackedFace
from realtime.errors import NotResting
from realtime.labels import LABELS
from realtime.neutral.resting import Resting
from tests import builders
from tests.builders import probs

FPS = 30
Face = Callable[[int], list[TrackedFace]]


def face(raw: NDArray[np.float32] | None = None, *, x: float = 100, side: float = 120, **changes: object) -> TrackedFace:
    raw = probs("neutral", 0.9) if raw is None else raw
    made = builders.face(box=(x, 50, x + side, 50 + side), label="neutral")
    return replace(made, **({"raw": raw} | changes))


def play(resting: Resting, seconds: float, faces: Face, first: int = 0) -> Resting:
    for i in range(first, first + round(seconds * FPS)):
        resting.add(builders.result(faces(i), of=builders.frame(i, media_time=i / FPS)))
    return resting


def refusal(faces: Face) -> str:
    resting = play(Resting(LABELS), 5.2, faces)
    assert resting.done
    with pytest.raises(NotResting) as caught:
        resting.reading()
    return str(caught.value)


def test_five_seconds_of_a_still_face_are_read() -> None:
    resting = play(Resting(LABELS), 5.2, lambda i: [face(x=100 + i % 3)])
    assert resting.done
    reading = resting.reading()
    assert (reading.frames, reading.face_px) == (150, 120)
    assert reading.seconds == pytest.approx(149 / FPS, abs=1e-3)
    assert reading.offsets[0] == 0
    assert reading.offsets[1:] == pytest.approx([np.log(0.1 / 7 / 0.9)] * 7, abs=1e-3)
    assert max(reading.spreads) < 1e-4


def test_the_stretch_begins_with_the_first_face_after_the_time_to_settle() -> None:
    resting = Resting(LABELS, 1.0, ready_s=2.0)
    play(resting, 3, lambda i: [])
    assert resting.text == "waiting for a face"
    play(resting, 1, lambda i: [face(probs("happiness", 0.9))], first=90)
    assert resting.text == "rest your face and look here: begins in 2 s"
    play(resting, 1.1, lambda i: [face(probs("happiness", 0.9) if i < 150 else None)], first=120)
    assert resting.text == "rest your face: 1 s"
    play(resting, 1.1, lambda i: [face()], first=153)
    assert resting.done
    assert resting.reading().frames == 30  # without the smile of the first two seconds


def test_a_stretch_of_a_file_begins_where_it_is_told_to() -> None:
    resting = play(Resting(LABELS, 1.0, start_s=2.0), 3.1, lambda i: [face(None if i >= 60 else probs("fear"))])
    assert resting.done
    assert resting.reading().frames == 30


def test_a_face_is_waited_for_and_then_given_up() -> None:
    resting = play(Resting(LABELS), 9.9, lambda i: [])
    assert not resting.done
    play(resting, 0.3, lambda i: [], first=297)
    assert resting.done
    with pytest.raises(NotResting, match="no face was found"):
        resting.reading()


def test_a_clip_that_ends_too_early() -> None:
    resting = play(Resting(LABELS), 2.0, lambda i: [face()])
    with pytest.raises(NotResting, match=r"it ended after 2\.0 of 5 s"):
        resting.reading()


def test_a_clip_as_long_as_the_stretch() -> None:
    resting = play(Resting(LABELS), 5.0, lambda i: [face()])
    assert not resting.done
    assert resting.reading().frames == 150


def test_several_faces() -> None:
    assert "a profile belongs to one person" in refusal(lambda i: [face(), face(x=300, id=2)] if i > 60 else [face()])


def test_a_passer_by_of_a_moment_is_forgiven() -> None:
    resting = play(Resting(LABELS), 5.2, lambda i: [face(), face(x=300, id=2)] if i in (60, 61) else [face()])
    assert resting.reading().frames == 148  # without those two


@pytest.mark.parametrize("gone", [lambda i: [], lambda i: [face(None, state=State.COASTING) if i else face()]])
def test_a_face_that_goes_away(gone: Face) -> None:
    assert "the face was seen in " in refusal(lambda i: [face()] if i < 100 else gone(i))


def test_another_face_in_its_place() -> None:
    assert "it or another one came" in refusal(lambda i: [face(id=1 if i < 80 else 2)])


def test_a_face_that_is_too_small() -> None:
    assert "too small: 40 px wide, and 48 are needed" in refusal(lambda i: [face(side=40)])


@pytest.mark.parametrize("reason", ["dark", "blurred", "covered", "turned away"])
def test_a_poor_image(reason: str) -> None:
    assert f"the face is {reason};" in refusal(lambda i: [face(reason=reason if i % 3 == 0 else None)])


def test_being_between_two_expressions_is_no_fault() -> None:
    resting = play(Resting(LABELS), 5.2, lambda i: [face(reason="between sadness and neutral")])
    assert resting.reading().frames == 150


@pytest.mark.parametrize(
    "moving", [lambda i: [face(x=100 + i / 2)], lambda i: [face(side=120 + i / 4)], lambda i: [face(x=100 if i < 120 else 140)]]
)
def test_a_face_that_moves(moving: Face) -> None:
    assert "the face moved" in refusal(moving)


def test_an_expression_that_begins() -> None:
    text = refusal(lambda i: [face(probs("happiness", 0.95) if i > 100 else None)])
    assert "the expression changed: happiness went from 1 to 95 %" in text


def test_a_smile_is_no_resting_face() -> None:
    smile = probs("happiness", 0.9)
    text = refusal(lambda i: [face(smile)])
    assert "too wrong about it to be corrected: happiness 90 %, neutral 1 %" in text


def test_a_sad_resting_face_is_what_it_is_for() -> None:
    raw = np.array([0.4, 0.01, 0.01, 0.54, 0.01, 0.01, 0.01, 0.01], np.float32)
    reading = play(Resting(LABELS), 5.2, lambda i: [face(raw)]).reading()
    assert reading.offsets[LABELS.index("sadness")] == pytest.approx(np.log(0.54 / 0.4), abs=1e-3)


def test_frames_in_which_the_face_was_not_read_do_not_count() -> None:
    """On a slow machine faces are read in turn."""
    resting = play(Resting(LABELS), 5.2, lambda i: [replace(face(), raw=None) if i % 4 else face()])
    assert resting.reading().frames == 38
    resting = play(Resting(LABELS, 1.0), 1.2, lambda i: [replace(face(), raw=None) if i % 4 else face()])
    with pytest.raises(NotResting, match="read in 8 frames, and 15 are needed"):
        resting.reading()
