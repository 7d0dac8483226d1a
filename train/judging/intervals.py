"""Shares with their 95 % confidence intervals."""

import math
from dataclasses import dataclass

Z95 = 1.959964
"""Two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval of a share."""

    low: float
    high: float


@dataclass(frozen=True)
class Share:
    """`count` of `n`."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """0 to 1; nan where n is 0."""
        return self.count / self.n if self.n else math.nan

    @property
    def interval(self) -> Interval | None:
        """Wilson's; None where n is 0."""
        return wilson(self.count, self.n) if self.n else None

    def to_json(self) -> dict[str, float | int | None]:
        """count, n, share and the ends of the interval, null where n is 0."""
        interval = self.interval
        if interval is None:
            return {"count": self.count, "n": self.n, "share": None, "low": None, "high": None}
        return {"count": self.count, "n": self.n, "share": self.value, "low": interval.low, "high": interval.high}


def wilson(right: float, n: int) -> Interval:
    """Wilson's 95 % score interval of a share of n (Wilson, 1927)."""
    share, z2 = right / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # exact at the ends, where rounding would leave a trace
    return Interval(middle - half if share > 0 else 0.0, middle + half if share < 1 else 1.0)
