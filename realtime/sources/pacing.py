"""A jitter buffer: live frames that arrive in bursts, such as the segments of HLS, are given on at their own rate."""

import math
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from realtime.datatypes import Frame

MOST_DELAY_S = 6.0
"""The delay grows by this much at most, which is as long as one of Apple's recommended segments; after a longer gap frames are
dropped until the delay is below it again."""

JUMP_S = 10.0
"""A step of media time longer than this is no time in which nothing was sent, but another clock."""

LOW_S = 600.0
"""How long the smallest delay of the network is remembered; two machines' clocks part by a tenth of a second meanwhile."""

DRAIN = 0.05
"""Where frames have waited without need, they are given on faster by this share until the wait is gone."""

CALM_S = 5.0
LONGEST_CALM_S = 320.0
"""So long no frame may have been late before that is tried; twice as long every time it made one late."""

AHEAD_BYTES = 24_000_000
MOST_AHEAD = 8
"""Decoded frames that wait at most; what is behind them waits in the network. They bridge the opening of the next segment."""

PUT_S = 0.1
"""How often a thread that waits for a place looks whether it is to end."""

END_S = 1.0
"""How long a closed buffer's thread may take to end; it is a daemon, and left behind after that."""

Wait = Callable[[threading.Event, float], bool]
"""Waits for the event, at most so many seconds; True if it is set. threading.Event.wait, or a test's own."""


class Pacer:
    """Says when each frame of a live source is to be given on: at its media time, plus a delay that is as small as it can be.

    The delay grows when a frame arrives later than it is due, since the next burst may be as late. It shrinks slowly while
    none is late. Frames that arrive evenly are due when they arrive.
    """

    def __init__(self) -> None:
        self._base_s: float | None = None
        self._last_media_s = -math.inf
        self._last_due = -math.inf
        self._last_at = 0.0
        self._late_at = 0.0
        self._calm_s = CALM_S
        self._drained = False
        self._lows = [math.inf, math.inf]
        self._low_since = -math.inf

    def due(self, media_s: float, arrived_at: float) -> float:
        """When the next frame is to be given on, on the clock of `arrived_at`; never before it has arrived."""
        # a new connection begins at 0 again
        if self._base_s is None or not 0 <= media_s - self._last_media_s <= JUMP_S:
            self._begin(media_s, arrived_at)
        assert self._base_s is not None
        self._last_media_s = media_s
        self._drain(arrived_at)
        ceiling_s = self._lowest(arrived_at - media_s, arrived_at) + MOST_DELAY_S
        if arrived_at > self._base_s + media_s:
            if self._drained:
                self._calm_s = min(2 * self._calm_s, LONGEST_CALM_S)
            self._drained = False
            self._late_at = arrived_at
            self._base_s = arrived_at - media_s
        self._base_s = min(self._base_s, ceiling_s)
        self._last_due = max(self._base_s + media_s, arrived_at, self._last_due)
        return self._last_due

    def _begin(self, media_s: float, arrived_at: float) -> None:
        self._base_s = max(arrived_at, self._last_due) - media_s
        self._lows = [math.inf, math.inf]
        self._late_at = self._last_at = arrived_at

    def _drain(self, arrived_at: float) -> None:
        assert self._base_s is not None
        passed_s, self._last_at = arrived_at - self._last_at, arrived_at
        if arrived_at - self._late_at > self._calm_s:
            self._base_s -= DRAIN * passed_s
            self._drained = True

    def _lowest(self, offset_s: float, now: float) -> float:
        """The smallest offset between arrival and media time of the last LOW_S to 2 LOW_S."""
        if now - self._low_since > LOW_S:
            self._lows = [self._lows[1], math.inf]
            self._low_since = now
        self._lows[1] = min(self._lows[1], offset_s)
        return min(self._lows)


class JitterBuffer:
    """Gives frames on, from a thread of its own, when they are due.

    Args:
        give: takes a frame with `captured_at` the time at which it was due, and without media time.
        name: of the thread.
        frame_bytes: size of a decoded frame.
        wait, clock: for tests.
    """

    def __init__(
        self,
        give: Callable[[Frame], None],
        name: str,
        frame_bytes: int,
        *,
        wait: Wait = threading.Event.wait,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._give = give
        self._wait = wait
        self._clock = clock
        self._pacer = Pacer()
        self._frames: queue.Queue[tuple[Frame, float] | None] = queue.Queue(max(2, min(MOST_AHEAD, AHEAD_BYTES // frame_bytes)))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pace {name}", daemon=True)
        self._thread.start()

    def put(self, frame: Frame) -> None:
        """Takes a frame that has media time, waiting for a place."""
        assert frame.media_time is not None
        self._put((frame, self._pacer.due(frame.media_time, frame.captured_at)))

    def finish(self) -> None:
        """Waits until everything has been given on, or the buffer is closed."""
        self._put(None)
        while self._thread.is_alive() and not self._closing.is_set():
            self._thread.join(PUT_S)
        self._thread.join(END_S)  # closed, it has at most one frame in hand

    def close(self) -> None:
        """Drops what is left; never waits."""
        self._closing.set()

    def _put(self, item: tuple[Frame, float] | None) -> None:
        while not self._closing.is_set():
            with suppress(queue.Full):
                self._frames.put(item, timeout=PUT_S)
                return

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                item = self._frames.get(timeout=PUT_S)
            except queue.Empty:
                continue
            if item is None:
                return
            frame, due = item
            early_s = due - self._clock()
            if early_s > 0 and self._wait(self._closing, early_s):
                return
            self._give(replace(frame, captured_at=due, media_time=None))
