from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.datatypes import Faces, Frame, Scores, StageSeconds, State
from tests import builders


def test_arrays_become_read_only() -> None:
    frame = Frame(np.zeros((4, 6, 3), np.uint8), 0, 1.0, None, "test")
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 1
    assert frame.size_hw == (4, 6)


@pytest.mark.parametrize("image", [np.zeros((4, 6), np.uint8), np.zeros((4, 6, 4), np.uint8), np.zeros((4, 6, 3), np.float32)])
def test_a_frame_is_uint8_bgr(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"Frame\.image"):
        Frame(image, 0, 0.0, None, "test")


def test_time_of_a_frame_is_media_time_where_there_is_one() -> None:
    image = np.zeros((1, 1, 3), np.uint8)
    assert Frame(image, 0, 7.0, None, "camera").time_s == 7.0
    assert Frame(image, 0, 7.0, 0.0, "clip").time_s == 0.0


def test_no_faces_is_a_value() -> None:
    assert len(Faces.empty()) == 0
    assert Faces.empty().boxes_xyxy.shape == (0, 4)


def test_boxes_and_scores_belong_together() -> None:
    with pytest.raises(ValueError, match=r"Faces\.scores"):
        Faces(np.zeros((2, 4), np.float32), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match=r"Faces\.boxes_xyxy"):
        Faces(np.zeros((2, 4), np.float64), np.zeros(2, np.float32))  # type: ignore[arg-type]


def test_scores_have_a_column_per_label() -> None:
    scores = Scores(np.eye(8, dtype=np.float32)[[1, 3]])
    assert scores.names() == ("happiness", "sadness")
    assert len(scores) == 2
    with pytest.raises(ValueError, match=r"Scores\.probs"):
        Scores(np.zeros((1, 3), np.float32))


def test_a_tracked_face_checks_its_arrays() -> None:
    assert replace(builders.face(), raw=None, state=State.COASTING).raw is None
    with pytest.raises(ValueError, match=r"TrackedFace\.box"):
        replace(builders.face(), box_xyxy=np.zeros(3, np.float32))
    with pytest.raises(ValueError, match=r"TrackedFace\.raw"):
        replace(builders.face(), raw=np.zeros(3, np.float32))


def test_stages_add_up() -> None:
    assert StageSeconds(find=1, preprocess=2, classify=3, smooth=4).total == 10


def test_a_caption_has_the_labels_own_probability_or_the_reason() -> None:
    assert builders.face(label="sadness", likely=0.864).caption == "sadness 86 %"
    assert builders.face(shown="uncertain").caption == "uncertain: between neutral and sadness"
    assert replace(builders.face(shown="uncertain"), reason=None).caption == "uncertain"
