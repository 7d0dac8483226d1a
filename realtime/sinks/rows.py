"""What the data outputs share: the time of a frame, and numbers rounded without breaking their sums."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult, RunInfo

UNITS = 10_000
"""Probabilities are written with four decimals."""


class Timeline:
    """The time `t` of rows: media time of files, seconds since the first frame of live sources, nothing for pictures.

    Args:
        run: whose frames come.
        clock: the clock of `Frame.captured_at`.
        utc: wall-clock time.
    """

    def __init__(
        self,
        run: RunInfo,
        clock: Callable[[], float] = time.perf_counter,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = run.source
        self._clock = clock
        self._utc = utc
        self._first_s: float | None = None
        self._first_utc: datetime | None = None

    def t(self, result: FrameResult) -> float | None:
        """Seconds, to the microsecond; None for pictures, which have no time."""
        frame = result.frame
        if self._first_s is None:
            self._first_s = frame.captured_at
            self._first_utc = self._utc() - timedelta(seconds=self._clock() - frame.captured_at)
        if not self._source.temporal:
            return None
        return round(frame.captured_at - self._first_s if frame.media_time is None else frame.media_time, 6)

    @property
    def first_monotonic_s(self) -> float | None:
        """When the first frame was captured (of a file: decoded), in seconds of the program's clock; None before it."""
        return None if self._first_s is None else round(self._first_s, 6)

    @property
    def first_utc(self) -> str | None:
        """The same moment as wall-clock time (UTC, ISO 8601)."""
        return None if self._first_utc is None else iso(self._first_utc)

    @property
    def started(self) -> str | None:
        """Wall-clock time (UTC, ISO 8601) at which a live source's `t` is 0; None before its first frame and for files."""
        return self.first_utc if self._source.live else None

    def utc(self, t: float | None) -> str | None:
        """Wall-clock time of a row; None where `started` is None."""
        if not self._source.live or self._first_utc is None or t is None:
            return None
        return iso(self._first_utc + timedelta(seconds=t))


def iso(moment: datetime) -> str:
    """UTC with microseconds: 2026-01-31T12:00:00.000000Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def rounded(probs: NDArray[np.float32] | tuple[float, ...]) -> list[float]:
    """Four decimals whose sum is that of `probs`, so that eight rounded numbers still make 1 (largest remainders go up)."""
    units = np.asarray(probs, np.float64) * UNITS
    whole = np.floor(units)
    missing = round(float(units.sum() - whole.sum()))
    whole[np.argsort(whole - units, kind="stable")[:missing]] += 1
    return [int(u) / UNITS for u in whole]


def xywh(box_xyxy: NDArray[np.float32]) -> list[float]:
    """A box as x, y, width, height with one decimal."""
    x1, y1, x2, y2 = (float(v) for v in box_xyxy)
    return [round(v, 1) for v in (x1, y1, x2 - x1, y2 - y1)]
