"""The state of the program in the image: speed, drops, notices, pause, help."""

from dataclasses import replace

import numpy as np
import pytest

from realtime.drawing import hud, overlay, style
from realtime.drawing.canvas import WHITE, Rect
from realtime.drawing.hud import Status
from realtime.drawing.overlay import draw
from realtime.drawing.style import COLOURS
from tests import builders
from tests.drawn import HUD, changed, near, plain


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
