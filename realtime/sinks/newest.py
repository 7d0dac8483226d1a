"""Runs an output that must never delay a frame, such as network messages, on a thread of its own with the newest frame."""

import queue
import threading
from contextlib import suppress
from functools import partial

from realtime.datatypes import Summary
from realtime.errors import SinkError
from realtime.records import Marker
from realtime.sinks.base import Item, Sink
from realtime.sinks.failure import Failure
from realtime.sources.mailbox import Mailbox

JOIN_S = 1.0
"""How long `close` waits for a hung sink; its thread is a daemon."""

POLL_S = 0.05
"""How often markers are checked while no frame arrives."""

MOST_MARKERS = 64
"""Most markers in the queue; a person presses fewer keys while one message is sent."""


class NewestSink(Sink[Item]):
    """Wraps a sink, which gets the newest frame whenever it has finished the previous one, and every marker.

    Args:
        sink: used and closed on the thread only. After a failure it gets no more frames.
        join_s: how long `close` waits for it, seconds.
    """

    def __init__(self, sink: Sink[Item], *, join_s: float = JOIN_S) -> None:
        self._sink = sink
        self.essential, self.marks, self.path = sink.essential, sink.marks, sink.path
        self._join_s = join_s
        self._frames: Mailbox[Item] = Mailbox()
        self._markers: queue.Queue[Marker] = queue.Queue(MOST_MARKERS)
        self._summary: Summary | None = None
        self._failure = Failure()
        self._thread = threading.Thread(target=self._run, name="newest", daemon=True)
        self._thread.start()

    def write(self, item: Item) -> None:
        """Stores a frame, replacing one that was not taken.

        Raises:
            SinkError: an earlier frame or marker could not be written.
        """
        self._failure.raise_once()
        self._frames.put(item)

    def mark(self, marker: Marker) -> None:
        """Queues a marker, which is written before the next frame.

        Raises:
            SinkError: as in `write`, or the queue of markers is full.
        """
        self._failure.raise_once()
        try:
            self._markers.put_nowait(marker)
        except queue.Full:
            raise SinkError(f"an output has not taken the last {MOST_MARKERS} markers; check that it is not stuck") from None

    def notices(self) -> tuple[str, ...]:
        """The notices of the sink."""
        return self._sink.notices()

    def close(self, summary: Summary) -> None:
        """Writes the queued items and closes the sink, in bounded time; may be called twice.

        Raises:
            SinkError: something could not be written.
        """
        if self._thread.is_alive():
            self._summary = summary
            self._frames.close()
            self._thread.join(self._join_s)
        self._failure.raise_once()

    def _run(self) -> None:
        caught, failed = self._failure.caught, False
        while not self._frames.finished:
            item = self._frames.take(POLL_S)
            failed = failed or caught(self._write_markers)
            if item is not None:
                failed = failed or caught(partial(self._sink.write, item))
        failed = failed or caught(self._write_markers)
        if self._summary is not None:
            caught(partial(self._sink.close, self._summary))

    def _write_markers(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._sink.mark(self._markers.get_nowait())
