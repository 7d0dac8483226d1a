"""The program with a window, a detector and sources of our own making."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.config import Config
from realtime.datatypes import Faces, Frame, SourceInfo, Summary
from realtime.drawing.painter import Painted
from realtime.engine import Engine
from realtime.errors import SourceLostError
from realtime.faces.finder import FrameByFrame, PerImageFinder
from realtime.governor import Governor
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline, profile_of
from realtime.run import Openers, run
from realtime.sources.base import Source
from realtime.sources.feed import DirectFeed, Feed
from realtime.views.base import Action, Mark, Status
from tests import program
from tests.fakes import FakeSource
from tests.tiny_models import write_left_right

LOST = SourceLostError("fake stopped delivering frames")
PATIENCE = 200
"""Number of key polls after which a test is stuck."""


class FakeWindow:
    """A fake window with scripted keys for each frame, one per poll; None skips one poll."""

    paced = True

    def __init__(self, keys: dict[int, list[Action | Mark | None]] | None = None) -> None:
        self.keys = keys or {}
        self.shown: list[int] = []
        """Frames, every one as often as it was drawn."""
        self.huds: list[Status] = []
        self.notices: list[str] = []
        self.summary: Summary | None = None
        self.waits_ms: list[int] = []
        self.closed = False
        self.opened: tuple[str, bool] | None = None
        self.looked: Callable[[int], None] = lambda wait_ms: None
        self.drawn: Callable[[], None] = lambda: None
        """Called for every frame that is shown."""
        self._idle = 0

    def open(self, title: str, mirror: bool, markers: Sequence[str]) -> "FakeWindow":
        self.opened = (title, mirror)
        return self

    def due(self) -> bool:
        return True

    def show(self, painted: Painted, status: Status) -> None:
        self.drawn()
        self.shown.append(painted.result.frame.index)
        self.huds.append(status)

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def finish(self, summary: Summary, paths: Sequence[Path]) -> None:
        self.summary = summary

    def poll(self, wait_ms: int = 1) -> Action | Mark | None:
        self.waits_ms.append(wait_ms)
        self.looked(wait_ms)
        keys = self.keys.get(self.shown[-1], []) if self.shown else []
        if keys:
            self._idle = 0
            return keys.pop(0)
        self._idle += 1
        assert self._idle < PATIENCE, "no more scripted keys"
        return None

    def close(self) -> None:
        self.closed = True

    @property
    def frames(self) -> list[int]:
        """Indices of the shown frames, without repetitions."""
        return list(dict.fromkeys(self.shown))


class Watcher:
    """A fake detector with scripted results and a callback for every frame."""

    def __init__(self) -> None:
        self.frames = 0
        self.boxes: list[tuple[float, float, float, float]] = []
        self.seen: Callable[[int], None] = lambda number: None

    def detect(self, gray: NDArray[np.uint8]) -> Faces:
        self.seen(self.frames)
        self.frames += 1
        return Faces(np.array(self.boxes, np.float32).reshape(-1, 4), np.ones(len(self.boxes), np.float32))


class Reel(FakeSource):
    """A fake file with one frame for each given time."""

    def __init__(self, times_s: Iterable[float]) -> None:
        self._times = list(times_s)
        super().__init__(range(len(self._times)), live=False)

    def read(self) -> Frame | None:
        frame = super().read()
        return None if frame is None else replace(frame, media_time=self._times[frame.index])


class Studio:
    """Runs the program on any feed, with the window and the detector above.

    Attributes:
        openers: what the next run opens with.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jsonl = folder / "out.jsonl"
        self.video = folder / "out.mp4"
        self.window = FakeWindow()
        self.watcher = Watcher()
        self.feed: Feed = film()
        self.openers = Openers(engine=self.engine, window=self._open_window)
        self._model = str(write_left_right(folder / "tiny.onnx"))

    def _open_window(self, title: str, mirror: bool, markers: Sequence[str]) -> FakeWindow:
        return self.window.open(title, mirror, markers)

    def engine(self, config: Config, classifier: Classifier, clock: Callable[[], float] = time.perf_counter) -> Engine:
        """An engine on the feed and the detector."""
        info = self.feed.info
        finder = FrameByFrame(self.watcher) if info.temporal else PerImageFinder(self.watcher)
        pipeline = Pipeline(
            finder,
            classifier,
            config.reading,
            temporal=info.temporal,
            profile=profile_of(config.reading, classifier),
        )
        governor = Governor.of(info, config.reading.target_latency_ms)
        return Engine(self.feed, pipeline, governor, max_frames=config.source.max_frames, clock=clock)

    def config(self, **options: object) -> Config:
        given = {"display": False, "jsonl": str(self.jsonl), "snapshots": self.folder, "model": self._model, "threads": 1}
        return Config.of(**(given | options))

    def run(self, feed: Feed, **options: object) -> int:
        self.feed = feed
        return run(self.config(**options), self.openers)

    def types(self) -> list[str]:
        """The kinds of lines written."""
        return [row["type"] for row in program.rows(self.jsonl)]

    def indices(self) -> list[int]:
        """The frames written."""
        return [row["frame"] for row in program.frames(self.jsonl)]


class Album(FakeSource):
    """Unrelated images."""

    def __init__(self, count: int) -> None:
        super().__init__(range(1, count + 1), live=False)
        self.info = SourceInfo("album", False, False, 6, 4, None, count)


def film(*script: int | Exception) -> DirectFeed:
    return DirectFeed(FakeSource(script, live=False))


def never() -> Source:
    raise AssertionError("nothing was lost")
