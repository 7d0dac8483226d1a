"""The overlay, by what it leaves in the image."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.datatypes import FrameResult, Percentiles, State, TrackedFace
from realtime.drawing import canvas, hud, overlay, style
from realtime.drawing.canvas import BLACK, WHITE, Colour, Rect
from realtime.drawing.hud import Status
from realtime.drawing.overlay import draw
from realtime.drawing.style import COLOURS, DIM
from realtime.labels import LABELS, UNCERTAIN
from tests import builders

HUD = Status(fps=29.8, latency_ms=Percentiles(14.2, 22.1, 30.0))


def changed(result: FrameResult, image: NDArray[np.uint8]) -> Rect:
    """The smallest rectangle around all pixels that differ from the frame."""
    ys, xs = np.nonzero((image != result.frame.image).any(axis=2))
    return Rect(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)


def near(image: NDArray[np.uint8], colour: Colour, tolerance: int = 12) -> NDArray[np.bool_]:
    return np.asarray(np.abs(image.astype(int) - np.array(colour)).max(axis=2) <= tolerance)


def plain(size_wh: tuple[int, int], *faces: TrackedFace, fill: int = 90) -> FrameResult:
    return builders.result(faces, of=builders.frame(size_wh=size_wh, fill=fill))


# colours


def simulated(colour: Colour, missing: str) -> NDArray[np.float64]:
    """CIELAB of a colour as a dichromat sees it (Viénot, Brettel and Mollon, 1999)."""
    linear = ((np.array(colour[::-1]) / 255 + 0.055) / 1.055) ** 2.4
    to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    lose = {
        "nobody": np.eye(3),
        "protan": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
        "deutan": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
    }[missing]
    seen = np.clip(np.linalg.inv(to_lms) @ lose @ to_lms @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ seen / (0.9505, 1.0, 1.089), 1e-6))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("missing", ["nobody", "protan", "deutan"])
def test_every_pair_of_colours_is_distinguishable(missing: str) -> None:
    for a, b in combinations(COLOURS, 2):
        distance = float(np.linalg.norm(simulated(COLOURS[a], missing) - simulated(COLOURS[b], missing)))
        assert distance > 10, f"{a} and {b} look alike to {missing}: {distance:.1f}"


def test_every_expression_and_uncertain_have_a_colour_that_text_reads_on() -> None:
    assert set(COLOURS) == {*LABELS, UNCERTAIN}
    for colour in COLOURS.values():
        assert colour.contrast(colour.ink()) >= 4.5  # WCAG AA


def test_contrast_is_that_of_the_standard() -> None:
    assert Colour(0, 0, 0).contrast(WHITE) == pytest.approx(21)
    assert Colour.of("777777").contrast(WHITE) == pytest.approx(4.48, abs=0.01)
    assert Colour.of("f0e442").ink() == BLACK
    assert Colour.of("0072b2").ink() == WHITE


def test_an_expression_of_another_network_is_drawn_in_white() -> None:
    assert style.colour_of("boredom") == WHITE


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


# the state of the program


def region(hud: Status, size_wh: tuple[int, int] = (1280, 720)) -> Rect:
    result = plain(size_wh)
    return changed(result, draw(result, hud))


def test_speed_stands_in_the_upper_left_corner() -> None:
    assert region(HUD).within(Rect(0, 0, 400, 90))  # and "no face" below it


def test_an_empty_frame_says_so() -> None:
    with_face = builders.result([builders.face(box=(600, 300, 700, 400))], of=builders.frame(size_wh=(1280, 720)))
    corner = (slice(0, 90), slice(0, 400))
    empty, seen = draw(plain((1280, 720)), HUD)[corner], draw(with_face, HUD)[corner]
    ys = np.nonzero((empty != seen).any(axis=(1, 2)))[0]
    assert ys.size
    assert ys.min() > 40  # the speed above it is the same


def test_latency_is_named() -> None:
    assert hud.speed_line(HUD) == "29.8 fps   14 ms latency (p95 22)"
    assert hud.speed_line(replace(HUD, live=False)) == "29.8 fps   14 ms a frame (p95 22)"
    assert hud.speed_line(replace(HUD, profile="anna")) == "29.8 fps   14 ms latency (p95 22)   profile anna"


def test_a_file_shows_how_far_it_is_and_the_hint_goes_once_help_is_open() -> None:
    result = plain((1280, 720))
    bare = draw(result, HUD)
    half = draw(result, replace(HUD, progress=0.5))
    assert near(half[-2:, 5:635], WHITE, 30).all()
    assert not near(half[-2:, 645:], WHITE, 100).any()
    lower_left = (slice(650, 712), slice(0, 300))
    placed = draw(result, replace(HUD, position="0:07 / 0:19"))
    hinted = draw(result, replace(HUD, hint=True))
    assert not np.array_equal(placed[lower_left], bare[lower_left])
    assert not np.array_equal(hinted[lower_left], bare[lower_left])
    helped, both = draw(result, replace(HUD, help=True)), draw(result, replace(HUD, help=True, hint=True))
    np.testing.assert_array_equal(helped, both)


@pytest.mark.parametrize("x", [40, 440, 840])
def test_help_does_not_cover_the_face(x: int) -> None:
    face = builders.face(box=(x, 160, x + 400, 560))
    result = builders.result([face], of=builders.frame(size_wh=(1280, 720)))
    idle, helped = draw(result, HUD), draw(result, replace(HUD, help=True))
    changed = (helped != idle).any(axis=2)
    assert changed.sum() > 10_000
    assert not changed[160:560, x : x + 400].any()


@pytest.mark.parametrize(("size_wh", "bars"), [((640, 360), True), ((596, 336), False)])
def test_help_covers_neither_face_nor_status_and_bars_give_way_where_there_is_no_room(
    size_wh: tuple[int, int], bars: bool
) -> None:
    result = plain(size_wh, builders.face(box=(285, 60, 545, 320), label="sadness"))
    hud = replace(HUD, live=False, position="0:04 / 0:19", progress=0.2)
    bare, helped = draw(result, replace(hud, details=False)), draw(result, replace(hud, help=True))
    assert not np.array_equal(helped, bare)
    for part, name in ((np.s_[:20], "speed"), (np.s_[size_wh[1] - 25 :], "position"), (np.s_[:, 283:], "face and label")):
        assert np.array_equal(helped[part], bare[part]), name
    assert near(helped[:, :280], COLOURS["sadness"]).any() == bars


def test_where_there_is_room_help_and_bars_are_both_there() -> None:
    result = plain((1280, 720), builders.face(box=(440, 160, 840, 560), label="sadness"))
    helped = draw(result, replace(HUD, help=True))
    assert np.array_equal(helped[440:, 960:], draw(result, HUD)[440:, 960:])
    assert not np.array_equal(helped[440:, 960:], draw(result, replace(HUD, help=True, details=False))[440:, 960:])


def test_text_is_drawn_at_the_size_that_is_shown() -> None:
    """Not scaled up with a small frame: the same frame, enlarged first, looks the same."""
    small = builders.frame(size_wh=(320, 180), fill=90)
    large = builders.frame(size_wh=(1280, 720), fill=90)
    on_small = builders.result([builders.face(box=(100, 50, 150, 100))], of=small)
    on_large = builders.result([builders.face(box=(400, 200, 600, 400))], of=large)
    np.testing.assert_array_equal(draw(on_small, HUD, size_wh=(1280, 720)), draw(on_large, HUD))
    mirrored = overlay.draw(on_small, HUD, mirror=True, size_wh=(1280, 720))
    np.testing.assert_array_equal(mirrored, overlay.draw(on_large, HUD, mirror=True))


def test_a_long_notice_is_shortened_to_the_image() -> None:
    notice = "wrote " + 30 * "very long "
    shown = draw(plain((320, 240)), replace(HUD, notices=(notice,)))
    assert shown.shape == (240, 320, 3)
    assert region(replace(HUD, notices=(notice,))).x2 < 1280


def test_drops_notices_and_recording_take_room_of_their_own() -> None:
    base = region(HUD)
    assert region(replace(HUD, dropped=12)).x2 > base.x2
    assert region(replace(HUD, notices=("saved",))).y2 > base.y2
    assert region(replace(HUD, notices=("saved", "camera lost"))).y2 > region(replace(HUD, notices=("saved",))).y2
    recording = draw(plain((1280, 720)), replace(HUD, recording=True))
    assert near(recording[:50, 1180:], style.REC, 20).any()


def test_pause_and_help_stand_in_the_middle_and_help_wins() -> None:
    result = plain((1280, 720))
    idle, paused = draw(result, HUD), draw(result, replace(HUD, paused=True))
    helped = draw(result, replace(HUD, help=True))
    assert not np.array_equal(idle[310:410, 590:690], paused[310:410, 590:690])
    assert np.array_equal(helped, draw(result, replace(HUD, help=True, paused=True)))
    ys, xs = np.nonzero((helped != idle).any(axis=2))
    assert (xs.min() + xs.max()) / 2 == pytest.approx(640, abs=3)
    assert (ys.min() + ys.max()) / 2 == pytest.approx(360, abs=3)


def test_the_help_names_every_key_of_the_window() -> None:
    words = " ".join(key for key, _ in hud.KEYS)
    for key in ("space", "s", "m", "f", "d", "h", "q", "ESC"):
        assert key in words.replace(",", "").split()
