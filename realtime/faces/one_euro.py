"""Stabilizes boxes without lag: the One-Euro filter (Casiez, Roussel and Vogel, CHI 2012).

A low-pass filter whose cut-off rises with speed: the box of a still face stays still, that of a moving face follows it. Its two
constants, jitter and lag, can be tuned by eye, which is easier than for a Kalman filter.
"""

import math

import numpy as np
from numpy.typing import NDArray

CUTOFF_HZ = 1.0
"""Cut-off for a face at rest: Haar boxes jump by 1 to 3 % of their side from frame to frame."""

SPEED_GAIN = 6.0
"""Hz added per side length a second of speed, so that the box follows a moving face within about a frame."""

SPEED_CUTOFF_HZ = 1.0
"""Smoothing of the speed itself."""


def _weight(cutoff_hz: NDArray[np.float64] | float, step_s: float) -> NDArray[np.float32]:
    rate = 2 * math.pi * step_s * np.asarray(cutoff_hz)
    return np.asarray(rate / (rate + 1), dtype=np.float32)


class OneEuroBox:
    """Filters one square given as centre x, centre y, side: float32 (3,).

    Args:
        square: the first sighting.
        now: its time in seconds.
    """

    def __init__(self, square: NDArray[np.float32], now: float) -> None:
        self.square = square
        self.speed = np.zeros(3, np.float32)
        """Pixels a second of centre x, centre y and side."""
        self._time_s = now

    def update(self, square: NDArray[np.float32], now: float) -> NDArray[np.float32]:
        """Adds a sighting and returns the filtered square."""
        step_s = now - self._time_s
        if step_s <= 0:
            return self.square
        speed = (square - self.square) / np.float32(step_s)
        self.speed = self.speed + _weight(SPEED_CUTOFF_HZ, step_s) * (speed - self.speed)
        # speed in side lengths, so that near and far faces are filtered equally
        cutoff = CUTOFF_HZ + SPEED_GAIN * np.abs(self.speed) / max(float(self.square[2]), 1.0)
        self.square = self.square + _weight(cutoff, step_s) * (square - self.square)
        self._time_s = now
        return self.square

    def predict(self, now: float, most_s: float) -> NDArray[np.float32]:
        """The predicted square at `now`, at constant speed for at most `most_s`; its side does not change."""
        ahead = min(max(now - self._time_s, 0.0), most_s)
        predicted = self.square.copy()
        predicted[:2] += self.speed[:2] * np.float32(ahead)
        return predicted
