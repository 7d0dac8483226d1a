"""Converts a container's timestamps to media time: seconds from the first frame, always rising."""

from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from statistics import median_high
from typing import TypeAlias

SMALLEST_STEP_S = 0.001
"""Step added if a timestamp does not rise; shorter than any real frame period."""

NEW_CLOCK_S = 1.0
"""A timestamp that goes back by more than this starts a new clock: joined recordings (shorter parts would lose their time), or
a counter that wrapped."""

JOIN_S = 10.0
LONGEST_PAUSE_S = 30 * 3600.0
"""A longer jump forward is a new clock too, in broadcast formats and in all others; shorter jumps are pauses. The thresholds
are those of the ffmpeg program (dts_delta_threshold, dts_error_threshold)."""

USUAL_STEPS = 3
"""A timestamp at most this many frame periods after the last one is accepted without reading ahead."""

HORIZON_S = 10.0
LEAST_AHEAD, MOST_AHEAD = 30, 600
"""How far to read ahead, in seconds and in packets: bursts of wrong timestamps shorter than half of it are recognised."""

TOLERANCE = 0.1
"""Relative deviation allowed for the frames since the last good timestamp."""


Ahead: TypeAlias = Callable[[], Sequence[int]]


class MediaClock:
    """Converts the timestamps of successive frames to media time.

    A timestamp outside the sequence is wrong if the sequence continues without it: that frame gets the expected time. If the
    sequence continues from it, it is a pause, or the start of another joined recording.

    Args:
        time_base: seconds of one tick.
        period_s: nominal time between two frames, used if a timestamp is missing.
        may_jump: a jump forward may be a new clock, not a pause (broadcast formats).
        reorder: by how many frames the packets may be out of order.
    """

    def __init__(self, time_base: Fraction, period_s: float, *, may_jump: bool = False, reorder: int = 0) -> None:
        self.wrong = 0
        """Number of wrong timestamps so far."""
        self._time_base = time_base
        self._period_s = period_s
        self._longest_pause_s = JOIN_S if may_jump else LONGEST_PAUSE_S
        self._reorder = reorder
        self._origin_s = 0.0
        self._stamp_s: float | None = None  # the last accepted one
        self._since = 0  # frames after it
        self._first = True
        self._last_s: float | None = None
        self._steps: deque[float] = deque(maxlen=31)

    @property
    def horizon(self) -> int:
        """How many packets to read ahead."""
        return min(max(LEAST_AHEAD, round(HORIZON_S / self._usual_s())), MOST_AHEAD)

    def seconds(self, ticks: int | None, ahead: Ahead | None = None) -> float:
        """Media time of the next frame in presentation order.

        Args:
            ticks: its timestamp; None if it has none.
            ahead: returns the timestamps of the next frames, in packet order; called only in doubt. None for a live source,
                where they are unknown.
        """
        due_s = 0.0 if self._last_s is None else self._last_s + self._period_s
        if ticks is None:
            self._since += 1
            time_s = due_s
        else:
            time_s = self._stamped(float(ticks * self._time_base), due_s, ahead)
        self._last_s = time_s if self._last_s is None else max(time_s, self._last_s + SMALLEST_STEP_S)
        return self._last_s

    def _stamped(self, stamp_s: float, due_s: float, ahead: Ahead | None) -> float:
        last_s, first = self._stamp_s, self._first
        if last_s is None:
            return self._start(stamp_s, due_s)
        step_s = stamp_s - last_s
        if not self._is_usual(step_s):
            estimate_s = None if ahead is None else self._estimate(stamp_s, last_s, self._stamps(ahead()), due_s)
            if estimate_s is not None:
                self.wrong += 1
                self._since += 1
                return estimate_s
            # a first frame later than the second has no clock of its own
            if step_s > self._longest_pause_s or step_s < (0.0 if first else -NEW_CLOCK_S):
                return self._start(stamp_s, due_s)
            if step_s <= 0:
                return due_s - self._period_s  # moved on by the smallest step
        self._steps.append(step_s / (1 + self._since))
        self._stamp_s, self._since, self._first = stamp_s, 0, False
        return stamp_s - self._origin_s

    def _start(self, stamp_s: float, due_s: float) -> float:
        """Starts a clock that reads `due_s` at this timestamp."""
        self._first = self._stamp_s is None
        self._origin_s, self._stamp_s, self._since = stamp_s - due_s, stamp_s, 0
        return due_s

    def _stamps(self, ticks: Sequence[int]) -> list[float]:
        return [float(tick * self._time_base) for tick in ticks]

    def _is_usual(self, step_s: float) -> bool:
        """Whether a step from the last good timestamp fits the number of frames since then."""
        usual_s = self._usual_s()
        if self._since == 0:
            return 0 < step_s <= USUAL_STEPS * usual_s
        return step_s > 0 and abs(step_s - (1 + self._since) * usual_s) <= usual_s

    def _usual_s(self) -> float:
        """Recent seconds between two frames."""
        return median_high(self._steps) if len(self._steps) >= 5 else self._period_s

    def _estimate(self, stamp_s: float, last_s: float, coming: list[float], due_s: float) -> float | None:
        """The frame's time if its timestamp is wrong, else None."""
        usual_s = self._usual_s()
        gap_s = (self._reorder + 1.5) * usual_s
        leap_s = stamp_s - last_s
        before_s = due_s - self._period_s
        front_s: float = stamp_s
        first_break: tuple[int, float] | None = None
        for index, next_s in enumerate(coming):
            leaves = abs(next_s - front_s) > gap_s
            # a frame shown later with an earlier stamp contradicts a jump forward
            if next_s > last_s and (leaves or (leap_s > 0 and next_s < stamp_s)):
                frames = self._since + index + 2
                if (
                    abs(next_s - last_s - frames * usual_s) <= gap_s + TOLERANCE * frames * usual_s
                ):  # the sequence continues without it
                    share_s = max(0.0, next_s - self._origin_s - before_s) / (index + 2)
                    return before_s + min(share_s, usual_s)
            if leaves and first_break is None:
                first_break = index, next_s - front_s
                if leap_s <= 0 and next_s > last_s and index * usual_s < HORIZON_S / 2:
                    return due_s  # back for a moment only
            front_s = next_s if leaves else max(front_s, next_s)
        if not coming:  # no frame follows to confirm a last timestamp before the others
            return due_s if leap_s < 0 else None
        if NEW_CLOCK_S < leap_s <= self._longest_pause_s and first_break is not None:
            index, then_s = first_break  # a jump to a clock that ends at once
            if index * usual_s < HORIZON_S / 2 and not -NEW_CLOCK_S <= then_s <= self._longest_pause_s:
                return due_s
        if leap_s > NEW_CLOCK_S and 2 * sum(next_s < stamp_s for next_s in coming) > len(coming):
            return due_s
        return None
