"""Measures a run: rolling frame rate and latency, and totals at its end."""

from array import array
from collections import deque
from collections.abc import Sequence

import numpy as np

from realtime.datatypes import FrameResult, Percentiles, Summary
from realtime.ending import End
from realtime.labels import UNCERTAIN

LONGEST_STEP_S = 1.0
"""Longer steps between two frames (pause, lost camera) do not count in the shares."""


def percentiles(seconds: Sequence[float]) -> Percentiles:
    """Median, p95 and p99 of durations in seconds, in milliseconds."""
    if not seconds:
        return Percentiles(0.0, 0.0, 0.0)
    p50, p95, p99 = (float(v) * 1000 for v in np.percentile(np.asarray(seconds), (50, 95, 99)))
    return Percentiles(p50, p95, p99)


class Meter:
    """Counts frames as they are finished.

    Args:
        labels: the expressions, in the order of the shares.
        window_s: length of the rolling window, seconds.
        fps: of a file, if known.
        temporal: False for unrelated images, which count equally in the shares.
    """

    def __init__(
        self, labels: tuple[str, ...], window_s: float = 2.0, *, fps: float | None = None, temporal: bool = True
    ) -> None:
        self._labels = labels
        self._temporal = temporal
        self._period_s = 1 / fps if fps else 0.0
        self._window_s = window_s
        self._recent: deque[tuple[float, float]] = deque()
        self._latencies = array("f")  # 4 bytes a frame, so a day of camera stays small
        self._labelled_s = dict.fromkeys(labels, 0.0)
        self._ids: set[int] = set()
        self._first: float | None = None
        self._last = 0.0
        self._last_time_s: float | None = None
        self._dropped = 0

    def add(self, result: FrameResult, now: float) -> None:
        """Counts one frame that was finished at `now` (time.perf_counter)."""
        self._first = result.frame.captured_at if self._first is None else self._first
        self._last = now
        self._latencies.append(result.latency_s)
        self._dropped = result.dropped
        self._recent.append((now, result.latency_s))
        while self._recent[0][0] < now - self._window_s:
            self._recent.popleft()
        weight = self._weight(result.frame.time_s)
        for face in result.faces:
            self._ids.add(face.id)
            if face.label != UNCERTAIN:
                self._labelled_s[face.label] += weight

    def _weight(self, time_s: float) -> float:
        """Weight of the frame at `time_s` in the shares: the seconds since the previous frame."""
        if not self._temporal:
            return 1.0
        step_s = self._period_s if self._last_time_s is None else time_s - self._last_time_s
        self._last_time_s = time_s
        return step_s if 0 < step_s <= max(LONGEST_STEP_S, 2 * self._period_s) else 0.0

    @property
    def fps(self) -> float:
        """Frames finished a second over the last `window_s`, on the wall clock; 0 before the second frame."""
        if len(self._recent) < 2:
            return 0.0
        span = self._recent[-1][0] - self._recent[0][0]
        return (len(self._recent) - 1) / span if span > 0 else 0.0

    @property
    def latency_ms(self) -> Percentiles:
        """Latency over the last `window_s`."""
        return percentiles([latency for _, latency in self._recent])

    def summary(self, end: End = End.COMPLETE, error: str | None = None) -> Summary:
        """Totals so far of a run that ends in this way."""
        frames = len(self._latencies)
        seconds = 0.0 if self._first is None else self._last - self._first
        labelled = sum(self._labelled_s.values())
        return Summary(
            frames=frames,
            faces=len(self._ids),
            seconds=seconds,
            fps=frames / seconds if seconds > 0 else 0.0,
            dropped=self._dropped,
            latency_ms=percentiles(self._latencies),
            labels=self._labels,
            share=tuple(s / labelled if labelled else 0.0 for s in self._labelled_s.values()),
            end=end,
            error=error,
        )
