import math

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.faces.smoother import MARGIN, MIN_QUALITY, RETURN_S, SLACK, Smoother
from realtime.labels import LABELS, UNCERTAIN

TAU = 0.35


def probs(**likely: float) -> NDArray[np.float32]:
    """Given probabilities; the rest goes to the other expressions in equal parts."""
    values = np.full(len(LABELS), (1 - sum(likely.values())) / (len(LABELS) - len(likely)), np.float32)
    for label, value in likely.items():
        values[LABELS.index(label)] = value
    return values


@pytest.fixture
def smoother() -> Smoother:
    return Smoother(LABELS, threshold=0.4, time_constant_s=TAU)


def test_the_first_sight_counts_fully(smoother: Smoother) -> None:
    estimate = smoother.update(1, probs(happiness=0.9), 1.0, now=5.0)
    assert (estimate.label, estimate.confidence) == ("happiness", pytest.approx(0.9))
    np.testing.assert_array_equal(estimate.probs, probs(happiness=0.9))


@pytest.mark.parametrize("fps", [5, 30, 120])
def test_a_step_is_two_thirds_done_after_the_time_constant(smoother: Smoother, fps: int) -> None:
    """Whatever the frame rate."""
    smoother.update(1, probs(neutral=1.0), 1.0, now=0.0)
    frames = round(1.4 * fps)
    for i in range(1, frames + 1):
        estimate = smoother.update(1, probs(anger=1.0), 1.0, now=TAU * i / frames)
    assert estimate.probs[LABELS.index("anger")] == pytest.approx(1 - np.exp(-1), abs=1e-3)
    assert estimate.probs.sum() == pytest.approx(1, abs=1e-5)


def test_a_single_odd_frame_does_not_flicker(smoother: Smoother) -> None:
    labels = []
    for i in range(60):
        odd = i % 10 == 5
        raw = probs(sadness=0.9) if odd else probs(neutral=0.7)
        labels.append(smoother.update(1, raw, 1.0, now=i / 30).label)
    assert set(labels) == {"neutral"}


def test_a_label_is_taken_over_only_with_a_margin() -> None:
    plain = Smoother(LABELS, threshold=0.3, time_constant_s=0.0)
    plain.update(1, probs(neutral=0.6), 1.0, now=0.0)
    close = probs(neutral=0.40, sadness=0.40 + MARGIN - 0.02)
    clear = probs(neutral=0.40, sadness=0.40 + MARGIN + 0.02)
    assert plain.update(1, close, 1.0, now=0.1).label == "neutral"
    assert plain.update(1, clear, 1.0, now=0.2).label == "sadness"


def test_no_label_below_the_threshold_and_one_again_a_little_above_it() -> None:
    plain = Smoother(LABELS, threshold=0.4, time_constant_s=0.0)
    labels = [
        plain.update(1, probs(fear=value), 1.0, now=i / 10).label
        for i, value in enumerate((0.41, 0.40, 0.39, 0.4 + SLACK - 0.01, 0.4 + SLACK + 0.01, 0.41))
    ]
    assert labels == ["fear", "fear", UNCERTAIN, UNCERTAIN, "fear", "fear"]


@pytest.mark.parametrize("fps", [5, 30, 120])
def test_a_face_just_above_the_threshold_does_not_stay_uncertain(fps: int) -> None:
    plain = Smoother(LABELS, threshold=0.4, time_constant_s=0.0)
    plain.update(1, probs(fear=0.39), 1.0, now=0.0)
    labels = [plain.update(1, probs(fear=0.41), 1.0, now=1 + i / fps).label for i in range(2 * fps)]
    waited = math.ceil(RETURN_S * fps)
    assert labels == [UNCERTAIN] * waited + ["fear"] * (2 * fps - waited)


def test_around_the_threshold_a_label_does_not_flicker() -> None:
    plain = Smoother(LABELS, threshold=0.4, time_constant_s=0.0)
    plain.update(1, probs(fear=0.39), 1.0, now=0.0)
    swinging = (0.41 if i % 10 else 0.39 for i in range(300))
    assert {plain.update(1, probs(fear=p), 1.0, now=1 + i / 30).label for i, p in enumerate(swinging)} == {UNCERTAIN}


def test_the_wait_is_that_of_one_expression() -> None:
    plain = Smoother(LABELS, threshold=0.4, time_constant_s=0.0)
    plain.update(1, probs(fear=0.39), 1.0, now=0.0)
    turns = [probs(fear=0.41), probs(anger=0.41)]
    labels = [plain.update(1, turns[i % 2], 1.0, now=1 + 0.3 * i).label for i in range(10)]
    assert set(labels) == {UNCERTAIN}


def test_a_first_reading_needs_the_threshold_alone() -> None:
    plain = Smoother(LABELS, threshold=0.4, time_constant_s=0.0)
    assert plain.update(1, probs(fear=0.41), 1.0, now=0.0).label == "fear"
    assert plain.update(2, probs(fear=0.39), 1.0, now=0.0).label == UNCERTAIN


def test_confidence_is_that_of_the_label_that_is_shown() -> None:
    plain = Smoother(LABELS, threshold=0.3, time_constant_s=0.0)
    plain.update(1, probs(neutral=0.6), 1.0, now=0.0)
    held = plain.update(1, probs(neutral=0.40, sadness=0.45), 1.0, now=0.1)
    assert (held.label, held.confidence) == ("neutral", pytest.approx(0.40))
    nothing = plain.update(1, probs(neutral=0.2, sadness=0.25), 1.0, now=0.2)
    assert (nothing.label, nothing.confidence) == (UNCERTAIN, None)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_comes_no_label_is_shown_below_the_threshold_or_with_another_ones_probability(seed: int) -> None:
    rng = np.random.default_rng(seed)
    smoother = Smoother(LABELS, threshold=0.5, time_constant_s=TAU)
    for i in range(600):
        raw = rng.dirichlet(np.full(8, 0.4)).astype(np.float32)
        estimate = smoother.update(1, raw, 1.0, now=i / 30)
        if estimate.label == UNCERTAIN:
            assert estimate.confidence is None
            assert estimate.reason is not None
        else:
            assert estimate.confidence == estimate.probs[LABELS.index(estimate.label)]
            assert estimate.confidence >= 0.5
            assert estimate.reason is None


def test_the_reason_is_the_fault_or_the_two_likeliest_labels() -> None:
    plain = Smoother(LABELS, threshold=0.5, time_constant_s=0.0)
    unclear = probs(neutral=0.35, sadness=0.4)
    assert plain.update(1, unclear, 1.0, now=0.0).reason == "between sadness and neutral"
    assert plain.update(1, unclear, 0.1, now=0.1, fault="dark").reason == "dark"
    assert plain.update(1, probs(anger=0.9), 0.4, now=0.2, fault="small").reason == "small"
    assert plain.update(1, probs(anger=0.9), 1.0, now=0.3).reason is None


def test_a_bad_image_is_not_believed(smoother: Smoother) -> None:
    assert smoother.update(1, probs(anger=0.99), MIN_QUALITY - 0.01, now=0.0).label == UNCERTAIN
    assert smoother.update(1, probs(anger=0.99), MIN_QUALITY, now=0.1).label == "anger"


def test_faces_do_not_mix(smoother: Smoother) -> None:
    smoother.update(1, probs(happiness=0.9), 1.0, now=0.0)
    smoother.update(2, probs(sadness=0.9), 1.0, now=0.0)
    assert smoother.estimate(1).label == "happiness"
    assert smoother.estimate(2).label == "sadness"


def test_the_estimate_is_kept_while_a_face_is_missed_and_forgotten_in_time(smoother: Smoother) -> None:
    smoother.update(1, probs(happiness=0.9), 1.0, now=0.0)
    smoother.update(2, probs(anger=0.9), 1.0, now=3.0)
    smoother.forget_before(2.0)
    assert smoother.estimate(2).label == "anger"
    with pytest.raises(KeyError):
        smoother.estimate(1)
