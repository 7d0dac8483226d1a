"""The one driver of a source: what it gives, what it says, and how it ends."""

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from realtime.config import ReadingConfig
from realtime.engine import Engine
from realtime.errors import SourceLostError
from realtime.faces.finder import FrameByFrame
from realtime.governor import EFFORTS, Governor
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline
from realtime.sources.feed import MOST_AT_ONCE, DirectFeed, Feed, Notices
from tests.fakes import FakeSource
from tests.studio import LOST, Watcher, film
from tests.tiny_models import write_left_right

Make = Callable[..., Engine]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """An engine on a feed, with a network and a detector of our own."""
    classifier = Classifier.load(str(write_left_right(tmp_path / "tiny.onnx")))

    def engine(feed: Feed, governor: Governor | None = None, **options: object) -> Engine:
        pipeline = Pipeline(FrameByFrame(Watcher()), classifier, ReadingConfig())
        return Engine(feed, pipeline, governor, **options)  # type: ignore[arg-type]

    return engine


def test_every_frame_of_a_file_once_and_in_order(make: Make) -> None:
    with make(film(*range(1, 30))) as engine:
        assert [result.frame.index for result in engine.results(print)] == list(range(29))
        assert engine.finished
        assert engine.step(0.0) == ()


@pytest.mark.parametrize(("watched", "at_once"), [(True, 1), (False, MOST_AT_ONCE)])
def test_unwatched_frames_are_classified_in_batches(make: Make, watched: bool, at_once: int) -> None:
    with make(film(*range(1, 30)), watched=watched) as engine:
        assert len(engine.step(0.1)) == at_once


def test_a_limit_on_frames_is_kept_within_a_batch(make: Make) -> None:
    with make(film(*range(1, 30)), max_frames=11) as engine:
        assert len(list(engine.results(print))) == 11
        assert engine.finished


def test_frames_before_a_loss_are_given_and_the_last_notices_too(make: Make) -> None:
    notices, told = Notices(), list[str]()
    notices.add("damaged near its end")
    with make(DirectFeed(FakeSource([1, 2, LOST], live=False), notices)) as engine:
        results = engine.results(told.append)
        assert [next(results).frame.index for _ in range(2)] == [0, 1]
        with pytest.raises(SourceLostError):
            next(results)
    assert told == ["damaged near its end"]


def test_a_result_that_is_late_reduces_the_work_for_the_next(make: Make) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0
        return 1e6 + now

    with make(DirectFeed(FakeSource(range(1, 40))), Governor(0.001), clock=clock) as engine:
        told: list[str] = []
        efforts = [result.effort for result in engine.results(told.append)]
    assert (efforts[0], efforts[-1]) == (EFFORTS[0], EFFORTS[-1])
    assert told[0] == "reducing work to keep up: fewer scans"


def test_results_that_are_not_accounted_for_change_nothing(make: Make) -> None:
    with make(DirectFeed(FakeSource(range(1, 20))), Governor(0.001), clock=lambda: 1e6) as engine:
        while not engine.finished:
            engine.step(0.0)
        assert engine.effort == EFFORTS[0]


def test_closing_ends_feed_and_results(make: Make) -> None:
    feed = film(1, 2, 3)
    engine = make(feed)
    engine.close()
    engine.close()
    assert feed.finished
    assert engine.finished
    assert list(engine.results(print)) == []


def test_opencv_has_its_threads_back_when_the_last_engine_is_closed(make: Make) -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        first, second = make(film(1)), make(film(1))
        assert cv2.getNumThreads() == 1
        first.close()
        assert cv2.getNumThreads() == 1, "another one still needs it"
        second.close()
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
