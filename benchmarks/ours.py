"""fer-cam as the benchmarks drive it. Whatever they need of the engine's construction is here, and nowhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import steps as names
from benchmarks.steps import Part, Steps
from realtime.config import Config
from realtime.datatypes import FULL_EFFORT, FrameResult, SourceInfo
from realtime.drawing import overlay
from realtime.drawing.hud import Hud
from realtime.faces.detector import HaarDetector
from realtime.faces.finder import PerImageFinder
from realtime.governor import Governor
from realtime.meter import Meter
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline, open_pipeline
from realtime.run import one_thread, short_collections
from realtime.sources import open_source
from realtime.sources.capture import open_feed

POLL_S = 0.5
"""How long to wait for a live frame before `until` is asked again."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame of fer-cam, finished.

    Attributes:
        result: what is known about it.
        picture: uint8 (H,W,3), drawn.
        drawn_at: time.perf_counter when it was.
        steps: where the time went.
        dropped: frames of a live source never processed, so far.
    """

    result: FrameResult
    picture: NDArray[np.uint8]
    drawn_at: float
    steps: Steps
    dropped: int


def load(config: Config) -> Classifier:
    """The network. See `session.locate` and `session.Session` for what can go wrong."""
    return Classifier.load(config.model, config.threads, config.provider)


def info_of(config: Config) -> SourceInfo:
    """What is known about a source when it opens.

    Raises:
        SourceOpenError: it cannot be opened.
    """
    with closing(open_feed(config)) as feed:
        return feed.info


def path_of(info: SourceInfo) -> Path | None:
    """The video file behind a source, if it is one."""
    path = Path(info.path) if info.path else None
    return path if path is not None and path.is_file() and info.temporal else None


def watch(
    config: Config, classifier: Classifier, *, hud: bool = False, until: Callable[[], bool] = lambda: False
) -> Iterator[Shown]:
    """Every frame that the program would show, drawn, until the source ends or `until` says so; of a camera with a governor.

    Args:
        hud: draw the state of the program too, as its window does.

    Raises:
        SourceError: the source cannot be opened, or is lost.
    """
    with (
        one_thread(),
        closing(open_feed(config)) as feed,
        open_pipeline(config, classifier, feed.info) as pipeline,
        short_collections(),
    ):
        meter = Meter(classifier.spec.labels)
        governor = Governor.of(feed.info, config.target_latency_ms)
        effort = FULL_EFFORT
        while not (feed.finished or until()):
            started = time.perf_counter()
            frame = feed.next(POLL_S)
            if frame is None:
                continue
            decoded = time.perf_counter()
            result = pipeline.process(frame, feed.dropped, effort)
            processed = time.perf_counter()
            meter.add(result, processed)
            state = Hud(meter.fps, meter.latency_ms, feed.dropped, effort=effort) if hud else None
            picture = overlay.draw(result, state)
            drawn = time.perf_counter()
            if governor is not None:
                effort = governor.update(drawn - frame.captured_at, drawn)
            yield Shown(result, picture, drawn, _steps(decoded - started, result, drawn - processed), feed.dropped)


def play(config: Config, classifier: Classifier) -> list[Steps]:
    """One pass of fer-cam over a clip as if it came from a camera: each frame at its time, every frame drawn, nothing saved.

    Decoding is not done ahead, and counted. The scans for new faces go on beside it, as they do live.
    """
    steps: list[Steps] = []
    with (
        one_thread(),
        closing(open_source(config)) as source,
        open_pipeline(config, classifier, replace(source.info, live=True)) as pipeline,
    ):
        began = time.perf_counter()
        while True:
            started = time.perf_counter()
            frame = source.read()
            if frame is None:
                return steps
            decoded = time.perf_counter()
            result = pipeline.process(replace(frame, captured_at=decoded, media_time=None))
            processed = time.perf_counter()
            overlay.draw(result)
            drawn = time.perf_counter()
            steps.append(_steps(decoded - started, result, drawn - processed))
            time.sleep(max(0.0, began + (frame.media_time or 0.0) - drawn))


def alone(config: Config, classifier: Classifier) -> Iterator[FrameResult]:
    """Every frame read by itself, as if it were a single picture: what the engine's answers are to be compared with."""
    with closing(open_feed(config)) as feed:
        finder = PerImageFinder(HaarDetector(config.min_face))
        pipeline = Pipeline(finder, classifier, replace(config, smoothing_s=0.0), temporal=False)
        while not feed.finished:
            frame = feed.next(POLL_S)
            if frame is not None:
                yield pipeline.process(frame, feed.dropped)


def _steps(decode_s: float, result: FrameResult, draw_s: float) -> Steps:
    stages = result.stages
    parts = (
        Part(names.DECODE, decode_s),
        Part(names.FIND, stages.find),
        Part(names.PREPROCESS, stages.preprocess),
        Part(names.CLASSIFY, stages.classify),
        Part(names.SMOOTH, stages.smooth),
        Part(names.DRAW, draw_s),
    )
    return Steps(parts, len(result.faces))
