"""Lets an output that takes its time (a video's encoder) work on a thread of its own, a few frames behind."""

import queue
import threading
from contextlib import suppress

from realtime.datatypes import FrameResult, Summary
from realtime.sinks.base import Sink

MOST_BEHIND = 4
"""Frames that wait at most; each holds its picture."""

LOOK_S = 0.1
"""How often a full queue is looked at again."""


class Behind:
    """A sink before another one; frames arrive there in order, all of them.

    Args:
        sink: works on the thread from now on, and on the caller's again when `close` closes it.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: queue.Queue[FrameResult | None] = queue.Queue(MOST_BEHIND)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="encode", daemon=True)
        self._thread.start()

    def write(self, result: FrameResult) -> None:
        """Leaves a frame, waiting while too many wait already.

        Raises:
            SinkError: one of the frames left before could not be written.
        """
        while self._failure is None:
            with suppress(queue.Full):
                self._waiting.put(result, timeout=LOOK_S)
                return
        self._fail()

    def close(self, summary: Summary) -> None:
        """Waits until every frame is written, then closes the sink; may be called twice.

        Raises:
            SinkError: a frame or the end could not be written.
        """
        if self._thread.is_alive():
            self._waiting.put(None)  # there is room soon: after a failure the thread goes on taking frames
            self._thread.join()
        self._sink.close(summary)
        self._fail()

    def _fail(self) -> None:
        """Raises the failure once."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        failed = False
        while (result := self._waiting.get()) is not None:
            if failed:
                continue
            try:
                self._sink.write(result)
            except BaseException as error:  # arrives as itself from write() or close()
                failed, self._failure = True, error
