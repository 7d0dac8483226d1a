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
from realtime.datatypes import Frame, FrameResult, SourceInfo
from realtime.drawing import overlay
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.engine import Engine
from realtime.errors import ConfigError
from realtime.meter import Meter
from realtime.model.classifier import Classifier
from realtime.pipeline import open_pipeline
from realtime.run import short_collections
from realtime.sources import open_source
from realtime.sources.base import Source
from realtime.sources.capture import open_feed
from realtime.sources.feed import DirectFeed

POLL_S = 0.5
"""How long to wait for a live frame before checking `until` again."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One finished frame of fer-cam.

    Attributes:
        result: its faces and data.
        image: uint8 (H,W,3), the drawn frame.
        drawn_at: time.perf_counter after drawing.
        steps: duration of each stage.
        dropped: unprocessed frames of a live source so far.
    """

    result: FrameResult
    image: NDArray[np.uint8]
    drawn_at: float
    steps: Steps
    dropped: int


def load(config: Config) -> Classifier:
    """The network. See `session.locate` and `session.Session` for what can go wrong."""
    return Classifier.load(config.model.name, config.model.threads, config.model.provider)


def info_of(config: Config) -> SourceInfo:
    """Opens a source and returns its properties.

    Raises:
        SourceOpenError: it cannot be opened.
    """
    with closing(open_feed(config.source)) as feed:
        return feed.info


def clip_of(config: Config) -> tuple[Path, SourceInfo]:
    """The video file that the config names.

    Raises:
        SourceOpenError: it cannot be opened.
        ConfigError: it is no video file.
    """
    info = info_of(config)
    path = path_of(info)
    if path is None:
        raise ConfigError(f"--video {config.source.location}: give a video file")
    return path, info


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
    with Engine.open(config, classifier) as engine, short_collections():
        engine.watched = True
        meter = Meter(classifier.spec.labels)
        while not (engine.finished or until()):
            started = time.perf_counter()
            for result in engine.step(POLL_S):
                processed = time.perf_counter()
                meter.add(result, processed)
                painted = Painted(result)
                state = Status(meter.fps, meter.latency_ms, engine.dropped, effort=engine.effort) if hud else None
                image = painted.image if state is None else painted.view(state)
                drawn = time.perf_counter()
                engine.account(result)
                decode_s = processed - started - result.stages.total
                yield Shown(result, image, drawn, _steps(decode_s, result, drawn - processed), engine.dropped)


def play(config: Config, classifier: Classifier) -> list[Steps]:
    """One pass of fer-cam over a clip, paced like a camera: every frame drawn, nothing saved.

    Decoding is included and not done ahead. Scans for new faces run in parallel, as with a live source.
    """
    steps: list[Steps] = []
    source = open_source(config.source)
    camera = AsCamera(source)
    with Engine(camera, open_pipeline(config.reading, classifier, camera.info)) as engine:
        began = time.perf_counter()
        while True:
            started = time.perf_counter()
            results = engine.step(POLL_S)
            processed = time.perf_counter()
            if not results:
                return steps
            overlay.draw(results[0])
            drawn = time.perf_counter()
            decode_s = processed - started - results[0].stages.total
            steps.append(_steps(decode_s, results[0], drawn - processed))
            time.sleep(max(0.0, began + camera.media_time - drawn))


class AsCamera(DirectFeed):
    """A file's frames as if a camera gave them, captured at the moment they are decoded.

    Attributes:
        media_time: of the last frame, seconds.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.media_time = 0.0

    @property
    def info(self) -> SourceInfo:
        """Reported as live."""
        return replace(super().info, live=True)

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame, stamped now."""
        frame = super().next(timeout_s)
        if frame is None:
            return None
        self.media_time = frame.media_time or 0.0
        return replace(frame, captured_at=time.perf_counter(), media_time=None)


def alone(config: Config, classifier: Classifier) -> Iterator[FrameResult]:
    """Every frame read by itself, as if it were a single image: the reference for the engine's results."""
    reading = replace(config.reading, smoothing_s=0.0)
    feed = open_feed(config.source)
    pipeline = open_pipeline(reading, classifier, replace(feed.info, temporal=False, live=False))
    with Engine(feed, pipeline, watched=True) as engine:
        yield from engine.results(lambda line: None)


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
