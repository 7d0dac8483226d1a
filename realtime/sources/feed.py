"""The interface between sources and the engine, and the feeds that deliver every frame: files and images."""

import queue
import threading
from collections import deque
from contextlib import suppress
from typing import Protocol

from realtime.config import BROWSER
from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceError
from realtime.sources.base import Source

MOST_AT_ONCE = 8
"""Frames of a file whose faces are classified in one batch: this halves the time per face; larger batches gain nothing."""

PUT_S = 0.1
"""How often a thread that waits for a free slot checks whether it should end."""

JOIN_S = 1.0
"""How long `close` waits for a thread; one that hangs in a driver is a daemon and frees the source when it can."""


class Notices:
    """Lines for the user, added by any thread and taken by the main one."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()

    def add(self, line: str) -> None:
        """Adds a line."""
        self._lines.append(line)

    def take(self) -> tuple[str, ...]:
        """The lines added since the last call."""
        return tuple(self._lines.popleft() for _ in range(len(self._lines)))


class Feed(Protocol):
    """Delivers frames to the engine."""

    @property
    def info(self) -> SourceInfo:
        """Facts about the source; they do not change when the source is re-opened."""

    @property
    def finished(self) -> bool:
        """Whether neither a frame nor an error can follow."""

    @property
    def dropped(self) -> int:
        """Number of frames captured and never taken."""

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame; None if none is ready yet, or at the end.

        Raises:
            SourceError: the source is permanently lost.
        """

    def notices(self) -> tuple[str, ...]:
        """Notices since the last call: source lost, source back, data skipped."""

    def close(self) -> None:
        """Releases the source in bounded time; may be called twice."""


class Batches:
    """Groups the next frame of a feed with those after it that are ready.

    Args:
        feed: delivers the frames.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._lost: SourceError | None = None

    @property
    def finished(self) -> bool:
        """Whether neither a frame nor an error can follow."""
        return self._feed.finished and self._lost is None

    def next(self, timeout_s: float, most: int = MOST_AT_ONCE) -> list[Frame]:
        """At most `most` frames; waits at most `timeout_s` for the first. Empty if none is ready yet, or at the end.

        Raises:
            SourceError: the source is permanently lost; all frames before were delivered.
        """
        if self._lost is not None:
            raise self._lost
        frames: list[Frame] = []
        try:
            while len(frames) < most and (frame := self._feed.next(0.0 if frames else timeout_s)) is not None:
                frames.append(frame)
        except SourceError as error:
            if not frames:
                raise
            self._lost = error
        return frames


class DirectFeed:
    """Every frame, in order, read on demand: for images."""

    def __init__(self, source: Source, notices: Notices | None = None) -> None:
        self._source = source
        self._notices = notices or Notices()
        self.finished = False
        self.dropped = 0

    @property
    def info(self) -> SourceInfo:
        """Facts about the source."""
        return self._source.info

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame, however long it takes to read; None at the end."""
        frame = None if self.finished else self._source.read()
        self.finished = frame is None
        return frame

    def notices(self) -> tuple[str, ...]:
        """Notices since the last call, such as skipped images."""
        return self._notices.take()

    def close(self) -> None:
        """Closes the source."""
        self.finished = True
        self._source.close()


class AheadFeed:
    """Every frame, in order, decoded ahead by a thread while earlier ones are processed: for video files.

    Args:
        source: already open.
        notices: also takes those of the source.
        ahead: most frames in the queue.
    """

    def __init__(self, source: Source, notices: Notices | None = None, ahead: int = 8) -> None:
        self.info = source.info
        self.dropped = 0
        self._source = source
        self._notices = notices or Notices()
        self._frames: queue.Queue[Frame | BaseException | None] = queue.Queue(ahead)
        self._closing = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"decode {self.info.name}", daemon=True)
        self._thread.start()

    @property
    def finished(self) -> bool:
        """Whether the end was reached or the feed closed."""
        return self._ended

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame; waits at most `timeout_s` for it. None if it is not decoded yet, or at the end.

        Raises:
            SourceError: the source was lost; all frames before were delivered.
        """
        if self._ended:
            return None
        try:
            frame = self._frames.get(timeout=timeout_s) if timeout_s > 0 else self._frames.get_nowait()
        except queue.Empty:
            return None
        if isinstance(frame, Frame):
            return frame
        self._ended = True
        if frame is not None:
            raise frame
        return None

    def notices(self) -> tuple[str, ...]:
        """Notices since the last call, such as skipped images."""
        return self._notices.take()

    def close(self) -> None:
        """Ends the thread and closes the source."""
        self._ended = True
        self._closing.set()
        while not self._frames.empty():  # so that a full queue does not block the thread
            with suppress(queue.Empty):
                self._frames.get_nowait()
        self._source.close()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        last: BaseException | None = None
        try:
            while not self._closing.is_set() and (frame := self._source.read()) is not None:
                self._put(frame)
        except BaseException as error:  # re-raised by next(), after the frames before it
            last = error
        self._put(last)

    def _put(self, item: Frame | BaseException | None) -> None:
        """Waits for a free slot in the queue; gives up once the feed is closed."""
        while not self._closing.is_set():
            with suppress(queue.Full):
                self._frames.put(item, timeout=PUT_S)
                return


class IdleFeed:
    """Never has a frame, until it is closed: for a run whose frames come from the cameras of browsers alone."""

    info = SourceInfo(BROWSER, live=True, temporal=True, width=0, height=0, fps=None, frames=None)
    dropped = 0

    def __init__(self) -> None:
        self._closed = threading.Event()

    @property
    def finished(self) -> bool:
        """Whether it is closed."""
        return self._closed.is_set()

    def next(self, timeout_s: float) -> Frame | None:
        """Waits, and returns None."""
        self._closed.wait(timeout_s)
        return None

    def notices(self) -> tuple[str, ...]:
        """None ever."""
        return ()

    def close(self) -> None:
        """Ends the waiting."""
        self._closed.set()
