"""Outputs that must never delay a frame, such as network messages: the newest frame on a thread of its own."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from realtime.datatypes import Summary
from realtime.errors import SinkError
from realtime.records import Marker
from realtime.sinks.base import Item, Sink
from realtime.sources.mailbox import Mailbox

JOIN_S = 1.0
"""How long `close` waits for a sink that hangs; its thread is a daemon."""

LOOK_S = 0.05
"""How often markers are looked for while no frame comes."""

MOST_MARKERS = 64
"""Markers that wait; a person presses fewer keys while a message is on its way."""


class NewestSink(Sink[Item]):
    """A sink before another one, which gets the newest frame whenever it has finished the one before, and every marker.

    Args:
        sink: works on the thread from now on, which closes it as well. After a failure it gets nothing more.
        join_s: how long `close` waits for it, seconds.
    """

    def __init__(self, sink: Sink[Item], *, join_s: float = JOIN_S) -> None:
        self._sink = sink
        self.essential, self.marks, self.path = sink.essential, sink.marks, sink.path
        self._join_s = join_s
        self._frames: Mailbox[Item] = Mailbox()
        self._markers: queue.Queue[Marker] = queue.Queue(MOST_MARKERS)
        self._summary: Summary | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="newest", daemon=True)
        self._thread.start()

    def write(self, item: Item) -> None:
        """Leaves a frame, in place of one that was not taken.

        Raises:
            SinkError: a frame or marker before could not be written.
        """
        self._fail()
        self._frames.put(item)

    def mark(self, marker: Marker) -> None:
        """Leaves a marker, which is written before the next frame.

        Raises:
            SinkError: as in `write`, or too many markers wait.
        """
        self._fail()
        try:
            self._markers.put_nowait(marker)
        except queue.Full:
            raise SinkError(f"an output has taken none of {MOST_MARKERS} markers; is it stuck?") from None

    def notices(self) -> tuple[str, ...]:
        """Those of the sink."""
        return self._sink.notices()

    def close(self, summary: Summary) -> None:
        """Writes what waits and closes the sink, in bounded time; may be called twice.

        Raises:
            SinkError: something could not be written.
        """
        if self._thread.is_alive():
            self._summary = summary
            self._frames.close()
            self._thread.join(self._join_s)
        self._fail()

    def _fail(self) -> None:
        """Raises the failure once."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        works = True
        while not self._frames.finished:
            item = self._frames.take(LOOK_S)
            works = works and self._tried(self._write_markers)
            if item is not None:
                works = works and self._tried(partial(self._sink.write, item))
        works = works and self._tried(self._write_markers)
        if self._summary is not None:
            self._tried(partial(self._sink.close, self._summary))

    def _write_markers(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._sink.mark(self._markers.get_nowait())

    def _tried(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except BaseException as error:  # arrives as itself from write(), mark() or close()
            self._failure = error
            return False
        return True
