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
        self._first: float | None = None
        self._started: datetime | None = None

    def t(self, result: FrameResult) -> float | None:
        """Seconds, to the microsecond; None for pictures, which have no time."""
        frame = result.frame
        if not self._source.temporal:
            return None
        if frame.media_time is not None:
            return round(frame.media_time, 6)
        if self._first is None:
            self._first = frame.captured_at
            self._started = self._utc() - timedelta(seconds=self._clock() - frame.captured_at)
        return round(frame.captured_at - self._first, 6)

    @property
    def started(self) -> str | None:
        """Wall-clock time (UTC, ISO 8601) at which a live source's `t` is 0; None before its first frame and for files."""
        return None if self._started is None or not self._source.live else iso(self._started)

    def utc(self, t: float | None) -> str | None:
        """Wall-clock time of a row; None where `started` is None."""
        return None if self.started is None or self._started is None or t is None else iso(self._started + timedelta(seconds=t))


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
