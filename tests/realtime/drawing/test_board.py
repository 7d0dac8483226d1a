"""The lesson view: every step at its place, at every size, and never a face that is hidden."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from realtime.datatypes import FrameResult
from realtime.drawing import board, overlay
from realtime.drawing.board_layout import layout
from realtime.drawing.hud import Banner
from realtime.drawing.painter import Painter
from realtime.lesson.steps import Lesson, Steps
from realtime.model.classifier import Classifier
from tests import builders, demo
from tests.drawn import HUD

SIZES = [(640, 480), (960, 720), (1280, 720), (1920, 1080)]
LESSON = replace(HUD, lesson=True)


@pytest.fixture(scope="module")
def lesson(classifier: Classifier) -> Iterator[Lesson]:
    made = Lesson(classifier.prepare)
    yield made
    made.close()


@pytest.fixture(scope="module")
def result() -> FrameResult:
    """Two faces of the demo clip."""
    shot = demo.demo_frame(420)
    faces = [
        builders.face(number, box=tuple(map(float, box)))  # type: ignore[arg-type]
        for number, box in enumerate(shot.boxes_xyxy, 1)
    ]
    assert len(faces) == 2
    return builders.result(faces, of=replace(builders.frame(420, media_time=14.0), image=shot.image))


@pytest.fixture(scope="module")
def steps(lesson: Lesson, result: FrameResult) -> Steps:
    return lesson.steps(result.frame, result.faces[0], exact=True)


@pytest.mark.parametrize("size_wh", SIZES)
def test_video_and_steps_do_not_overlap_and_lie_inside(size_wh: tuple[int, int]) -> None:
    places = layout(*size_wh, 4 / 3)
    assert places is not None
    rects = [places.video, places.side, *places.tiles]
    for n, rect in enumerate(rects):
        assert 0 <= rect.x1 < rect.x2 <= size_wh[0]
        assert 0 <= rect.y1 < rect.y2 <= size_wh[1]
        assert all(rect.intersect(other).area == 0 for other in rects[n + 1 :])
    assert places.video.width / places.video.height == pytest.approx(4 / 3, rel=0.02)


def test_a_window_that_is_too_small_shows_the_video_and_says_so(lesson: Lesson, result: FrameResult) -> None:
    assert board.draw(result, LESSON, None, size_wh=(300, 200)) is None
    painted = Painter(lesson=lesson).paint(result)
    told = replace(LESSON, notices=(*LESSON.notices, "the lesson view needs a larger window"))
    assert np.array_equal(painted.view(LESSON, size_wh=(300, 200)), overlay.draw(result, told, size_wh=(300, 200)))


@pytest.mark.parametrize("size_wh", SIZES)
def test_the_network_input_is_shown_pixel_by_pixel(size_wh: tuple[int, int], result: FrameResult, steps: Steps) -> None:
    drawn = board.draw(result, LESSON, steps, size_wh=size_wh)
    places = layout(*size_wh, 4 / 3)
    assert drawn is not None
    assert places is not None
    assert drawn.shape == (size_wh[1], size_wh[0], 3)
    tile = places.tiles[2]
    pixel = tile.width // 48
    middles = drawn[tile.y1 + pixel // 2 : tile.y2 : pixel, tile.x1 + pixel // 2 : tile.x2 : pixel, 0]
    assert np.array_equal(middles, steps.equalized)


def test_images_are_mirrored_and_words_are_not(result: FrameResult, steps: Steps) -> None:
    plain, mirrored = (board.draw(result, LESSON, steps, mirror=mirror, size_wh=(1280, 720)) for mirror in (False, True))
    places = layout(1280, 720, 4 / 3)
    assert plain is not None
    assert mirrored is not None
    assert places is not None
    for tile in (places.tiles[1], places.tiles[3]):
        part = np.s_[tile.y1 : tile.y2, tile.x1 : tile.x2]
        assert np.array_equal(plain[part][:, ::-1], mirrored[part])
    below = np.s_[places.tiles[0].y2 :, :]
    assert np.array_equal(plain[below], mirrored[below])


def test_without_a_face_the_places_are_empty(result: FrameResult, steps: Steps) -> None:
    nobody = replace(result, faces=())
    empty, full = board.draw(nobody, LESSON, None, size_wh=(1280, 720)), board.draw(result, LESSON, steps, size_wh=(1280, 720))
    places = layout(1280, 720, 4 / 3)
    assert empty is not None
    assert full is not None
    assert places is not None
    for tile in places.tiles:
        part = np.s_[tile.y1 : tile.y2, tile.x1 : tile.x2]
        assert len(np.unique(empty[part])) <= 3
        assert not np.array_equal(empty[part], full[part])


def test_another_face_can_be_explained(lesson: Lesson, result: FrameResult) -> None:
    painted = Painter(lesson=lesson).paint(result)
    first, second, gone = (painted.view(replace(LESSON, chosen=chosen), size_wh=(1280, 720)) for chosen in (1, 2, 9))
    assert not np.array_equal(first, second)
    closest = overlay.closest(result.faces).id
    assert np.array_equal(gone[400:], (first if closest == 1 else second)[400:])


def test_faces_that_are_hidden_are_not_explained(lesson: Lesson, result: FrameResult) -> None:
    painter = Painter(lesson=lesson, teach=True)
    painter.blur = True
    hidden = painter.paint(result)
    blurred = Painter(blur=True).paint(result)
    assert np.array_equal(hidden.view(LESSON, size_wh=(960, 720)), blurred.view(LESSON, size_wh=(960, 720)))
    assert np.array_equal(hidden.image, blurred.image)


def test_a_saved_video_shows_the_lesson_only_if_it_was_asked_for(lesson: Lesson, result: FrameResult) -> None:
    plain = Painter(lesson=lesson).paint(result).image
    assert np.array_equal(plain, overlay.draw(result))
    taught = Painter(lesson=lesson, teach=True).paint(result).image
    assert taught.shape == plain.shape
    assert not np.array_equal(taught, plain)


def test_the_banner_is_drawn_with_a_lamp_whose_colour_says_whether_anything_is_stored() -> None:
    result = builders.result([], of=builders.frame(size_wh=(1280, 720)))
    bare = overlay.draw(result, HUD)
    idle, storing = (
        overlay.draw(result, replace(HUD, banner=Banner("expressions are read, nothing is stored", stores)))
        for stores in (False, True)
    )
    corner = np.s_[660:720, :500]
    assert not np.array_equal(idle[corner], bare[corner])
    assert not np.array_equal(idle[corner], storing[corner])
    assert np.array_equal(idle[:600], bare[:600])
