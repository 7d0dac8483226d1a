"""Keeps a camera's latency at its target on slow machines, by reducing work in a fixed order."""

from collections import deque

import numpy as np

from realtime.datatypes import FULL_EFFORT, Effort, SourceInfo

USUAL_FPS = 30.0
"""Frame rate of a camera that does not report one."""

EFFORTS = (
    FULL_EFFORT,
    Effort("fewer scans", pause=3.0),
    Effort("coarser scans", pause=3.0, min_face=1.5),
    Effort("every second face", pause=3.0, min_face=1.5, readings=0.5),
    Effort("every fourth face", pause=5.0, min_face=2.0, readings=0.25),
)
"""The steps: how often new faces are searched, how small they may be, how often each is classified."""

PATIENCE_S = 1.0
"""How long the target must be missed before work is reduced, and how long each step has to take effect."""

SHARE = 0.9
"""Share of the frames that must meet the target."""

RELAXED = 0.6
RECOVER_S = 3.0
LONGEST_RECOVER_S = 60.0
"""Work increases again when the latency has been below this share of the target for this long. The time doubles whenever the
increase was too much, so that the effort does not oscillate."""


class Governor:
    """Chooses the effort by the latency.

    Args:
        target_s: target latency, seconds.
    """

    def __init__(self, target_s: float) -> None:
        self._target_s = target_s
        self._level = 0
        self._recent: deque[tuple[float, float]] = deque()
        self._changed_s: float | None = None
        self._recovered_s: float | None = None
        self._recover_s = RECOVER_S

    @classmethod
    def of(cls, source: SourceInfo, target_latency_ms: float = 0.0) -> "Governor | None":
        """A governor for a live source, by default with the frame period as its target; None for files."""
        return cls(target_latency_ms / 1000 or 1 / (source.fps or USUAL_FPS)) if source.live else None

    @property
    def effort(self) -> Effort:
        """The effort for the next frame."""
        return EFFORTS[self._level]

    def update(self, latency_s: float, now: float) -> Effort:
        """Adds a frame's latency at `now` (seconds) and returns the effort for the next frame."""
        if self._changed_s is None:
            self._changed_s = now  # the first frames load and warm up
        self._recent.append((now, latency_s))
        while self._recent[0][0] < now - max(PATIENCE_S, self._recover_s):
            self._recent.popleft()
        if now - self._changed_s >= PATIENCE_S and self._level < len(EFFORTS) - 1 and self._misses(now):
            if self._recovered_s is not None and now - self._recovered_s < 2 * self._recover_s:
                self._recover_s = min(2 * self._recover_s, LONGEST_RECOVER_S)
            self._step(+1, now)
        elif now - self._changed_s >= self._recover_s and self._level > 0 and self._has_room(now):
            self._step(-1, now)
            self._recovered_s = now
        return self.effort

    def _step(self, by: int, now: float) -> None:
        self._level += by
        self._changed_s = now
        self._recent.clear()

    def _misses(self, now: float) -> bool:
        lately = [latency for at, latency in self._recent if at >= now - PATIENCE_S]
        return float(np.quantile(lately, SHARE)) > self._target_s

    def _has_room(self, now: float) -> bool:
        lately = [latency for at, latency in self._recent if at >= now - self._recover_s]
        return float(np.quantile(lately, SHARE)) < RELAXED * self._target_s
