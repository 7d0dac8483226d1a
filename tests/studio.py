"""Runs the loop with a fake window, detector and sources."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import run as loop
from realtime.config import Config
from realtime.datatypes import Faces, Frame, FrameResult, SourceInfo
from realtime.drawing.hud import Hud
from realtime.errors import SourceLostError
from realtime.faces.finder import FrameByFrame, PerImageFinder
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline
from realtime.sources.base import Source
from realtime.sources.feed import DirectFeed, Feed
from realtime.views.window import Action
from tests import program
from tests.fakes import FakeSource
from tests.tiny_models import write_left_right

LOST = SourceLostError("fake stopped giving frames")
PATIENCE = 200
"""Number of key polls after which a test is stuck."""


class FakeWindow:
    """A fake window with scripted keys for each frame, one per poll; None skips one poll."""

    def __init__(self, keys: dict[int, list[Action | None]] | None = None) -> None:
        self.keys = keys or {}
        self.shown: list[int] = []
        """Indices of drawn frames, with repetitions."""
        self.huds: list[Hud] = []
        self.waits_ms: list[int] = []
        self.closed = False
        self.opened: tuple[str, bool] | None = None
        self.looked: Callable[[int], None] = lambda wait_ms: None
        self.picture: NDArray[np.uint8] | None = None
        self._idle = 0

    def open(self, title: str, mirror: bool) -> "FakeWindow":
        self.opened = (title, mirror)
        return self

    def show(self, result: FrameResult, hud: Hud) -> None:
        self.shown.append(result.frame.index)
        self.huds.append(hud)
        self.picture = result.frame.image

    def poll(self, wait_ms: int = 1) -> Action | None:
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
    """Runs the loop on a feed, with the fake window and detector."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.jsonl = folder / "out.jsonl"
        self.video = folder / "out.mp4"
        self.window = FakeWindow()
        self.watcher = Watcher()
        self.feed: Feed | None = None
        self._model = str(write_left_right(folder / "tiny.onnx"))
        monkeypatch.setattr(loop, "Window", lambda title, mirror: self.window.open(title, mirror))
        monkeypatch.setattr(loop, "open_pipeline", self._pipeline)
        monkeypatch.setattr(loop, "open_feed", lambda config: self.feed)

    def _pipeline(self, config: Config, classifier: Classifier, source: SourceInfo) -> Pipeline:
        finder = FrameByFrame(self.watcher) if source.temporal else PerImageFinder(self.watcher)
        return Pipeline(finder, classifier, config, temporal=source.temporal)

    def config(self, **options: object) -> Config:
        given = {"display": False, "jsonl": str(self.jsonl), "snapshots": self.folder, "model": self._model, "threads": 1}
        return Config(**(given | options))  # type: ignore[arg-type]

    def run(self, feed: Feed, **options: object) -> int:
        self.feed = feed
        return loop.run(self.config(**options))

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
