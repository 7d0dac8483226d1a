"""The one driver of a source: the command line, `Recognizer` and the benchmarks all read through it.

feed -> pipeline, governed -> results and notices
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

import cv2

from realtime.config import Config
from realtime.datatypes import FULL_EFFORT, Effort, FrameResult, SourceInfo
from realtime.governor import Governor
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline, open_pipeline
from realtime.sources.capture import open_feed
from realtime.sources.feed import MOST_AT_ONCE, Batches, Feed

POLL_S = 0.1
"""How long `results` waits for a frame before it passes on notices."""

Notify = Callable[[str], None]


class Engine:
    """Results of a source, frame by frame, until it ends.

    It owns feed and pipeline, and while it is open OpenCV runs on one thread, since threads of its own would take turns with
    ours. One thread drives it.

    Args:
        feed: gives the frames.
        pipeline: reads them.
        governor: does less when a live source's frames come too late; None for files, which take the time they need.
        watched: give every frame as soon as it is read, also of a file; else the frames of a file that are ready are read
            together, in half the time for each. May be changed between two steps.
        max_frames: stop after so many; None means at the end.
        clock: seconds, the clock of `Frame.captured_at`.
    """

    def __init__(
        self,
        feed: Feed,
        pipeline: Pipeline,
        governor: Governor | None = None,
        *,
        watched: bool = False,
        max_frames: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._feed = feed
        self._pipeline = pipeline
        self._governor = governor
        self._batches = Batches(feed)
        self.watched = watched
        self._left = max_frames
        self._clock = clock
        self._notices: list[str] = []
        self._closed = False
        self.effort: Effort = FULL_EFFORT
        SINGLE_THREAD.acquire()

    @classmethod
    def open(cls, config: Config, classifier: Classifier) -> "Engine":
        """Opens `config.source` and what reads it.

        Args:
            config: the source, how it is read, and at which latency.
            classifier: the network; stays the caller's.

        Raises:
            SourceOpenError: the source cannot be opened.
            ModelError: this OpenCV has no cascades.
        """
        feed = open_feed(config.source, verbose=config.view.verbosity > 0)
        try:
            return cls.on(feed, config, classifier)
        except BaseException:
            feed.close()
            raise

    @classmethod
    def on(cls, feed: Feed, config: Config, classifier: Classifier) -> "Engine":
        """The same on a feed that is open already, and that the engine closes from now on.

        Raises:
            ModelError: this OpenCV has no cascades.
        """
        pipeline = open_pipeline(config.reading, classifier, feed.info)
        return cls(
            feed,
            pipeline,
            Governor.of(feed.info, config.reading.target_latency_ms),
            max_frames=config.source.max_frames,
        )

    @property
    def info(self) -> SourceInfo:
        """What is known about the source."""
        return self._feed.info

    @property
    def finished(self) -> bool:
        """No result will come any more, and no error either."""
        return self._closed or self._left == 0 or self._batches.finished

    @property
    def dropped(self) -> int:
        """Frames of a live source that were never processed, so far."""
        return self._feed.dropped

    def notices(self) -> tuple[str, ...]:
        """Lines for the user since last asked: a source lost or back again, an image skipped, work reduced to keep up."""
        lines = (*self._feed.notices(), *self._notices)
        self._notices.clear()
        return lines

    def step(self, timeout_s: float) -> tuple[FrameResult, ...]:
        """The next frame's result, and those of the frames behind it that are ready; none after `timeout_s` or at the end.

        Raises:
            SourceError: the source is lost for good; every frame before was given.
        """
        if self.finished:
            return ()
        most = 1 if self.watched or self.info.live else MOST_AT_ONCE
        frames = self._batches.next(timeout_s, most if self._left is None else min(most, self._left))
        if not frames:
            return ()
        if self._left is not None:
            self._left -= len(frames)
        return self._pipeline.process_many(frames, self._feed.dropped, self.effort)

    def account(self, result: FrameResult) -> None:
        """Takes note that a result has reached its viewer now, and chooses the effort for the next frame."""
        if self._governor is None:
            return
        now = self._clock()
        effort = self._governor.update(now - result.frame.captured_at, now)
        if effort != self.effort:
            self.effort = effort
            change = "reducing work to keep up" if effort != FULL_EFFORT else "keeping up again"
            self._notices.append(f"{change}: {effort.name}")

    def results(self, notify: Notify) -> Iterator[FrameResult]:
        """Every result, until the source ends.

        Args:
            notify: takes each notice, also while the source gives no frame.

        Raises:
            SourceError: the source is lost for good; every frame before was given.
        """
        while not self.finished:
            try:
                results = self.step(POLL_S)
            finally:  # also when the source is lost: its last notices say why
                self._pass_on(notify)
            for result in results:
                self.account(result)
                self._pass_on(notify)
                yield result

    def close(self) -> None:
        """Lets source and threads go, in bounded time; may be called twice."""
        if self._closed:
            return
        self._closed = True
        SINGLE_THREAD.release()
        self._feed.close()
        self._pipeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pass_on(self, notify: Notify) -> None:
        for line in self.notices():
            notify(line)


class _SingleThread:
    """OpenCV on one thread while anybody needs that; afterwards as it was before the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = 0

    def acquire(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = cv2.getNumThreads()
                cv2.setNumThreads(1)
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                cv2.setNumThreads(self._before)


SINGLE_THREAD = _SingleThread()
"""Shared by all engines of the process, since OpenCV has one setting for all."""
