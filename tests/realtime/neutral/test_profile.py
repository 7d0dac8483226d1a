"""The correction of a profile, by value; and its file."""

import json
import math

import numpy as np
import pytest

from realtime.labels import LABELS
from realtime.neutral.profile import NEUTRAL, Reading, from_json, to_json
from tests.builders import probs
from tests.profiles import profile


def index(label: str) -> int:
    return LABELS.index(label)


@pytest.mark.parametrize(
    ("offset", "spread", "expected"),
    [
        (-1.5, 0.0, 0.0),  # far enough from neutral
        (-1.0, 0.0, 0.0),
        (0.0, 0.0, 1.0),  # lowered to -1
        (0.0, 1.0, 0.5),  # a spread of 1 halves it
        (0.0, 3.0, 0.1),
        (0.2, 0.0, 1.2),
        (5.0, 0.0, math.log(4)),  # the cap
    ],
)
def test_a_correction_follows_the_formula(offset: float, spread: float, expected: float) -> None:
    found = profile(spread=spread, sadness=offset).correction
    assert found.get("sadness", 0.0) == pytest.approx(expected)
    assert set(found) <= {"sadness"}


def test_the_logit_is_lowered_by_the_correction_and_nothing_else_changes_place() -> None:
    raw = np.array([0.3, 0.05, 0.05, 0.45, 0.05, 0.05, 0.03, 0.02], np.float32)
    corrected = profile(sadness=0.2).correct(raw)
    assert corrected.dtype == np.float32
    assert corrected.sum() == pytest.approx(1)
    ratio = corrected / raw
    assert np.log(ratio[index("sadness")] / ratio[0]) == pytest.approx(-1.2, abs=1e-5)
    others = [i for i in range(8) if i != index("sadness")]
    np.testing.assert_allclose(ratio[others], ratio[0], rtol=1e-5)


def test_a_face_that_is_sad_at_rest_is_read_as_neutral() -> None:
    """The reading that the profile was made from comes to 1 below neutral."""
    raw = np.array([0.4, 0.01, 0.01, 0.54, 0.01, 0.01, 0.01, 0.01], np.float32)
    made = profile(sadness=math.log(0.54 / 0.4))
    corrected = made.correct(raw)
    assert LABELS[corrected.argmax()] == NEUTRAL
    assert corrected[index("sadness")] / corrected[0] == pytest.approx(math.exp(-1), abs=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_no_profile_turns_off_an_expression_of_80_per_cent_or_raises_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = profile(spread=float(rng.uniform(0, 1)), **{label: float(rng.uniform(-8, 8)) for label in LABELS[1:]})
    for label in LABELS[1:]:
        corrected = made.correct(probs(label, 0.8))
        assert corrected[index(label)] >= 0.5 - 1e-6
        raw = rng.dirichlet(np.full(8, 0.5)).astype(np.float32)
        assert made.correct(raw)[0] >= raw[0] - 1e-6


def test_a_profile_without_a_correction_gives_the_same_array() -> None:
    raw = probs("fear")
    assert profile().correct(raw) is raw


def test_a_reading_is_the_mean_and_spread_of_the_logits() -> None:
    shares = np.array([[0.5, 0.25, 0.25], [0.8, 0.1, 0.1]], np.float32)
    reading = Reading.of(shares, ("neutral", "sadness", "fear"), 0.5, 80)
    first, second = math.log(0.5), math.log(1 / 8)
    assert reading.offsets == pytest.approx((0, (first + second) / 2, (first + second) / 2), abs=1e-4)
    assert reading.spreads == pytest.approx((0, (first - second) / 2, (first - second) / 2), abs=1e-4)
    assert (reading.frames, reading.seconds, reading.face_px) == (2, 0.5, 80)


def test_probabilities_of_zero_are_no_infinities() -> None:
    reading = Reading.of(np.array([[1, 0, 0]], np.float32), ("neutral", "sadness", "fear"), 0.5, 80)
    assert reading.offsets[1] == pytest.approx(math.log(1e-4), abs=1e-3)


def test_a_file_is_read_back_as_it_was() -> None:
    made = profile(sadness=0.5, spread=0.25)
    assert from_json(to_json(made), "anna") == made


def test_a_file_has_numbers_and_the_network_and_no_more() -> None:
    values = json.loads(to_json(profile()))
    assert set(values) == {
        "format", "name", "made", "model", "weights_sha256", "version", "settings", "frames", "seconds", "face_px",
        "offsets", "spreads",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"offsets": {"happiness": 0.0}},  # no neutral
        {"offsets": "none"},
        {"spreads": {}},
        {"spreads": dict.fromkeys(LABELS, -1.0)},
        {"offsets": dict.fromkeys(LABELS, "much")},
        {"settings": None},
        {"frames": None},
    ],
)
def test_an_edited_file_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(json.dumps(json.loads(to_json(profile())) | change), "anna")


def test_infinities_are_refused() -> None:
    text = to_json(profile(sadness=0.5)).replace("0.5", "Infinity")
    with pytest.raises(ValueError, match="not a number"):
        from_json(text, "anna")


@pytest.mark.parametrize("text", ["", "[]", "1", "{", '"anna"'])
def test_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(text, "anna")
