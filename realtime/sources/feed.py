"""Where the main loop gets its frames from, and the feeds that give every one of them: files and images."""

import queue
import threading
from collections import deque
from contextlib import suppress
from typing import Protocol

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceError
from realtime.sources.base import Source

MOST_AT_ONCE = 8
"""Frames of a file whose faces go through the network together: a face takes half the time then, and no more is gained."""

PUT_S = 0.1
"""How often a thread that waits for a place looks whether it is to end."""

JOIN_S = 1.0
"""How long `close` waits for a thread that hangs in a driver; the thread is a daemon and frees the source when it can."""


class Notices:
    """Lines for the user, left by any thread and taken by the main one."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()

    def add(self, line: str) -> None:
        """Leaves a line."""
        self._lines.append(line)

    def take(self) -> tuple[str, ...]:
        """What was left since last asked."""
        return tuple(self._lines.popleft() for _ in range(len(self._lines)))


class Feed(Protocol):
    """Frames for the main loop."""

    @property
    def info(self) -> SourceInfo:
        """What is known about the source; stays as it was when the source is re-opened."""

    @property
    def finished(self) -> bool:
        """No frame will come any more, and no error either."""

    @property
    def dropped(self) -> int:
        """Frames captured and never taken."""

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame to work on; None if there is none yet, or no more.

        Raises:
            SourceError: the source is lost for good.
        """

    def notices(self) -> tuple[str, ...]:
        """What the user should know since last asked: lost, back again, something passed over."""

    def close(self) -> None:
        """Lets the source go, in bounded time; may be called twice."""


class Batches:
    """The next frame of a feed, and those behind it that are ready, as far as they are read together.

    Args:
        feed: where they come from.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._lost: SourceError | None = None

    @property
    def finished(self) -> bool:
        """No frame will come any more, and no error either."""
        return self._feed.finished and self._lost is None

    def next(self, timeout_s: float, most: int = MOST_AT_ONCE) -> list[Frame]:
        """At most `most` frames, waiting at most `timeout_s` for the first; none if there is none yet, or no more.

        Raises:
            SourceError: the source is lost for good; all frames before were given.
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
    """Every frame, in order, read when it is asked for: for images."""

    def __init__(self, source: Source, notices: Notices | None = None) -> None:
        self._source = source
        self._notices = notices or Notices()
        self.finished = False
        self.dropped = 0

    @property
    def info(self) -> SourceInfo:
        """What is known about the source."""
        return self._source.info

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame, however long it takes to read; None at the end."""
        frame = None if self.finished else self._source.read()
        self.finished = frame is None
        return frame

    def notices(self) -> tuple[str, ...]:
        """What was passed over since last asked."""
        return self._notices.take()

    def close(self) -> None:
        """Closes the source."""
        self.finished = True
        self._source.close()


class AheadFeed:
    """Every frame, in order, decoded ahead by a thread while the last ones are worked on: for video files.

    Args:
        source: open already.
        notices: where the source leaves its own.
        ahead: frames that wait at most.
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
        """The end was reached, or the feed closed."""
        return self._ended

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame, waiting for it at most `timeout_s`; None if it is not decoded yet, or there is none.

        Raises:
            SourceError: the source was lost; all frames before were given.
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
        """What was passed over since last asked."""
        return self._notices.take()

    def close(self) -> None:
        """Ends the thread and closes the source."""
        self._ended = True
        self._closing.set()
        while not self._frames.empty():  # so that the thread is not kept by a full queue
            with suppress(queue.Empty):
                self._frames.get_nowait()
        self._source.close()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        last: BaseException | None = None
        try:
            while not self._closing.is_set() and (frame := self._source.read()) is not None:
                self._put(frame)
        except BaseException as error:  # arrives as itself from next(), behind the frames before it
            last = error
        self._put(last)

    def _put(self, item: Frame | BaseException | None) -> None:
        """Waits for a place in the queue, and for nothing more once the feed is closed."""
        while not self._closing.is_set():
            with suppress(queue.Full):
                self._frames.put(item, timeout=PUT_S)
                return
