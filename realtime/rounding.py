"""Rounds numbers and formats times for output."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

UNITS = 10_000
"""Probabilities are written with four decimals."""


def iso(moment: datetime) -> str:
    """UTC with microseconds: 2026-01-31T12:00:00.000000Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def rounded(probs: NDArray[np.float32] | tuple[float, ...]) -> tuple[float, ...]:
    """Rounds to four decimals and keeps the sum, so that probabilities still sum to 1 (largest-remainder method)."""
    units = np.asarray(probs, np.float64) * UNITS
    whole = np.floor(units)
    missing = round(float(units.sum() - whole.sum()))
    whole[np.argsort(whole - units, kind="stable")[:missing]] += 1
    return tuple(int(u) / UNITS for u in whole)


def xywh(box_xyxy: NDArray[np.float32]) -> tuple[float, ...]:
    """A box as left, top, width, height with one decimal."""
    x1, y1, x2, y2 = (float(v) for v in box_xyxy)
    return tuple(round(v, 1) for v in (x1, y1, x2 - x1, y2 - y1))
