"""Media time: true where the file is right, rising where it is not."""

from fractions import Fraction

import pytest

from realtime.sources.timestamps import NEW_CLOCK_S, SMALLEST_STEP_S, MediaClock

MS = Fraction(1, 1000)


def times(*ticks: int | None) -> list[float]:
    clock = MediaClock(MS, 0.04)
    return [clock.seconds(tick) for tick in ticks]


def test_time_is_counted_from_the_first_frame_and_rates_may_vary() -> None:
    assert times(1480, 1500, 1900, 1901) == pytest.approx([0, 0.02, 0.42, 0.421])


def test_a_missing_timestamp_is_the_nominal_period_later() -> None:
    assert times(0, None, 100) == pytest.approx([0, 0.04, 0.1])


def test_no_timestamps_at_all() -> None:
    assert times(None, None, None) == pytest.approx([0, 0.04, 0.08])


def test_the_first_timestamp_after_missing_ones_goes_on_from_them() -> None:
    assert times(None, 7000, 7040) == pytest.approx([0, 0.04, 0.08])


def test_a_frame_that_goes_back_is_moved_on_and_the_next_is_true_again() -> None:
    assert times(0, 8000, 7500, 8040) == pytest.approx([0, 8, 8 + SMALLEST_STEP_S, 8.04])


def test_equal_timestamps_rise() -> None:
    assert times(0, 40, 40, 40) == pytest.approx([0, 0.04, 0.04 + SMALLEST_STEP_S, 0.04 + 2 * SMALLEST_STEP_S])


def test_a_far_jump_back_is_a_new_clock() -> None:
    far = round(1000 * (NEW_CLOCK_S + 1))
    assert times(0, far, 0, 40) == pytest.approx([0, far / 1000, far / 1000 + 0.04, far / 1000 + 0.08])


def test_joined_parts_follow_each_other() -> None:
    part = [0, 40, 80] + [1000 * i for i in range(1, 4)]
    assert times(*part, *part) == pytest.approx([0, 0.04, 0.08, 1, 2, 3, 3.04, 3.08, 3.12, 4.04, 5.04, 6.04])


def test_a_pause_in_the_recording_is_kept() -> None:
    assert times(0, 60_000) == pytest.approx([0, 60])
