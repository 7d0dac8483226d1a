"""The Recognizer of the Python interface on images, and its settings."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

import realtime
from realtime import LABELS, Config, FrameResult, Recognizer
from realtime.errors import ConfigError, SourceOpenError, WeightsNotFound
from tests.demo import CLIP, demo_frame
from tests.tiny_models import write_left_right


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


def test_a_config_in_the_place_of_the_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"give the config by name: Recognizer\(config=\.\.\.\)"):
        Recognizer(Config())  # type: ignore[arg-type]


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
