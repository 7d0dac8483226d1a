import numpy as np
from numpy.typing import NDArray

from realtime.faces.one_euro import OneEuroBox


def square(x: float, y: float = 100, side: float = 100) -> NDArray[np.float32]:
    return np.array([x, y, side], np.float32)


def test_a_still_face_gets_a_still_box() -> None:
    rng = np.random.default_rng(0)
    jumping = [square(100, 100, 100) + rng.normal(0, 1.5, 3).astype(np.float32) for _ in range(150)]
    box = OneEuroBox(jumping[0], 0.0)
    held = [box.update(sighting, (i + 1) / 30).copy() for i, sighting in enumerate(jumping[1:])][30:]
    assert np.std(held, axis=0).max() < 0.6 * np.std(jumping, axis=0).min()
    np.testing.assert_allclose(np.mean(held, axis=0), [100, 100, 100], atol=0.7)


def test_a_moving_face_is_followed_without_visible_lag() -> None:
    box = OneEuroBox(square(0), 0.0)
    speed = 200.0  # two face widths a second
    for i in range(1, 31):
        filtered = box.update(square(speed * i / 30), i / 30)
    assert speed - filtered[0] < 12  # about an eighth of the face behind


def test_prediction_keeps_the_pace_for_a_while_and_no_longer() -> None:
    box = OneEuroBox(square(0), 0.0)
    for i in range(1, 61):
        box.update(square(3.0 * i), i / 30)
    near, limit, far = (box.predict(2.0 + ahead, most_s=0.2)[0] for ahead in (0.1, 0.2, 5.0))
    assert near > box.square[0]
    assert limit > near
    assert far == limit
    assert box.predict(1.0, 0.2)[0] == box.square[0]  # never backwards


def test_frame_rate_does_not_matter_much() -> None:
    ends = []
    for fps in (10, 60):
        box = OneEuroBox(square(0), 0.0)
        for i in range(1, fps + 1):
            box.update(square(50 if i > fps // 2 else 0), i / fps)
        ends.append(box.square[0])
    assert abs(ends[0] - ends[1]) < 5


def test_the_same_moment_twice_changes_nothing() -> None:
    box = OneEuroBox(square(0), 1.0)
    np.testing.assert_array_equal(box.update(square(50), 1.0), square(0))
