"""The window: its keys, its size, its end; and what happens where there is no screen."""

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.drawing.painter import Painted
from realtime.errors import SinkError
from realtime.views.base import Action
from realtime.views.window import ACTIONS, Window, check_screen
from tests import builders
from tests.drawn import HUD

TITLE = "fer-cam test"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux is without a screen")


def film(index: int = 0) -> Painted:
    frame = builders.frame(index, size_wh=(640, 360), captured_at=index / 30)
    return Painted(builders.result([builders.face(box=(100, 100, 260, 260))], of=frame))


# without a screen


@linux
def test_no_display_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(SinkError, match=r"no screen available .* use --no-display") as caught:
        Window(TITLE)
    assert "\n" not in str(caught.value)


@linux
def test_a_display_that_cannot_be_reached_is_one_line_and_no_abort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(SinkError, match="no window can be opened on the screen :987; use --no-display") as caught:
        Window(TITLE)
    assert "\n" not in str(caught.value)


@linux
def test_a_display_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(SinkError, match="the screen :987 cannot be tried"):
        check_screen(timeout_s=0.0)


def test_macos_and_windows_are_trusted_to_have_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    for platform in ("darwin", "win32"):
        check_screen(platform)


def test_opencv_without_windows_is_one_line() -> None:
    class Headless(FakeGui):
        def namedWindow(self, title: str, flags: int) -> None:  # noqa: N802
            raise cv2.error("OpenCV(4.14.0) error: (-2) The function is not implemented.\nRebuild the library with GTK+")

    with pytest.raises(SinkError, match="The function is not implemented") as caught:
        shown_by(Headless())
    assert "\n" not in str(caught.value)


OF_PAGES = {Action.RECORD, Action.STOP_RECORDING}
"""A page has no command line to ask for a recording; a window has."""


def test_every_action_has_a_key() -> None:
    assert set(ACTIONS.values()) == set(Action) - OF_PAGES


# on a screen of our own making


class FakeGui:
    """Stands in for OpenCV's windows; a test types into `keys`."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.shown: list[NDArray[np.uint8]] = []
        self.size_wh: tuple[int, int] | None = None
        self.full: list[int] = []
        self.visible = 1.0
        self.waits: list[int] = []
        self.destroyed = 0
        self.broken = False

    def namedWindow(self, title: str, flags: int) -> None:  # noqa: N802
        assert (title, flags & cv2.WINDOW_KEEPRATIO) == (TITLE, cv2.WINDOW_KEEPRATIO)

    def imshow(self, title: str, image: NDArray[np.uint8]) -> None:
        if self.broken:
            raise cv2.error("OpenCV(4.14.0) /io/window.cpp:1: error: (-2:Unspecified error) no memory in function 'imshow'\n")
        self.shown.append(image)

    def resizeWindow(self, title: str, width: int, height: int) -> None:  # noqa: N802
        self.size_wh = (width, height)

    def getWindowImageRect(self, title: str) -> tuple[int, int, int, int]:  # noqa: N802
        raise cv2.error("this backend does not tell")

    def waitKey(self, wait_ms: int) -> int:  # noqa: N802
        self.waits.append(wait_ms)
        return self.keys.pop(0) if self.keys else -1

    def getWindowProperty(self, title: str, which: int) -> float:  # noqa: N802
        assert which == cv2.WND_PROP_VISIBLE
        if self.visible < -1:
            raise cv2.error("NULL window")
        return self.visible

    def setWindowProperty(self, title: str, which: int, value: float) -> None:  # noqa: N802
        assert which == cv2.WND_PROP_FULLSCREEN
        self.full.append(int(value))

    def destroyWindow(self, title: str) -> None:  # noqa: N802
        self.destroyed += 1


@pytest.fixture
def gui() -> FakeGui:
    return FakeGui()


def shown_by(gui: FakeGui, mirror: bool = False) -> Window:
    """A window on this screen."""
    return Window(TITLE, mirror, gui=gui, check=lambda: None)


def test_a_frame_is_shown_with_its_overlay(gui: FakeGui) -> None:
    for mirror in (False, True):
        shown_by(gui, mirror).show(film(), HUD)
        assert np.array_equal(gui.shown[-1], film().view(HUD, mirror=mirror))


@pytest.mark.parametrize(
    ("size_wh", "window_wh"),
    [((640, 360), (1280, 720)), ((3840, 2160), (1280, 720)), ((720, 1280), (405, 720)), ((4000, 1), (1280, 1))],
)
def test_it_opens_as_large_as_the_screen_allows_and_is_left_alone_then(
    gui: FakeGui, size_wh: tuple[int, int], window_wh: tuple[int, int]
) -> None:
    view = shown_by(gui)
    view.show(Painted(builders.result(of=builders.frame(size_wh=size_wh))), HUD)
    assert gui.size_wh == window_wh
    gui.size_wh = None
    view.show(Painted(builders.result(of=builders.frame(size_wh=size_wh))), HUD)
    assert gui.size_wh is None


def test_keys(gui: FakeGui) -> None:
    view = shown_by(gui)
    view.show(film(), HUD)
    gui.keys = [ord(" "), ord("S"), ord("m"), 27, ord("q"), ord("x"), 0x100000 | ord("s")]
    got = [view.poll(wait) for wait in (0, 5, 5, 5, 5, 5, 5, 5)]
    assert got == [Action.PAUSE, Action.SNAPSHOT, Action.MARKER, Action.QUIT, Action.QUIT, None, Action.SNAPSHOT, None]
    assert gui.waits[:2] == [1, 5], "0 would wait for ever"


def test_help_details_and_full_screen_are_its_own_business(gui: FakeGui) -> None:
    view = shown_by(gui)
    gui.keys = [ord("h")]
    assert view.poll() is Action.HELP, "before the first frame"
    view.show(film(), HUD)
    assert np.array_equal(gui.shown[-1], film().view(replace(HUD, help=True)))
    gui.keys = [ord("d"), ord("h"), ord("f"), ord("f")]
    assert [view.poll() for _ in range(4)] == [Action.DETAILS, Action.HELP, Action.FULLSCREEN, Action.FULLSCREEN]
    assert np.array_equal(gui.shown[-1], film().view(replace(HUD, details=False)))
    assert gui.full == [cv2.WINDOW_FULLSCREEN, cv2.WINDOW_NORMAL]


@pytest.mark.parametrize("visible", [0.0, -1.0, -2.0])
def test_a_closed_window_quits_for_ever_and_stays_closed(gui: FakeGui, visible: float) -> None:
    view = shown_by(gui)
    view.show(film(), HUD)
    gui.visible = visible
    assert [view.poll(), view.poll()] == [Action.QUIT, Action.QUIT]
    count = len(gui.shown)
    view.show(film(1), HUD)
    view.close()
    assert (len(gui.shown), gui.destroyed) == (count, 0)


def test_closing_closes_once(gui: FakeGui) -> None:
    view = shown_by(gui)
    view.close()
    view.close()
    assert gui.destroyed == 1
    assert view.poll() is Action.QUIT


def test_a_window_that_cannot_be_drawn_is_one_line(gui: FakeGui) -> None:
    gui.broken = True
    with pytest.raises(SinkError, match=r"^the window cannot be drawn \(no memory in function 'imshow'\); use --no-display$"):
        shown_by(gui).show(film(), HUD)


def test_closing_a_window_that_the_user_closed_is_nothing(gui: FakeGui) -> None:
    view = shown_by(gui)
    gui.visible = -1.0
    view.close()
    assert gui.destroyed == 0
