"""Opens the feed of a source. For cameras and streams a thread keeps only the newest frame."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from realtime.config import BROWSER, SourceConfig
from realtime.datatypes import Frame
from realtime.errors import SourceError, SourceLostError
from realtime.sources import open_source
from realtime.sources.base import Source
from realtime.sources.feed import JOIN_S, AheadFeed, DirectFeed, Feed, IdleFeed, Notices
from realtime.sources.mailbox import Mailbox
from realtime.sources.pacing import JitterBuffer, Wait

AHEAD_BYTES = 24_000_000
MOST_AHEAD = 8
"""Decoded frames in the queue: one batch of the network, or what fits: 8 of 1280x720, 3 of 1920x1080."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
"""Pauses between attempts to re-open a lost source double from the first to the longest."""


class LiveFeed:
    """The newest frame of a live source: a thread grabs frames, one is kept, older ones are dropped and counted.

    A lost source is re-opened, with growing pauses; frame indices keep rising. Frames with media time may arrive in bursts:
    they are released at their own rate (see `pacing`), so that a burst is not reduced to its newest frame.

    Args:
        source: already open.
        reopen: opens it again.
        reconnect_s: how long to try, seconds; 0 gives up at once.
        notices: also takes those of the source.
        wait, clock: how time passes.
        join_s: how long `close` waits for a driver that hangs, seconds.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source],
        *,
        reconnect_s: float = 60.0,
        notices: Notices | None = None,
        wait: Wait = threading.Event.wait,
        clock: Callable[[], float] = time.perf_counter,
        join_s: float = JOIN_S,
    ) -> None:
        self.info = source.info
        self._source = source
        self._reopen = reopen
        self._reconnect_s = reconnect_s
        self._notices = notices or Notices()
        self._wait = wait
        self._clock = clock
        self._join_s = join_s
        self._mailbox: Mailbox[Frame] = Mailbox()
        self._closing = threading.Event()
        self._exchange = threading.Lock()
        self._buffer: JitterBuffer | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"capture {self.info.name}", daemon=True)
        self._thread.start()

    @property
    def finished(self) -> bool:
        """Whether the feed is closed, or the source ended without an error."""
        return self._mailbox.finished and (self._error is None or self._closing.is_set())

    @property
    def dropped(self) -> int:
        """Number of frames replaced by a newer one before they were taken."""
        return self._mailbox.dropped

    def next(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet taken; waits at most `timeout_s` for it.

        Raises:
            SourceError: the source was lost and could not be re-opened.
        """
        frame = self._mailbox.take(timeout_s)
        if frame is None and self._error is not None and not self._closing.is_set():
            raise self._error
        return frame

    def notices(self) -> tuple[str, ...]:
        """Notices since the last call: source lost, source back, and those of the source itself."""
        return self._notices.take()

    def close(self) -> None:
        """Ends the thread. If a driver hangs, gives up after `join_s`; the thread then frees the source when it can."""
        self._closing.set()
        with self._exchange:
            self._source.close()
            if self._buffer is not None:
                self._buffer.close()
        self._mailbox.close()
        self._thread.join(self._join_s)

    def _run(self) -> None:
        failure: BaseException | None = None
        try:
            self._capture()
        except BaseException as error:  # re-raised by next()
            failure = error
        finally:
            with self._exchange:
                self._source.close()
            if self._buffer is not None:
                self._buffer.finish()
            self._error = failure  # raised after the frames before it
            self._mailbox.close()

    def _capture(self) -> None:
        index = 0
        lost_at: float | None = None
        pause_s = FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                frame = self._source.read()
            except SourceLostError as error:
                if self._closing.is_set():
                    return
                if lost_at is None:
                    lost_at = self._clock()
                    self._notices.add(f"{error}; reconnecting")
                pause_s = self._open_again(error, lost_at, pause_s)
                continue
            if frame is None:
                return
            if lost_at is not None:
                self._notices.add(f"{self.info.name} is back after {self._clock() - lost_at:.1f} s")
                lost_at, pause_s = None, FIRST_PAUSE_S
            self._put(replace(frame, index=index))
            index += 1

    def _put(self, frame: Frame) -> None:
        """Passes a frame on at once or, if it may have arrived in a burst, when it is due."""
        if frame.media_time is None:
            self._mailbox.put(frame)
            return
        if self._buffer is None:
            buffer = JitterBuffer(self._mailbox.put, self.info.name, frame.image.nbytes, wait=self._wait, clock=self._clock)
            with self._exchange:
                self._buffer = buffer
                if self._closing.is_set():
                    buffer.close()
        self._buffer.put(frame)

    def _open_again(self, error: SourceError, lost_at: float, pause_s: float) -> float:
        """Waits and retries until the source is open or the feed is closed; returns the first pause of the next time."""
        with self._exchange:
            self._source.close()
        while True:
            left_s = self._reconnect_s - (self._clock() - lost_at)
            if left_s <= 0:
                why = str(error).partition("; ")[0]  # without its own advice
                raise SourceLostError(
                    f"{self.info.name} was lost and could not be re-opened within {self._reconnect_s:g} s ({why}); "
                    "check its cable or network"
                ) from error
            if self._wait(self._closing, min(pause_s, left_s)):
                return pause_s
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            try:
                source = self._reopen()
            except SourceError as failure:
                error = failure
                continue
            with self._exchange:
                self._source = source
                if self._closing.is_set():
                    source.close()
            return pause_s


def open_feed(config: SourceConfig, *, verbose: bool = False) -> Feed:
    """Opens the feed of `config.location`: the newest frame of a live source, every frame of anything else.

    Raises:
        SourceOpenError: it cannot be opened.
    """
    if config.location == BROWSER:
        return IdleFeed()
    notices = Notices()
    source = open_source(config, notices.add, verbose=verbose)
    if not source.info.live:
        if not source.info.temporal:
            return DirectFeed(source, notices)
        frame_bytes = 3 * source.info.width * source.info.height
        return AheadFeed(source, notices, max(2, min(MOST_AHEAD, AHEAD_BYTES // frame_bytes)))
    return LiveFeed(
        source,
        lambda: open_source(config, notices.add, verbose=verbose),
        reconnect_s=config.reconnect_s,
        notices=notices,
    )
