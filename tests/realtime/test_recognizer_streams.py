"""The Recognizer's streams, and sessions of frames that the caller brings."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from realtime import Config, Recognizer
from realtime.engine import Engine
from realtime.errors import SourceLostError, SourceOpenError
from realtime.governor import Governor
from realtime.model.classifier import Classifier
from realtime.pipeline import open_pipeline
from realtime.sources.capture import LiveFeed
from realtime.sources.feed import MOST_AT_ONCE, DirectFeed, Feed, Notices
from tests.demo import CLIP
from tests.fakes import FakeSource
from tests.tiny_models import write_left_right

LOST = SourceLostError("fake stopped delivering frames; check that it is still plugged in")


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """A network that opens in no time."""
    return str(write_left_right(tmp_path / "tiny.onnx"))


def on(feed: Feed, clock: Callable[[], float] = time.perf_counter) -> Callable[[Config, Classifier], Engine]:
    """Has every stream read this feed."""

    def opened(config: Config, classifier: Classifier) -> Engine:
        pipeline = open_pipeline(config.reading, classifier, feed.info)
        return Engine(feed, pipeline, Governor.of(feed.info, config.reading.target_latency_ms), clock=clock)

    return opened


def lost_and_back() -> LiveFeed:
    """A camera that is lost after a frame, and there again at the second try."""
    tries = iter([SourceOpenError("not yet"), FakeSource([2], hang=True)])

    def reopen() -> FakeSource:
        found = next(tries)
        if isinstance(found, Exception):
            raise found
        return found

    return LiveFeed(FakeSource([1, LOST]), reopen, wait=lambda event, _: event.is_set())


# streams


def test_a_lost_camera_is_reported_while_the_stream_waits(tiny: str, nothing_left_behind: None) -> None:
    messages: list[str] = []
    with Recognizer(tiny, open_engine=on(lost_and_back())) as recognizer:
        stream = recognizer.stream(0, on_notice=messages.append)
        while next(stream).frame.index < 1:
            pass
        stream.close()
    assert messages[0] == f"{LOST}; reconnecting"
    assert messages[1].startswith("fake is back after ")
    assert len(messages) == 2


def test_without_a_listener_notices_are_warnings_of_the_log(tiny: str, caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices()
    notices.add("b.png cannot be read; skipped")
    feed = DirectFeed(FakeSource([1], live=False), notices)
    with Recognizer(tiny, open_engine=on(feed)) as recognizer:
        assert len(list(recognizer.stream("album"))) == 1
    assert caplog.record_tuples == [("realtime", logging.WARNING, "b.png cannot be read; skipped")]


def test_the_last_words_of_a_source_that_is_lost_for_good(tiny: str) -> None:
    messages: list[str] = []
    feed = LiveFeed(FakeSource([LOST]), lost_and_back, reconnect_s=0)
    with (
        Recognizer(tiny, open_engine=on(feed)) as recognizer,
        pytest.raises(SourceLostError, match="could not be re-opened"),
    ):
        next(recognizer.stream(0, on_notice=messages.append))
    assert messages == [f"{LOST}; reconnecting"]


def test_a_file_is_read_in_batches_and_a_camera_frame_by_frame(tiny: str) -> None:
    taken: list[int] = []

    def script() -> Iterator[int]:
        for level in range(1, 2 * MOST_AT_ONCE):
            taken.append(level)
            yield level

    for live, first in ((False, MOST_AT_ONCE), (True, 1)):
        taken.clear()
        feed = DirectFeed(FakeSource(script(), live=live))
        with Recognizer(tiny, open_engine=on(feed)) as recognizer:
            stream = recognizer.stream("film")
            assert next(stream).frame.index == 0
            assert len(taken) == first
            assert len(list(stream)) == 2 * MOST_AT_ONCE - 2


def test_frames_before_a_loss_are_given(tiny: str) -> None:
    feed = DirectFeed(FakeSource([1, 2, LOST], live=False))
    with Recognizer(tiny, open_engine=on(feed)) as recognizer:
        stream = recognizer.stream("film")
        assert [next(stream).frame.index for _ in range(2)] == [0, 1]
        with pytest.raises(SourceLostError):
            next(stream)


def test_a_slow_machine_does_less_and_says_so(tiny: str) -> None:
    """Frames captured at 1 s, 2 s, ... of the clock are older than any target by now."""
    messages: list[str] = []
    now = iter(range(1, 100))
    engine = on(DirectFeed(FakeSource(range(1, 40))), lambda: 1e6 + next(now))
    with Recognizer(tiny, Config.of(target_latency_ms=1), open_engine=engine) as recognizer:
        efforts = [result.effort.name for result in recognizer.stream(0, on_notice=messages.append)]
    assert efforts[0] == "full"
    assert efforts[-1] == "every fourth face"
    assert messages[0] == "reducing work to keep up: fewer scans"


# frames of one's own


def test_a_session_tracks_and_smooths_frames_that_are_pushed(tiny: str) -> None:
    """The same ids and labels as when the program reads the clip itself."""
    with Recognizer(tiny) as recognizer:
        read = [result for result, _ in zip(recognizer.stream(CLIP), range(40), strict=False)]
        with recognizer.session() as session:
            pushed = [session.push(result.frame.image, at=result.frame.time_s) for result in read]
        assert {face.id for result in pushed for face in result.faces} == {1}
        for mine, theirs in zip(pushed, read, strict=True):
            assert [(face.id, face.label) for face in mine.faces] == [(face.id, face.label) for face in theirs.faces]
            for a, b in zip(mine.faces, theirs.faces, strict=True):
                np.testing.assert_allclose(a.probs, b.probs, atol=1e-5)


def test_two_sessions_know_nothing_of_each_other(tiny: str) -> None:
    with Recognizer(tiny) as recognizer:
        image = next(recognizer.stream(CLIP)).frame.image
        first, second = recognizer.session(), recognizer.session()
        for n in range(8):
            ids = [face.id for face in first.push(image, at=n / 30).faces]
        assert ids == [1]
        (face,) = second.push(image, at=100.0).faces
        assert (face.id, face.first_seen_s) == (1, 100.0)


def test_a_session_refuses_times_that_go_back(tiny: str) -> None:
    with Recognizer(tiny) as recognizer:
        session = recognizer.session()
        session.push(np.zeros((90, 90), np.uint8), at=5.0)
        for at in (5.0, 4.0, float("nan")):
            with pytest.raises(ValueError, match="push frames in order of time"):
                session.push(np.zeros((90, 90), np.uint8), at=at)
        assert session.push(np.zeros((90, 90), np.uint8), at=6.0).frame.index == 1, "refused frames leave no gap"
        recognizer.close()
        with pytest.raises(ValueError, match="this session is closed"):
            session.push(np.zeros((90, 90), np.uint8))
