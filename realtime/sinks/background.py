"""Runs a slow output on a thread of its own, with every frame in order."""

import math
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from realtime.datatypes import Summary
from realtime.errors import SinkError
from realtime.records import Marker
from realtime.sinks.base import Item, Sink
from realtime.sinks.failure import Failure

MOST_BEHIND = 4
"""Most frames in the queue; each holds its image."""

POLL_S = 0.1
"""How often a full queue is checked. Limits are counted in checks, since the clock continues while the program is stopped
(Ctrl-Z)."""

STUCK_S = 30.0
"""An output that takes no frame for this long counts as stuck; encoding a frame of 3840x2160 takes 0.1 s."""


@dataclass(frozen=True)
class _Work:
    """A job for the thread; the last one closes the sink."""

    do: Callable[[], None]
    last: bool = False


class BackgroundSink(Sink[Item]):
    """Wraps a sink, which gets every frame in order.

    Args:
        sink: used and closed on the thread only.
        stuck_s: time limit for a frame, and for the queued frames at the end, seconds.
    """

    def __init__(self, sink: Sink[Item], *, stuck_s: float = STUCK_S) -> None:
        self._sink = sink
        self.essential, self.marks, self.path = sink.essential, sink.marks, sink.path
        self._stuck_s = stuck_s
        self._polls = math.ceil(stuck_s / POLL_S)
        self._waiting: queue.Queue[_Work] = queue.Queue(MOST_BEHIND)
        self._failure = Failure()
        self._thread = threading.Thread(target=self._run, name="encode", daemon=True)
        self._thread.start()

    def write(self, item: Item) -> None:
        """Queues a frame; waits while the queue is full.

        Raises:
            SinkError: an earlier frame could not be written, or the output is stuck.
        """
        self._put(_Work(partial(self._sink.write, item)))
        self._failure.raise_once()

    def mark(self, marker: Marker) -> None:
        """Queues a marker after the waiting frames.

        Raises:
            SinkError: as in `write`.
        """
        self._put(_Work(partial(self._sink.mark, marker)))
        self._failure.raise_once()

    def notices(self) -> tuple[str, ...]:
        """The notices of the sink."""
        return self._sink.notices()

    def close(self, summary: Summary) -> None:
        """Waits until every frame is written and the sink is closed; may be called twice.

        Raises:
            SinkError: a frame or the end could not be written, or the output is stuck; its thread then keeps running.
        """
        if self._thread.is_alive():
            self._put(_Work(partial(self._sink.close, summary), last=True))
            for _ in range(self._polls):
                self._thread.join(POLL_S)
                if not self._thread.is_alive():
                    break
            else:
                raise self._stuck()
        self._failure.raise_once()

    def _put(self, work: "_Work") -> None:
        """Waits for a free slot; after a failure only the last job is queued."""
        for _ in range(self._polls):
            if self._failure and not work.last:
                return
            with suppress(queue.Full):
                self._waiting.put(work, timeout=POLL_S)
                return
        raise self._stuck()

    def _stuck(self) -> SinkError:
        return SinkError(f"an output has taken no frame for {self._stuck_s:g} s; check that its disk is present and not full")

    def _run(self) -> None:
        failed = False
        while not (work := self._waiting.get()).last:
            failed = failed or self._failure.caught(work.do)
        self._failure.caught(work.do)
