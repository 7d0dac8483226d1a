"""The clocks: frames are stamped with `time.perf_counter`, which Lab Streaming Layer reads too on Linux."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from realtime.checkup.check import Check, Value

SAME_S = 0.001
"""Clocks that agree within so much are one clock: markers and frames need no conversion."""

STEP_S = 0.05
"""The wall clock against the steady one during the checks; correcting a computer's clock moves it by far less."""


@dataclass(frozen=True)
class Reading:
    """Three clocks at one moment, seconds."""

    perf_counter: float
    monotonic: float
    wall: float


def read(
    perf_counter: Callable[[], float] = time.perf_counter,
    monotonic: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
) -> Reading:
    """Reads the clocks; of several readings the one that took least, so that a pause between them does no harm."""
    best, best_s = Reading(0, 0, 0), float("inf")
    for _ in range(5):
        before, reading = perf_counter(), (monotonic(), wall())
        after = perf_counter()
        if after - before < best_s:
            best, best_s = Reading((before + after) / 2, *reading), after - before
    return best


def checks(before: Reading, now: Callable[[], Reading] = read) -> Iterator[Check]:
    """Since `before`, which should be some seconds ago."""
    after = now()
    yield frame_clock(before, after)
    yield wall_clock(before, after)


def frame_clock(before: Reading, after: Reading) -> Check:
    """Whether the clock of the frames runs like the system's steady clock, and whether it is the same one."""
    drift_s = (after.perf_counter - before.perf_counter) - (after.monotonic - before.monotonic)
    offset_s = after.perf_counter - after.monotonic
    values: dict[str, Value] = {"offset_s": round(offset_s, 6), "drift_s": round(drift_s, 6)}
    if abs(drift_s) > SAME_S:
        return Check.warning(
            "clock",
            f"perf_counter and monotonic drift: {1000 * drift_s:+.1f} ms in {after.monotonic - before.monotonic:.0f} s",
            "do not mix fer-cam's times with those of other programs; on a virtual machine, choose another clock source",
            values,
        )
    if abs(offset_s) > SAME_S:
        return Check.ok("clock", f"steady; perf_counter is {offset_s:+.3f} s from monotonic", values)
    return Check.ok("clock", f"steady; perf_counter is the monotonic clock (within {_micros(offset_s)})", values)


def wall_clock(before: Reading, after: Reading) -> Check:
    """Whether the time of day was set while the checks ran. Frames do not depend on it; names and dates of files do."""
    passed_s = after.monotonic - before.monotonic
    step_s = (after.wall - before.wall) - passed_s
    values: dict[str, Value] = {"step_s": round(step_s, 6), "seconds": round(passed_s, 3)}
    if abs(step_s) > STEP_S:
        return Check.warning(
            "wall clock",
            f"stepped by {1000 * step_s:+.0f} ms within {passed_s:.0f} s",
            "wait until the computer has set its time; frame times are not affected",
            values,
        )
    return Check.ok("wall clock", f"no step within {passed_s:.0f} s", values)


def _micros(seconds: float) -> str:
    return f"{max(1, round(1e6 * abs(seconds)))} us"
