"""Which frame rates can be true. Containers, drivers and streams state absurd ones; every use of a rate asks here."""

import math

MOST_FPS = 500.0
"""Frames a second that a source can have. What is above is the unit of its clock: 600, 1000, 90000, 1200000. The fastest files
of faces in use have 200, cameras for high-speed work 500."""

LEAST_FPS = 1 / 3600
"""One frame an hour: a slow time lapse."""


def plausible_fps(fps: float | None) -> float | None:
    """`fps` where it can be the frame rate of a real source, else None."""
    return fps if fps is not None and math.isfinite(fps) and LEAST_FPS <= fps <= MOST_FPS else None
