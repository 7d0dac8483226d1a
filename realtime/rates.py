"""Checks frame rates: containers, drivers and streams often report absurd ones."""

import math

MOST_FPS = 500.0
"""Highest plausible frames a second. Higher values are clock units: 600, 1000, 90000, 1200000. The fastest videos of faces in
use have 200, high-speed cameras 500."""

LEAST_FPS = 1 / 3600
"""One frame an hour: a slow time lapse."""


def plausible_fps(fps: float | None) -> float | None:
    """`fps` if it is plausible for a real source, else None."""
    return fps if fps is not None and math.isfinite(fps) and LEAST_FPS <= fps <= MOST_FPS else None
