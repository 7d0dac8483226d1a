"""The crops of segments: which face, which frames, how prepared."""

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import preprocess
from realtime.crops.cutting import Cutter, remarks
from realtime.crops.segments import Segment
from realtime.crops.thinning import Thinner
from realtime.datatypes import Frame, FrameResult, State, TrackedFace
from realtime.pipeline import TURNED_AWAY
from tests import builders

HAPPY = Segment("row 2", 0.0, 1.0, "happiness", "Anna")


def noise(seed: int, side: int = 48) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)


def shown(index: int, *faces: TrackedFace, seed: int | None = None) -> FrameResult:
    """A frame of noise, 96x96, at ten frames a second."""
    image = np.repeat(noise(index if seed is None else seed, 96)[:, :, None], 3, axis=2)
    return builders.result(faces, of=Frame(image, index, 0.0, index / 10, "clip.mp4"))


def everything() -> Thinner:
    return Thinner(0.0, 2.0)


def large(number: int = 1, side: float = 60, state: State = State.SEEN, reason: str | None = None) -> TrackedFace:
    return builders.face(number, box=(10, 10, 10 + side, 10 + side), state=state, reason=reason)


def test_crops_are_what_training_takes() -> None:
    cutter = Cutter([HAPPY], thinner=everything)
    result = shown(3, large())
    cutter.add(result)
    (crop,) = cutter.cuts()[0].crops
    whole = preprocess.crop(preprocess.to_gray(result.frame.image), result.faces[0].box_xyxy)
    assert np.array_equal(crop.small, preprocess.shrink(whole)), "resized once, not equalized"
    assert (crop.frame, crop.time_s, crop.face) == (3, 0.3, 1)


def test_only_frames_inside_count() -> None:
    cutter = Cutter([Segment("row 2", 0.2, 0.4, "anger", "A")], thinner=everything)
    for index in range(6):
        cutter.add(shown(index, large()))
    (cut,) = cutter.cuts()
    assert [crop.frame for crop in cut.crops] == [2, 3]
    assert (cut.frames, cut.seen, cutter.end_s) == (2, 2, 0.4)


def test_poor_turned_and_coasting_faces_are_left_out() -> None:
    cutter = Cutter([HAPPY], thinner=everything)
    for index, face in enumerate((large(side=20), large(reason=TURNED_AWAY), large(state=State.COASTING))):
        cutter.add(shown(index, face))
    (cut,) = cutter.cuts()
    assert (cut.crops, cut.seen) == ((), 2)
    assert remarks([cut]) == (
        "row 2 (happiness, Anna): the face is too small, dark, flat, blurred or turned away in all of 2 frames",
    )


def test_one_face_is_cut_and_the_others_are_named() -> None:
    cutter = Cutter([HAPPY, Segment("row 3", 0.0, 1.0, "fear", "Ben", face=2)], thinner=everything)
    for index in range(3):
        cutter.add(shown(index, large(1, side=80), large(2, side=50)))
    anna, ben = cutter.cuts()
    assert {crop.face for crop in anna.crops} == {1}
    assert {crop.face for crop in ben.crops} == {2}
    (line,) = remarks([anna, ben])
    assert line == "row 2 (happiness, Anna): faces 1, 2 were seen, and 1 was cut; a column face names another"


def test_segments_without_frames_or_faces_say_so() -> None:
    cutter = Cutter([HAPPY, Segment("row 3", 90, 95, "fear", "Anna")])
    cutter.add(shown(0))
    assert remarks(cutter.cuts()) == (
        "row 2 (happiness, Anna): no face was found in 1 frames",
        "row 3 (fear, Anna): the recording ends before 90 s",
    )


def test_near_copies_are_thinned_by_time_and_by_difference() -> None:
    thinner = Thinner(0.2, 0.97)
    first = noise(1)
    brighter = np.clip(first.astype(int) // 2 + 100, 0, 255).astype(np.uint8)
    assert thinner.keeps(first, 0.0)
    assert not thinner.keeps(noise(2), 0.1), "too early"
    assert not thinner.keeps(brighter, 0.3), "the same face in other light"
    assert thinner.keeps(noise(2), 0.3)
    assert not thinner.keeps(first, 5.0), "compared with all, not with the last one"


@pytest.mark.parametrize(("every_s", "kept"), [(0.0, 10), (0.2, 5), (0.5, 2)])
def test_the_time_between_crops(every_s: float, kept: int) -> None:
    thinner = Thinner(every_s, 2.0)
    assert sum(thinner.keeps(noise(index), index / 10) for index in range(10)) == kept
