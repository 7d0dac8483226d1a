"""A jitter buffer: releases live frames that arrive in bursts, such as HLS segments, at their own rate."""

import math
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from realtime.datatypes import Frame

MOST_DELAY_S = 6.0
"""Largest growth of the delay: the length of a segment as Apple recommends it. After a longer gap, frames are dropped until
the delay is below it again."""

JUMP_S = 10.0
"""A longer step of media time means a new clock, not a pause in sending."""

LOW_S = 600.0
"""How long the smallest network delay is remembered; the clocks of two machines drift by a tenth of a second in that time."""

DRAIN = 0.05
"""If frames waited without need, they are released faster by this share until the excess delay is gone."""

CALM_S = 5.0
LONGEST_CALM_S = 320.0
"""Time without a late frame before the delay is reduced; it doubles each time a reduction made a frame late."""

AHEAD_BYTES = 24_000_000
MOST_AHEAD = 8
"""Most decoded frames in the buffer; later ones wait in the network. They bridge the opening of the next segment."""

PUT_S = 0.1
"""How often a thread that waits for a free slot checks whether it should end."""

END_S = 1.0
"""How long to wait for the thread of a closed buffer; it is a daemon."""

Wait = Callable[[threading.Event, float], bool]
"""Waits for the event, at most the given seconds; True if it is set. threading.Event.wait, or a test's replacement."""


class Pacer:
    """Computes when to release each frame of a live source: at its media time plus the smallest possible delay.

    The delay grows when a frame arrives after it was due, since the next burst may be as late. It shrinks slowly while no
    frame is late. Frames that arrive evenly are due on arrival.
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
        """When to release the next frame, on the clock of `arrived_at`; never before it arrived."""
        # a new connection restarts at 0
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
        """The smallest offset between arrival and media time during the last LOW_S to 2 LOW_S."""
        if now - self._low_since > LOW_S:
            self._lows = [self._lows[1], math.inf]
            self._low_since = now
        self._lows[1] = min(self._lows[1], offset_s)
        return min(self._lows)


class JitterBuffer:
    """Releases frames when they are due, from a thread of its own.

    Args:
        give: takes a frame, with `captured_at` set to the time it was due and without media time.
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
        """Adds a frame that has media time; waits for a free slot."""
        assert frame.media_time is not None
        self._put((frame, self._pacer.due(frame.media_time, frame.captured_at)))

    def finish(self) -> None:
        """Waits until every frame is released, or the buffer is closed."""
        self._put(None)
        while self._thread.is_alive() and not self._closing.is_set():
            self._thread.join(PUT_S)
        self._thread.join(END_S)  # once closed, the thread handles at most one more frame

    def close(self) -> None:
        """Drops the remaining frames; never waits."""
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
