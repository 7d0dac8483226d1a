"""Drives a source through the pipeline; used by the command line, `Recognizer` and the benchmarks.

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
from realtime.neutral.profile import Profile
from realtime.pipeline import Pipeline, open_pipeline
from realtime.sources.capture import open_feed
from realtime.sources.feed import MOST_AT_ONCE, Batches, Feed

POLL_S = 0.1
"""How long `results` waits for a frame before it delivers notices."""

Notify = Callable[[str], None]


class Engine:
    """Results of a source, frame by frame, until it ends.

    It owns feed and pipeline. While it is open, OpenCV runs on one thread, since its own threads would compete with ours. Call
    it from one thread only.

    Args:
        feed: delivers the frames.
        pipeline: processes them.
        governor: reduces work when the latency of a live source is too high; None for files.
        watched: return each frame of a file as soon as it is processed; otherwise ready frames are processed as a batch, in
            half the time for each. May be changed between two steps.
        max_frames: stop after this many; None stops at the end.
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
        """Opens `config.source` and its pipeline.

        Args:
            config: the source, recognition settings and target latency.
            classifier: the network; not closed by the engine.

        Raises:
            SourceOpenError: the source cannot be opened.
            ModelError, ConfigError: as in `on`.
        """
        feed = open_feed(config.source, verbose=config.view.verbosity > 0)
        try:
            return cls.on(feed, config, classifier)
        except BaseException:
            feed.close()
            raise

    @classmethod
    def on(cls, feed: Feed, config: Config, classifier: Classifier) -> "Engine":
        """An engine on an open feed, which the engine will close.

        Raises:
            ModelError: this OpenCV has no cascades.
            ConfigError: the profile is missing, damaged, or made with another network.
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
        """Facts about the source."""
        return self._feed.info

    @property
    def finished(self) -> bool:
        """Whether neither a result nor an error can follow."""
        return self._closed or self._left == 0 or self._batches.finished

    @property
    def dropped(self) -> int:
        """Number of frames of a live source not processed so far."""
        return self._feed.dropped

    @property
    def profile(self) -> Profile | None:
        """The person's profile that is applied."""
        return self._pipeline.profile

    def use(self, profile: Profile | None) -> None:
        """Applies another profile from the next step on."""
        self._pipeline.use(profile)

    def notices(self) -> tuple[str, ...]:
        """Notices since the last call: source lost or back, image skipped, work reduced to keep up."""
        lines = (*self._feed.notices(), *self._notices)
        self._notices.clear()
        return lines

    def step(self, timeout_s: float) -> tuple[FrameResult, ...]:
        """The results of the next frame and of those after it that are ready; empty after `timeout_s` or at the end.

        Raises:
            SourceError: the source is permanently lost; every frame before was delivered.
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
        """Records that a result was shown now, and chooses the effort for the next frame."""
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
            notify: called with each notice, even while no frame arrives.

        Raises:
            SourceError: the source is permanently lost; every frame before was delivered.
        """
        while not self.finished:
            try:
                results = self.step(POLL_S)
            finally:  # even when the source is lost: its last notices give the reason
                self._pass_on(notify)
            for result in results:
                self.account(result)
                self._pass_on(notify)
                yield result

    def close(self) -> None:
        """Releases source and threads, in bounded time; may be called twice."""
        if self._closed:
            return
        self._closed = True
        SINGLE_THREAD.release()
        try:
            self._feed.close()
        finally:
            self._pipeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pass_on(self, notify: Notify) -> None:
        for line in self.notices():
            notify(line)


class _SingleThread:
    """Keeps OpenCV on one thread while at least one engine is open, then restores the setting."""

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
"""Shared by all engines, since OpenCV has one setting per process."""
