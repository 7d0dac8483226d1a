"""The overlay, by what it leaves in the image: boxes, labels, bars."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.datatypes import State
from realtime.drawing import canvas, overlay, style
from realtime.drawing.canvas import Rect
from realtime.drawing.overlay import draw
from realtime.drawing.style import COLOURS, DIM
from realtime.labels import LABELS, UNCERTAIN
from tests import builders
from tests.drawn import HUD, changed, near, plain

# the image as a whole


def test_the_frame_itself_is_left_alone() -> None:
    result = plain((320, 240), builders.face())
    before = result.frame.image.copy()
    image = draw(result, HUD)
    assert np.array_equal(result.frame.image, before)
    assert image.flags.writeable
    assert not np.shares_memory(image, result.frame.image)


def test_without_faces_and_status_the_image_is_the_frame() -> None:
    result = plain((320, 240))
    assert np.array_equal(draw(result), result.frame.image)


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 2), (16, 16), (40, 10), (1, 500), (500, 1), (3840, 2160)])
@pytest.mark.parametrize("mirror", [False, True])
def test_any_size_of_image_can_be_drawn_on(size_wh: tuple[int, int], mirror: bool) -> None:
    width, height = size_wh
    faces = [
        builders.face(1, box=(0, 0, width, height)),
        builders.face(2, box=(-50, -9, 900, 900), state=State.COASTING),
        builders.face(3, box=(7000, 7000, 8000, 8000)),
    ]
    hud = replace(HUD, help=True, recording=True, notices=("hello",), dropped=3)
    assert draw(plain(size_wh, *faces), hud, mirror=mirror).shape == (height, width, 3)
    assert draw(plain(size_wh, *faces), replace(hud, help=False, paused=True), mirror=mirror).shape == (height, width, 3)


def test_sixty_faces_are_all_outlined() -> None:
    corners = [(20 + (i % 10) * 126, 20 + (i // 10) * 116) for i in range(60)]
    faces = [builders.face(i + 1, box=(x, y, x + 84, y + 84), label=LABELS[i % 8]) for i, (x, y) in enumerate(corners)]
    image = draw(plain((1280, 720), *faces), replace(HUD, details=False))
    for face, (x, y) in zip(faces, corners, strict=True):
        edge = image[y + 40 : y + 75, x : x + 5]  # beside the labels, which sit above, below or at the top
        assert near(edge, COLOURS[face.label]).any(axis=1).all(), face.id


def test_mirroring_flips_image_and_box_but_not_text() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, :100] = 60
    frame = replace(builders.frame(size_wh=(320, 240)), image=image)
    here = builders.result([builders.face(box=(60, 80, 140, 160))], of=frame)
    there = builders.result([builders.face(box=(180, 80, 260, 160))], of=replace(frame, image=image[:, ::-1].copy()))
    assert np.array_equal(draw(here, HUD, mirror=True), draw(there, HUD))
    assert not np.array_equal(draw(here, HUD, mirror=True), draw(here, HUD)[:, ::-1])


# boxes and labels


def test_the_box_has_the_colour_of_its_expression_and_the_face_inside_is_untouched() -> None:
    result = plain((1280, 720), builders.face(box=(500, 300, 700, 500), label="sadness"))
    image = draw(result, replace(HUD, details=False))
    assert near(image[400:410, 498:506], COLOURS["sadness"]).any(axis=1).all()
    assert np.array_equal(image[320:480, 520:680], result.frame.image[320:480, 520:680])


def test_uncertain_is_gray() -> None:
    image = draw(plain((1280, 720), builders.face(box=(500, 300, 700, 500), shown=UNCERTAIN)), replace(HUD, details=False))
    assert near(image[400:410, 498:506], COLOURS[UNCERTAIN]).any(axis=1).all()
    assert not near(image, COLOURS["happiness"]).any()


def test_a_coasting_face_has_gaps_in_its_box() -> None:
    box = (500, 300, 700, 500)
    for state, whole in ((State.SEEN, True), (State.COASTING, False)):
        image = draw(plain((1280, 720), builders.face(box=box, state=state)), replace(HUD, details=False))
        along = near(image[330:470, 496:508], COLOURS["happiness"], 60).any(axis=1)
        assert along.any()
        assert along.all() == whole


@pytest.mark.parametrize(
    ("box", "where"),
    [
        ((500, 300, 700, 500), "above"),
        ((500, 0, 700, 200), "below"),
        ((500, 0, 700, 720), "inside"),
        ((1200, 300, 1280, 380), "above"),
        ((-40, 300, 60, 400), "above"),
    ],
)
def test_the_label_flips_below_or_inside_where_there_is_no_room_and_stays_in_the_image(
    box: tuple[float, float, float, float], where: str
) -> None:
    result = plain((1280, 720), builders.face(box=box, label="anger"))
    image = draw(result)
    bars = draw(plain((1280, 720)), None)
    assert bars.shape == image.shape
    text = canvas.text_width("#1 anger 86 %", 14)
    filled = near(image, COLOURS["anger"], 3)
    rows = np.nonzero(filled[:, : 1280 - 310].sum(axis=1) + filled[:, 1280 - 310 :].sum(axis=1) >= text // 3)[0]
    plate = [y for y in rows if not (abs(y - box[1]) <= 3 or abs(y - box[3]) <= 3) and y < 450]
    assert plate, "no label"
    if where == "above":
        assert max(plate) < box[1]
    elif where == "below":
        assert min(plate) > box[3]
    else:
        assert box[1] < min(plate)
        assert max(plate) < box[3]


def test_labels_do_not_cover_each_other() -> None:
    faces = [builders.face(n, box=(400 + 60 * n, 300, 460 + 60 * n, 360), label=LABELS[n]) for n in range(1, 6)]
    seen: list[Rect] = []
    sizes = style.Sizes.of(np.zeros((720, 1280, 3), np.uint8))
    for face in faces:
        box = Rect(*(int(v) for v in face.box_xyxy))
        spot = overlay.place_label(face, box, seen, Rect(0, 0, 1280, 720), sizes)
        assert spot is not None
        rect, text = spot
        assert text.startswith(f"#{face.id}")
        assert rect.within(Rect(0, 0, 1280, 720))
        assert not any(rect.intersect(other).area for other in seen)
        seen.append(rect)


def test_a_label_that_fits_nowhere_is_left_out() -> None:
    sizes = style.Sizes.of(np.zeros((16, 16, 3), np.uint8))
    assert overlay.place_label(builders.face(), Rect(0, 0, 16, 16), [], Rect(0, 0, 16, 16), sizes) is None


@pytest.mark.parametrize(("size_wh", "cap"), [((320, 240), 8), ((1280, 720), 14), ((720, 1280), 14), ((3840, 2160), 42)])
def test_text_grows_with_the_image(size_wh: tuple[int, int], cap: int) -> None:
    assert style.Sizes.of(np.zeros((size_wh[1], size_wh[0], 3), np.uint8)).cap == cap


# bars


def test_the_largest_face_has_its_bars_in_the_lower_right_corner() -> None:
    small = builders.face(1, box=(100, 100, 160, 160), label="anger", likely=0.99)
    large = builders.face(2, box=(300, 100, 500, 300), label="surprise", likely=0.75)
    result = plain((1280, 720), small, large)
    with_bars, without = draw(result), draw(result, replace(HUD, details=False))
    panel = changed(result, np.where(near(without, COLOURS["surprise"])[..., None], result.frame.image, with_bars))
    assert panel.x2 > 1260
    assert panel.y2 > 700
    corner = with_bars[440:, 960:]
    assert near(corner, COLOURS["surprise"]).sum() > 5 * near(corner, COLOURS["anger"]).sum()


@pytest.mark.parametrize("side", [190, 210])
def test_of_faces_about_as_large_the_first_keeps_the_bars(side: int) -> None:
    first = builders.face(1, box=(100, 100, 300, 300), label="anger", likely=0.9)
    second = builders.face(2, box=(500, 100, 500 + side, 100 + side), label="surprise", likely=0.9)
    corner = draw(plain((1280, 720), first, second))[440:, 960:]
    assert near(corner, COLOURS["anger"]).sum() > 5 * near(corner, COLOURS["surprise"]).sum()


def test_the_length_of_a_bar_is_the_probability() -> None:
    def length(likely: float) -> int:
        image = draw(plain((1280, 720), builders.face(box=(300, 100, 500, 300), label="surprise", likely=likely)))
        return int(near(image[440:, 960:], COLOURS["surprise"]).sum(axis=1).max())

    track = 7 * 14
    assert length(1.0) == pytest.approx(track, abs=4)
    assert length(0.5) == pytest.approx(track / 2, abs=4)


def test_the_bars_show_the_fault_of_a_labelled_crop() -> None:
    def title(reason: str | None, shown: str | None = None) -> NDArray[np.uint8]:
        poor = replace(builders.face(box=(100, 80, 400, 380), shown=shown), reason=reason)
        return draw(plain((1280, 720), poor), replace(HUD, live=False))[440:500, 960:]

    fine, ends = title(None), []
    for reason in ("small", "low contrast"):
        ys, xs = np.nonzero((title(reason) != fine).any(axis=2))
        assert near(title(reason)[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1], DIM, 40).any(), "quieter than the label"
        assert ys.max() - ys.min() <= 20, "one line"
        ends.append(int(xs.max()))
    assert 100 < ends[0] < ends[1] < 300, "all of it is in the panel"
    assert np.array_equal(title(None, UNCERTAIN), title("small", UNCERTAIN)), "its caption says it"


def test_the_bars_move_to_the_left_where_they_would_cover_the_face() -> None:
    image = draw(plain((1280, 720), builders.face(box=(900, 400, 1200, 700), label="disgust")))
    assert near(image[440:, :310], COLOURS["disgust"]).sum() > 300


def test_the_bars_do_not_cover_another_face_either() -> None:
    large = builders.face(1, box=(400, 60, 700, 360), label="disgust")
    beside = builders.face(2, box=(1000, 450, 1200, 650), label="anger")
    image = draw(plain((1280, 720), large, beside))
    assert near(image[440:, :310], COLOURS["disgust"]).sum() > 300


def test_small_images_have_no_bars() -> None:
    result = plain((120, 90), builders.face(box=(30, 30, 60, 60)))
    assert np.array_equal(draw(result), draw(result, None))
    assert not (draw(result)[70:, 70:] != 90).any()


def test_details_can_be_turned_off() -> None:
    result = plain((1280, 720), builders.face(box=(300, 100, 500, 300)))
    assert np.array_equal(draw(result, replace(HUD, details=False))[440:, 960:], result.frame.image[440:, 960:])
    assert not np.array_equal(draw(result, HUD)[440:, 960:], result.frame.image[440:, 960:])
