"""The difference between a browser's clock and ours, from pings."""

import math


class BrowserClock:
    """Estimates the difference of two clocks.

    A ping says when it was sent, by the browser's clock, and optionally the round trip of the ping before. The ping with the
    shortest round trip counts; half of that is its transit time. Without round trips the fastest ping counts, which is off by
    its transit time.
    """

    def __init__(self) -> None:
        self._one_way_s = math.inf
        self._last_s: float | None = None
        self._best: tuple[float, float] | None = None

    @property
    def known(self) -> bool:
        """Whether there was a ping."""
        return self._last_s is not None

    @property
    def offset_s(self) -> float:
        """Our clock minus the browser's, seconds; meaningful if `known`."""
        return self._one_way_s if self._best is None else self._best[1]

    def ping(self, sent_s: float, received_s: float, last_round_trip_s: float | None) -> None:
        """Takes a ping.

        Args:
            sent_s: seconds of the browser's clock.
            received_s: seconds of ours.
            last_round_trip_s: of the ping before, if the browser says it.
        """
        if last_round_trip_s is not None and self._last_s is not None:
            sample = (last_round_trip_s, self._last_s - last_round_trip_s / 2)
            self._best = sample if self._best is None else min(self._best, sample)
        self._last_s = received_s - sent_s
        self._one_way_s = min(self._one_way_s, self._last_s)

    def frame(self, captured_s: float, received_s: float) -> float:
        """The difference to use for a frame; without any ping, it counts as captured when it arrived."""
        return self.offset_s if self.known else received_s - captured_s
