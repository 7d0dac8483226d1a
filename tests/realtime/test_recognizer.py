"""The library's door, with the network that ships."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import realtime
from realtime import LABELS, Config, FrameResult, Recognizer
from realtime.engine import Engine
from realtime.errors import ConfigError, SourceLostError, SourceOpenError, WeightsNotFound
from realtime.governor import Governor
from realtime.model.classifier import Classifier
from realtime.pipeline import open_pipeline
from realtime.sources.capture import LiveFeed
from realtime.sources.feed import MOST_AT_ONCE, DirectFeed, Feed, Notices
from tests.demo import CLIP, demo_frame
from tests.fakes import FakeSource
from tests.tiny_models import write_left_right

LOST = SourceLostError("fake stopped delivering frames; check that it is still plugged in")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


def test_a_single_image_needs_no_warming_up(recognizer: Recognizer) -> None:
    shot = demo_frame(20)
    result = recognizer.process(shot.image)
    (face,) = result.faces
    assert face.label == "neutral"
    assert abs(face.box_xyxy - shot.boxes_xyxy[0]).max() < 0.25 * (face.box_xyxy[2] - face.box_xyxy[0])
    assert recognizer.labels == LABELS == result.labels


def test_nothing_is_carried_from_image_to_image(recognizer: Recognizer) -> None:
    image = demo_frame(20).image
    first = recognizer.process(image)
    recognizer.process(np.zeros_like(image))
    again = recognizer.process(image)
    np.testing.assert_array_equal(first.faces[0].probs, again.faces[0].probs)
    assert first.faces[0].id != again.faces[0].id


def test_a_gray_image_reads_the_same(recognizer: Recognizer) -> None:
    image = demo_frame(20).image
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    (face,) = recognizer.process(np.asarray(gray, np.uint8)).faces
    np.testing.assert_allclose(face.probs, recognizer.process(image).faces[0].probs, atol=1e-3)


def test_the_caller_keeps_the_right_to_draw_on_the_image(recognizer: Recognizer) -> None:
    image = demo_frame(20).image.copy()
    result = recognizer.process(image)
    image[:] = 0
    assert result.frame.image.any()


def test_an_image_without_faces(recognizer: Recognizer) -> None:
    assert recognizer.process(np.full((100, 100, 3), 90, np.uint8)).faces == ()


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (4320, 7680)])
def test_images_of_every_size(recognizer: Recognizer, size: tuple[int, int]) -> None:
    assert recognizer.process(np.zeros((*size, 3), np.uint8)).faces == ()


def test_crops_of_different_sizes_make_one_batch(recognizer: Recognizer) -> None:
    shot = demo_frame(20)
    x1, y1, x2, y2 = shot.boxes_xyxy[0].astype(int)
    crop = shot.image[y1:y2, x1:x2]
    larger = np.asarray(cv2.resize(crop, (300, 300), interpolation=cv2.INTER_LINEAR), np.uint8)
    scores = recognizer.classify([crop, larger, crop[:, :, 0]])
    assert scores.names() == ("neutral",) * 3
    np.testing.assert_allclose(scores.probs.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(scores.probs[0], scores.probs[1], atol=0.1)


def test_no_crops(recognizer: Recognizer) -> None:
    assert len(recognizer.classify([])) == 0


def test_a_stream_gives_every_frame_of_a_file(recognizer: Recognizer) -> None:
    results: list[FrameResult] = []
    for result in recognizer.stream(CLIP):
        results.append(result)
        if len(results) == 40:
            break
    assert [result.frame.index for result in results] == list(range(40))
    assert {face.id for result in results for face in result.faces} == {1}


def test_a_stream_that_is_not_there(recognizer: Recognizer, tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError):
        next(recognizer.stream(tmp_path / "nowhere.mp4"))


def test_settings_are_passed_on() -> None:
    image = demo_frame(20).image
    assert Recognizer(config=Config.of(min_face=450)).process(image).faces == ()


def test_a_model_that_is_not_there() -> None:
    with pytest.raises(WeightsNotFound):
        Recognizer("nowhere.onnx")


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """A network that opens in no time."""
    return str(write_left_right(tmp_path / "tiny.onnx"))


# what cannot both be meant


def test_the_model_of_the_config_is_the_one_that_runs(tiny: str) -> None:
    with Recognizer(config=Config.of(model="fast")) as fast:
        assert fast.model == "fer-resnet50-fast-int8.onnx"
    for named in (
        Recognizer(tiny),
        Recognizer(Path(tiny)),
        Recognizer(tiny, Config.of(model=tiny)),
        Recognizer(tiny, Config()),
    ):
        with named:
            assert named.model == "tiny.onnx"


@pytest.mark.parametrize("model", ["int8", "auto"])
def test_two_models_are_refused(model: str) -> None:
    said = rf"Recognizer\('{model}'\) and Config\.of\(model='fast'\) name two networks; give one"
    with pytest.raises(ConfigError, match=said):
        Recognizer(model, Config.of(model="fast"))


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (Config.of(save=Path()), "save"),
        (Config.of(jsonl="-"), "jsonl"),
        (Config.of(csv="t.csv"), "csv"),
        (Config.of(blur=True, osc="127.0.0.1:9000"), "blur, osc"),
        (Config.of(session=Path("P07"), participant="P07"), "session, participant"),
        (Config.of(display=True), "display"),
        (Config.of(mirror=True, overwrite=True), "mirror, overwrite"),
        (Config.of(snapshots=Path("shots"), jsonl="a.jsonl"), "jsonl, snapshots"),
    ],
)
def test_a_config_that_asks_for_a_window_or_a_file_is_refused(config: Config, names: str) -> None:
    with pytest.raises(ConfigError, match=f"shows and writes nothing, but its Config sets {names}; "):
        Recognizer(config=config)


def test_a_config_may_disable_unused_features(tiny: str) -> None:
    Recognizer(tiny, Config.of(display=False, mirror=False)).close()


def test_the_source_of_the_config_is_read(tiny: str) -> None:
    with Recognizer(tiny, Config.of(source=str(CLIP), max_frames=3)) as recognizer:
        assert [result.frame.index for result in recognizer.stream()] == [0, 1, 2]
        assert len(list(recognizer.stream(CLIP))) == 3
        with pytest.raises(ConfigError, match="name two sources; give one of them"):
            recognizer.stream("other.mp4")


def test_a_path_is_a_file_whatever_its_name(tiny: str, tmp_path: Path) -> None:
    with Recognizer(tiny) as recognizer, pytest.raises(SourceOpenError, match=r"demo not found"):
        next(recognizer.stream(tmp_path / "demo"))


# what is no image


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (None, "None; cv2.imread returns None for a file that it cannot read"),
        ("face.jpg", "is a str, not pixels; read the file with cv2.imread"),
        (CLIP, "not pixels; read the file with cv2.imread, or give it to stream"),
        ([[0, 0], [0, 0]], "is a list, not a NumPy array"),
    ],
)
def test_other_arguments_are_refused_with_a_remedy(recognizer: Recognizer, image: object, says: str) -> None:
    with pytest.raises(ValueError, match=f"^image .*{says}"):
        recognizer.process(image)  # type: ignore[arg-type]
    crop = np.zeros((48, 48), np.uint8)
    with pytest.raises(ValueError, match=f"^crop 1 .*{says}"):
        recognizer.classify([crop, image])  # type: ignore[list-item]


# streams


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


# the end


def test_a_closed_recognizer_says_so(tiny: str) -> None:
    with Recognizer(tiny) as recognizer:
        stream = recognizer.stream(CLIP)
        next(stream)
    recognizer.close()
    for read in (
        lambda: recognizer.process(np.zeros((9, 9), np.uint8)),
        lambda: recognizer.classify([]),
        lambda: recognizer.stream(CLIP),
        lambda: list(stream),
    ):
        with pytest.raises(ValueError, match="this Recognizer is closed; make a new one"):
            read()


def test_closing_ends_the_threads(tiny: str) -> None:
    before = set(threading.enumerate())
    with Recognizer(tiny, Config.of(threads=3)) as recognizer:
        recognizer.classify([np.zeros((48, 48), np.uint8)] * 9)
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) - before == set()


def test_the_door_knows_its_names() -> None:
    for name in realtime.__all__:
        assert getattr(realtime, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        realtime.nonsense  # noqa: B018
