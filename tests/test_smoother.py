import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.labels import LABELS, UNCERTAIN
from realtime.smoother import MARGIN, MIN_QUALITY, SLACK, Smoother

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
    opinion = smoother.update(1, probs(happiness=0.9), 1.0, now=5.0)
    assert (opinion.label, opinion.confidence) == ("happiness", pytest.approx(0.9))
    np.testing.assert_array_equal(opinion.probs, probs(happiness=0.9))


@pytest.mark.parametrize("fps", [5, 30, 120])
def test_a_step_is_two_thirds_done_after_the_time_constant(smoother: Smoother, fps: int) -> None:
    """Whatever the frame rate."""
    smoother.update(1, probs(neutral=1.0), 1.0, now=0.0)
    frames = round(1.4 * fps)
    for i in range(1, frames + 1):
        opinion = smoother.update(1, probs(anger=1.0), 1.0, now=TAU * i / frames)
    assert opinion.probs[LABELS.index("anger")] == pytest.approx(1 - np.exp(-1), abs=1e-3)
    assert opinion.probs.sum() == pytest.approx(1, abs=1e-5)


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


def test_uncertain_below_the_threshold_with_slack() -> None:
    plain = Smoother(LABELS, threshold=0.4, time_constant_s=0.0)
    assert plain.update(1, probs(fear=0.39), 1.0, now=0.0).label == UNCERTAIN
    assert plain.update(1, probs(fear=0.41), 1.0, now=0.1).label == "fear"
    assert plain.update(1, probs(fear=0.4 - SLACK + 0.01), 1.0, now=0.2).label == "fear"
    assert plain.update(1, probs(fear=0.4 - SLACK - 0.01), 1.0, now=0.3).label == UNCERTAIN


def test_a_bad_picture_is_not_believed(smoother: Smoother) -> None:
    assert smoother.update(1, probs(anger=0.99), MIN_QUALITY - 0.01, now=0.0).label == UNCERTAIN
    assert smoother.update(1, probs(anger=0.99), MIN_QUALITY, now=0.1).label == "anger"


def test_faces_do_not_mix(smoother: Smoother) -> None:
    smoother.update(1, probs(happiness=0.9), 1.0, now=0.0)
    smoother.update(2, probs(sadness=0.9), 1.0, now=0.0)
    assert smoother.opinion(1).label == "happiness"
    assert smoother.opinion(2).label == "sadness"


def test_the_opinion_is_kept_while_a_face_is_missed_and_forgotten_in_time(smoother: Smoother) -> None:
    smoother.update(1, probs(happiness=0.9), 1.0, now=0.0)
    smoother.update(2, probs(anger=0.9), 1.0, now=3.0)
    smoother.forget_before(2.0)
    assert smoother.opinion(2).label == "anger"
    with pytest.raises(KeyError):
        smoother.opinion(1)
