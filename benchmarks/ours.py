"""Runs fer-cam for the benchmarks. The only place in them that constructs the engine."""

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
from realtime.run import one_thread
from realtime.sources import open_source
from realtime.sources.capture import open_feed

POLL_S = 0.5
"""How long to wait for a live frame before checking `until` again."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One finished frame of fer-cam.

    Attributes:
        result: its faces and data.
        picture: uint8 (H,W,3), the drawn frame.
        drawn_at: time.perf_counter after drawing.
        steps: duration of each stage.
        dropped: unprocessed frames of a live source so far.
    """

    result: FrameResult
    picture: NDArray[np.uint8]
    drawn_at: float
    steps: Steps
    dropped: int


def load(config: Config) -> Classifier:
    """Loads the network. For errors see `session.locate` and `session.Session`."""
    return Classifier.load(config.model, config.threads, config.provider)


def info_of(config: Config) -> SourceInfo:
    """Opens a source and returns its properties.

    Raises:
        SourceOpenError: it cannot be opened.
    """
    with closing(open_feed(config)) as feed:
        return feed.info


def path_of(info: SourceInfo) -> Path | None:
    """The path of a video file source; None for others."""
    path = Path(info.path) if info.path else None
    return path if path is not None and path.is_file() and info.temporal else None


def watch(
    config: Config, classifier: Classifier, *, hud: bool = False, until: Callable[[], bool] = lambda: False
) -> Iterator[Shown]:
    """Yields every frame as the program would draw it, until the source ends or `until` returns True; cameras get a governor.

    Args:
        hud: also draw the program's state, as the window does.

    Raises:
        SourceError: the source cannot be opened, or is lost.
    """
    with one_thread(), closing(open_feed(config)) as feed, open_pipeline(config, classifier, feed.info) as pipeline:
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
    """One pass of fer-cam over a clip, paced like a camera: every frame drawn, nothing saved.

    Decoding is included and not done ahead. Scans for new faces run in parallel, as with a live source.
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
    """Processes every frame as a single image, as the reference for the engine's labels."""
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
