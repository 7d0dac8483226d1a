"""From a container's timestamps to media time: seconds from the first frame, always rising."""

from fractions import Fraction

SMALLEST_STEP_S = 0.001
"""What a frame is moved on by when its timestamp does not rise; shorter than any frame of a real camera lasts."""

NEW_CLOCK_S = 1.0
"""A timestamp that falls back further than this starts a new clock: recordings that were joined (parts shorter than that would
lose their time), or a counter that wrapped."""


class MediaClock:
    """Turns the timestamps of successive frames into media time.

    Args:
        time_base: seconds of one tick.
        period_s: nominal time between two frames, used where a timestamp is missing.
    """

    def __init__(self, time_base: Fraction, period_s: float) -> None:
        self._time_base = time_base
        self._period_s = period_s
        self._origin_s: float | None = None
        self._last_s: float | None = None

    def seconds(self, ticks: int | None) -> float:
        """Media time of the next frame in presentation order; `ticks` is its timestamp, None if it carries none."""
        due_s = 0.0 if self._last_s is None else self._last_s + self._period_s
        stamp_s = None if ticks is None else float(ticks * self._time_base)
        if stamp_s is None:
            time_s = due_s
        elif self._origin_s is None:
            time_s = due_s
            self._origin_s = stamp_s - due_s
        else:
            time_s = stamp_s - self._origin_s
        if self._last_s is not None and time_s <= self._last_s:
            if stamp_s is not None and time_s < self._last_s - NEW_CLOCK_S:
                time_s = due_s
                self._origin_s = stamp_s - due_s
            else:
                time_s = self._last_s + SMALLEST_STEP_S
        self._last_s = time_s
        return time_s
