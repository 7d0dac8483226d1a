"""Outputs that take their time work on a thread of their own: every frame, a few behind, or the newest only."""

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

MOST_BEHIND = 4
"""Frames that wait at most; each holds its image."""

LOOK_S = 0.1
"""How often a full queue is looked at again. Limits are counted in looks: the clock also goes on while the program is stopped
(Ctrl-Z)."""

STUCK_S = 30.0
"""An output that takes no frame for so long is given up; encoding one of 3840x2160 takes 0.1 s."""


@dataclass(frozen=True)
class _Work:
    """Something to do on the thread; the last of it closes the sink."""

    do: Callable[[], None]
    last: bool = False


class BackgroundSink(Sink[Item]):
    """A sink before another one; frames arrive there in order, all of them.

    Args:
        sink: works on the thread from now on, which closes it as well.
        stuck_s: how long it may take for a frame, and for what is left when it is closed, seconds.
    """

    def __init__(self, sink: Sink[Item], *, stuck_s: float = STUCK_S) -> None:
        self._sink = sink
        self.essential, self.marks, self.path = sink.essential, sink.marks, sink.path
        self._stuck_s = stuck_s
        self._looks = math.ceil(stuck_s / LOOK_S)
        self._waiting: queue.Queue[_Work] = queue.Queue(MOST_BEHIND)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="encode", daemon=True)
        self._thread.start()

    def write(self, item: Item) -> None:
        """Leaves a frame, waiting while too many wait already.

        Raises:
            SinkError: one of the frames left before could not be written, or the output is stuck.
        """
        self._put(_Work(partial(self._sink.write, item)))
        self._fail()

    def mark(self, marker: Marker) -> None:
        """Leaves a marker behind the frames that wait.

        Raises:
            SinkError: as in `write`.
        """
        self._put(_Work(partial(self._sink.mark, marker)))
        self._fail()

    def notices(self) -> tuple[str, ...]:
        """Those of the sink."""
        return self._sink.notices()

    def close(self, summary: Summary) -> None:
        """Waits until every frame is written and the sink closed; may be called twice.

        Raises:
            SinkError: a frame or the end could not be written, or the output is stuck; its thread is left behind then.
        """
        if self._thread.is_alive():
            self._put(_Work(partial(self._sink.close, summary), last=True))
            for _ in range(self._looks):
                self._thread.join(LOOK_S)
                if not self._thread.is_alive():
                    break
            else:
                raise self._stuck()
        self._fail()

    def _put(self, work: "_Work") -> None:
        """Waits for room; after a failure the thread takes what is left of the frames, and the last work if this is it."""
        for _ in range(self._looks):
            if self._failure is not None and not work.last:
                return
            with suppress(queue.Full):
                self._waiting.put(work, timeout=LOOK_S)
                return
        raise self._stuck()

    def _stuck(self) -> SinkError:
        return SinkError(f"an output has taken no frame for {self._stuck_s:g} s; is its disk full or gone?")

    def _fail(self) -> None:
        """Raises the failure once."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        failed = False
        while not (work := self._waiting.get()).last:
            failed = failed or not self._tried(work.do)
        self._tried(work.do)

    def _tried(self, work: Callable[[], None]) -> bool:
        """Does something on the sink; what goes wrong first arrives as itself from write() or close()."""
        try:
            work()
        except BaseException as error:
            if self._failure is None:
                self._failure = error
            return False
        return True
