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


# with a look ahead, as files are read


def read(
    ticks: list[int], *, may_jump: bool = False, order: list[int] | None = None, reorder: int = 0
) -> tuple[list[float], int]:
    """Media times, and how many timestamps were called wrong; `order` is that of the packets, by index."""
    clock = MediaClock(MS, 0.04, may_jump=may_jump, reorder=reorder)
    packets = list(range(len(ticks))) if order is None else order
    read = [
        clock.seconds(tick, lambda shown=i: [ticks[p] for p in packets if p > shown][: clock.horizon])
        for i, tick in enumerate(ticks)
    ]
    return read, clock.wrong


def steady(count: int, start_ms: int = 0) -> list[int]:
    return [start_ms + 40 * i for i in range(count)]


def with_wrong(ticks: list[int], wrong: dict[int, int]) -> list[int]:
    return [tick + wrong.get(i, 0) for i, tick in enumerate(ticks)]


SHIFTS_MS = (3_600_000, 5000, 400, -200, -2000, -3_600_000)
WRONG_FRAMES = ([50], [50, 51], [50, 52], [50, 51, 52, 53, 90], list(range(50, 150)), [1])
SHIFTED = [(frames, by_ms) for frames in WRONG_FRAMES for by_ms in SHIFTS_MS]
# a first frame that is early, and a last one that is late, look like a pause
SHIFTED += [([0], by_ms) for by_ms in SHIFTS_MS if by_ms > 0] + [([299], by_ms) for by_ms in SHIFTS_MS if by_ms < 0]


@pytest.mark.parametrize("may_jump", [True, False])
@pytest.mark.parametrize(("frames", "by_ms"), SHIFTED)
def test_wrong_timestamps_leave_every_other_frame_in_its_place(frames: list[int], may_jump: bool, by_ms: int) -> None:
    true = [tick / 1000 for tick in steady(300)]
    times, wrong = read(with_wrong(steady(300), dict.fromkeys(frames, by_ms)), may_jump=may_jump)
    off = [abs(a - b) for i, (a, b) in enumerate(zip(times, true, strict=True)) if i not in frames]
    assert max(off) < 0.005
    assert times == sorted(set(times))
    assert wrong == (0 if frames == [0] else len(frames))


def test_a_burst_of_unrelated_timestamps() -> None:
    wrong = {50 + i: shift for i, shift in enumerate([9_000, 3_600_000, -1500, 7_200_000, 64_000, -700])}
    times, count = read(with_wrong(steady(300), wrong))
    assert times == pytest.approx([tick / 1000 for tick in steady(300)], abs=0.005)
    assert count == len(wrong)


@pytest.mark.parametrize("start_ms", [0, 500_000, 7_200_000])
@pytest.mark.parametrize(
    "wrong",
    [{}, {20: 5000, 60: -2000}, {99: 3_600_000}, {98: 9000, 99: 5000}, {100: 3_600_000}, {101: -2000, 102: 8000}, {99: -2000}],
)
def test_wrong_timestamps_and_a_real_join(wrong: dict[int, int], start_ms: int) -> None:
    """Two recordings of 4 s, the second with a clock of its own."""
    ticks = with_wrong(steady(100, 40_000) + steady(150, start_ms), wrong)
    times, _ = read(ticks, may_jump=True)
    good = [i for i in range(250) if i not in wrong]
    assert [times[i] for i in good] == pytest.approx([i / 25 for i in good], abs=0.081)


def test_packets_out_of_order_hide_no_wrong_timestamp() -> None:
    """Every fourth frame first, as with B frames."""
    order = [p for start in range(0, 300, 4) for p in (start + 3, start, start + 2, start + 1)]
    ticks = with_wrong(steady(300), {101: 3_600_000, 150: -2000, 200: 5000, 201: 5000})
    times, wrong = read(ticks, order=order, reorder=4)
    assert times == pytest.approx([tick / 1000 for tick in steady(300)], abs=0.041)
    assert [i for i, time_s in enumerate(times) if abs(time_s - i / 25) > 0.005] in ([], [101], [101, 200, 201])
    assert wrong == 4


def test_pauses_and_varying_rates_are_believed() -> None:
    ticks = [*steady(50), *steady(50, 8000), *(20_000 + 700 * i for i in range(20)), *steady(50, 200_000)]
    times, wrong = read(ticks)
    assert times == [tick / 1000 for tick in ticks]
    assert wrong == 0


def test_a_leap_forward_is_a_join_in_a_broadcast_format_only() -> None:
    ticks = steady(50) + steady(50, 60_000)
    assert read(ticks)[0][50] == pytest.approx(60)
    assert read(ticks, may_jump=True)[0] == pytest.approx([tick / 1000 for tick in steady(100)])
    assert read(steady(50) + steady(50, 200 * 3600 * 1000))[0][-1] == pytest.approx(99 / 25)


def test_joins_of_every_length_follow_each_other() -> None:
    ticks = steady(100) + steady(40) + steady(200, 30) + steady(100)
    assert read(ticks, may_jump=True) == (pytest.approx([i / 25 for i in range(440)], abs=0.04), 0)
