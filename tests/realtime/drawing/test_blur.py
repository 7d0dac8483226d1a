"""Faces are hidden before anything is painted, in every image that leaves the program."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.config import Config
from realtime.drawing import blur
from realtime.drawing.blur import hide
from realtime.drawing.canvas import Image
from realtime.drawing.hud import Status
from realtime.drawing.painter import HOLD_S, Painted, Painter
from realtime.errors import ConfigError
from realtime.run import Openers, run
from realtime.views.base import Action
from tests import builders, films
from tests.demo import CLIP
from tests.hidden import faces_in
from tests.studio import FakeWindow
from tests.tiny_models import write_left_right

BOX = np.array([20, 10, 44, 34], np.float32)


def noise(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


def test_a_face_becomes_a_few_blocks_and_the_rest_stays() -> None:
    image = noise()
    before = image.copy()
    hidden = hide(image, [BOX])
    np.testing.assert_array_equal(image, before)
    inside = hidden[10:34, 20:44].reshape(-1, 3)
    assert len(np.unique(inside, axis=0)) <= (blur.BLOCKS + 5) ** 2
    np.testing.assert_array_equal(hidden[:, :12], image[:, :12])
    np.testing.assert_array_equal(hidden[:, 52:], image[:, 52:])


@pytest.mark.parametrize("box", [(-30, -30, 10, 10), (50, 40, 90, 80), (100, 100, 120, 120), (0, 0, 64, 48)])
def test_boxes_may_reach_beyond_the_image(box: tuple[int, ...]) -> None:
    assert hide(noise(), [np.array(box, np.float32)]).shape == (48, 64, 3)


def test_nothing_found_is_nothing_hidden() -> None:
    image = noise()
    assert hide(image, []) is image


def test_a_face_that_is_lost_for_a_moment_stays_hidden() -> None:
    painter = Painter(blur=True)
    frame = replace(builders.frame(media_time=0.0), image=noise())
    seen = replace(builders.result(of=frame), found_xyxy=BOX[None])
    gone = [replace(builders.result(of=replace(frame, media_time=t))) for t in (0.5 * HOLD_S, 1.5 * HOLD_S)]
    first, second, third = (painter.paint(result) for result in (seen, *gone))
    assert not np.array_equal(first.result.frame.image, frame.image)
    np.testing.assert_array_equal(second.result.frame.image, first.result.frame.image)
    np.testing.assert_array_equal(third.result.frame.image, frame.image)


def test_blur_that_begins_later_knows_the_faces_from_before() -> None:
    painter = Painter()
    frame = replace(builders.frame(media_time=0.0), image=noise())
    seen = replace(builders.result(of=frame), found_xyxy=BOX[None])
    np.testing.assert_array_equal(painter.paint(seen).result.frame.image, frame.image)
    painter.blur = True
    gone = builders.result(of=replace(frame, media_time=0.5 * HOLD_S))
    assert not np.array_equal(painter.paint(gone).result.frame.image, frame.image)


def test_an_image_hides_its_own_faces_only() -> None:
    painter = Painter(blur=True, temporal=False)
    first = replace(builders.frame(captured_at=100.0), image=noise())
    second = replace(first, captured_at=100.1)
    hidden = painter.paint(replace(builders.result(of=first), found_xyxy=BOX[None]))
    assert not np.array_equal(hidden.result.frame.image, first.image)
    np.testing.assert_array_equal(painter.paint(builders.result(of=second)).result.frame.image, second.image)


def test_files_and_views_alike_are_painted_on_the_hidden_image() -> None:
    frame = replace(builders.frame(media_time=0.0), image=noise())
    painted = Painter(blur=True).paint(replace(builders.result(of=frame), found_xyxy=BOX[None]))
    status = Status(30.0, builders.summary().latency_ms)
    for image in (painted.image, painted.view(status), painted.view(status, mirror=True)[:, ::-1]):
        assert len(np.unique(image[14:30, 24:40].reshape(-1, 3), axis=0)) <= (blur.BLOCKS + 5) ** 2


class Viewer(FakeWindow):
    """A window that keeps every sixth image, and takes a snapshot of the others between them."""

    paced = False

    def __init__(self) -> None:
        super().__init__({number: [Action.SNAPSHOT] for number in range(3, 60, 6)})
        self.images: list[Image] = []

    def show(self, painted: Painted, status: Status) -> None:
        super().show(painted, status)
        if painted.result.frame.index % 6 == 0:
            self.images.append(painted.view(status, mirror=True))


def test_no_face_can_be_found_in_any_image_of_a_run(tmp_path: Path) -> None:
    viewer = Viewer()
    config = Config.of(
        source=str(CLIP),
        model=str(write_left_right(tmp_path / "tiny.onnx")),
        display=True,
        blur=True,
        save=tmp_path / "out.mp4",
        snapshots=tmp_path / "snapshots",
        max_frames=60,
    )
    (tmp_path / "snapshots").mkdir()
    assert run(config, Openers(window=viewer.open)) == 0
    snapshots = [cv2.imread(str(path)) for path in (tmp_path / "snapshots").iterdir()]
    assert faces_in(films.read(CLIP).images[:60:6]) == [1] * 10, "the clip has a face in each of these frames"
    for images in (films.read(tmp_path / "out.mp4").images[::6], viewer.images, snapshots):
        assert faces_in(images) == [0] * 10


def test_numbers_only_refuses_images() -> None:
    with pytest.raises(ConfigError, match="numbers_only and save exclude each other"):
        Config.of(numbers_only=True, save=Path("a.mp4"))


def test_hiding_a_face_takes_little_time() -> None:
    """Far below the time of a frame, at 1920x1080 with a face of 400 px."""
    image = np.zeros((1080, 1920, 3), np.uint8)
    began = cv2.getTickCount()
    for _ in range(10):
        hide(image, [np.array([700, 300, 1100, 700], np.float32)])
    assert (cv2.getTickCount() - began) / cv2.getTickFrequency() / 10 < 0.1
