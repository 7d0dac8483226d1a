"""The window, on a virtual screen."""

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import overlay
from realtime.datatypes import FrameResult, Percentiles
from realtime.errors import SinkError
from realtime.overlay import Hud
from realtime.sinks import window
from realtime.sinks.window import ACTIONS, Action, Window, check_screen
from tests import builders

HUD = Hud(fps=29.8, latency_ms=Percentiles(14.2, 22.1, 30.0))
TITLE = "fer-cam test"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux is without a screen")


def film(index: int = 0) -> FrameResult:
    frame = builders.frame(index, size_wh=(640, 360), captured_at=index / 30)
    return builders.result([builders.face(box=(100, 100, 260, 260))], of=frame)


# without a screen


@linux
def test_no_display_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(SinkError, match=r"there is no screen .* use --no-display") as caught:
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
    monkeypatch.setattr(window, "PROBE_TIMEOUT_S", 0.0)
    with pytest.raises(SinkError, match="the screen :987 cannot be tried"):
        check_screen()


def test_macos_and_windows_are_trusted_to_have_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delenv("DISPLAY", raising=False)
    check_screen()


def test_opencv_without_windows_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def headless(*_: object) -> None:
        raise cv2.error("OpenCV(4.14.0) error: (-2) The function is not implemented.\nRebuild the library with GTK+")

    monkeypatch.setattr(window, "check_screen", lambda: None)
    monkeypatch.setattr(cv2, "namedWindow", headless)
    with pytest.raises(SinkError, match="The function is not implemented") as caught:
        Window(TITLE)
    assert "\n" not in str(caught.value)


def test_every_action_has_a_key() -> None:
    assert set(ACTIONS.values()) == set(Action)


# on a screen of our own making


class FakeGui:
    """Stands in for OpenCV's windows; a test types into `keys`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[int] = []
        self.shown: list[NDArray[np.uint8]] = []
        self.size_wh: tuple[int, int] | None = None
        self.full: list[int] = []
        self.visible = 1.0
        self.waits: list[int] = []
        self.destroyed = 0
        self.broken = False
        monkeypatch.setattr(window, "check_screen", lambda: None)
        for name in (
            "namedWindow",
            "imshow",
            "resizeWindow",
            "waitKey",
            "getWindowProperty",
            "setWindowProperty",
            "destroyWindow",
        ):
            monkeypatch.setattr(cv2, name, getattr(self, name))

    def namedWindow(self, title: str, flags: int) -> None:  # noqa: N802
        assert (title, flags & cv2.WINDOW_KEEPRATIO) == (TITLE, cv2.WINDOW_KEEPRATIO)

    def imshow(self, title: str, picture: NDArray[np.uint8]) -> None:
        if self.broken:
            raise cv2.error("OpenCV(4.14.0) /io/window.cpp:1: error: (-2:Unspecified error) no memory in function 'imshow'\n")
        self.shown.append(picture)

    def resizeWindow(self, title: str, width: int, height: int) -> None:  # noqa: N802
        self.size_wh = (width, height)

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
def gui(monkeypatch: pytest.MonkeyPatch) -> FakeGui:
    return FakeGui(monkeypatch)


def test_a_frame_is_shown_with_its_overlay(gui: FakeGui) -> None:
    for mirror in (False, True):
        Window(TITLE, mirror).show(film(), HUD)
        assert np.array_equal(gui.shown[-1], overlay.draw(film(), HUD, mirror=mirror))


@pytest.mark.parametrize(
    ("size_wh", "window_wh"),
    [((640, 360), (1280, 720)), ((3840, 2160), (1280, 720)), ((720, 1280), (405, 720)), ((4000, 1), (1280, 1))],
)
def test_it_opens_as_large_as_the_screen_allows_and_is_left_alone_then(
    gui: FakeGui, size_wh: tuple[int, int], window_wh: tuple[int, int]
) -> None:
    view = Window(TITLE)
    view.show(builders.result(of=builders.frame(size_wh=size_wh)), HUD)
    assert gui.size_wh == window_wh
    gui.size_wh = None
    view.show(builders.result(of=builders.frame(size_wh=size_wh)), HUD)
    assert gui.size_wh is None


def test_keys(gui: FakeGui) -> None:
    view = Window(TITLE)
    view.show(film(), HUD)
    gui.keys = [ord(" "), ord("S"), ord("m"), 27, ord("q"), ord("x"), 0x100000 | ord("s")]
    got = [view.poll(wait) for wait in (0, 5, 5, 5, 5, 5, 5, 5)]
    assert got == [Action.PAUSE, Action.SNAPSHOT, Action.MARKER, Action.QUIT, Action.QUIT, None, Action.SNAPSHOT, None]
    assert gui.waits[:2] == [1, 5], "0 would wait for ever"


def test_help_details_and_full_screen_are_its_own_business(gui: FakeGui) -> None:
    view = Window(TITLE)
    gui.keys = [ord("h")]
    assert view.poll() is Action.HELP, "before the first frame"
    view.show(film(), HUD)
    assert np.array_equal(gui.shown[-1], overlay.draw(film(), replace(HUD, help=True)))
    gui.keys = [ord("d"), ord("h"), ord("f"), ord("f")]
    assert [view.poll() for _ in range(4)] == [Action.DETAILS, Action.HELP, Action.FULLSCREEN, Action.FULLSCREEN]
    assert np.array_equal(gui.shown[-1], overlay.draw(film(), replace(HUD, details=False)))
    assert gui.full == [cv2.WINDOW_FULLSCREEN, cv2.WINDOW_NORMAL]


@pytest.mark.parametrize("visible", [0.0, -1.0, -2.0])
def test_a_closed_window_quits_for_ever_and_stays_closed(gui: FakeGui, visible: float) -> None:
    view = Window(TITLE)
    view.show(film(), HUD)
    gui.visible = visible
    assert [view.poll(), view.poll()] == [Action.QUIT, Action.QUIT]
    count = len(gui.shown)
    view.show(film(1), HUD)
    view.close()
    assert (len(gui.shown), gui.destroyed) == (count, 0)


def test_closing_closes_once(gui: FakeGui) -> None:
    view = Window(TITLE)
    view.close()
    view.close()
    assert gui.destroyed == 1
    assert view.poll() is Action.QUIT


def test_a_snapshot_is_neither_mirrored_nor_covered_by_the_status(gui: FakeGui) -> None:
    view = Window(TITLE, mirror=True)
    assert view.picture is None
    view.show(film(), HUD)
    assert view.picture is not None
    assert np.array_equal(view.picture, overlay.draw(film()))


def test_a_window_that_cannot_be_drawn_is_one_line(gui: FakeGui) -> None:
    gui.broken = True
    with pytest.raises(SinkError, match=r"^the window cannot be drawn \(no memory in function 'imshow'\); use --no-display$"):
        Window(TITLE).show(film(), HUD)


def test_closing_a_window_that_the_user_closed_is_nothing(gui: FakeGui) -> None:
    view = Window(TITLE)
    gui.visible = -1.0
    view.close()
    assert gui.destroyed == 0


# on a virtual screen, in a process of its own: Qt ends the whole process when its display goes away

CHILD = """
import sys
from realtime.sinks.window import Action, Window
from tests.test_sinks_window import HUD, TITLE, film

window = Window(TITLE, mirror="mirror" in sys.argv)
print("picture", window.picture is not None, flush=True)
window.show(film(0), HUD)
window.poll(100)
print("ready", flush=True)
action = None
while action is not Action.QUIT:
    action = window.poll(20)
    if action is not None:
        print(action.value, flush=True)
window.show(film(1), HUD)  # must not open it again
print("then", window.poll(50), window.picture.shape, flush=True)
window.close()
window.close()
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """An X server without a window manager."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("needs Xvfb and xdotool")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        with os.fdopen(reader) as ready:
            number = ready.readline().strip()
        yield f":{number}"
        server.terminate()


class Viewer:
    """A process with a window, and hands to use it with."""

    def __init__(self, screen: str, *options: str) -> None:
        self.screen = screen
        self._env = os.environ | {"DISPLAY": screen}
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
            env=self._env,
        )
        assert self.line() == "picture False"
        assert self.line() == "ready"
        self.id = self._xdotool("search", "--name", f"^{TITLE}$").split()[-1]

    def line(self) -> str:
        """The next thing the process says, waiting for it."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def press(self, key: str) -> str:
        """What the process says to a key."""
        self._xdotool("windowfocus", "--sync", self.id, "key", "--window", self.id, key)
        return self.line()

    def click_x(self) -> str:
        """Asks the window to close, as the X of its frame does; what the process says to it."""
        name = ctypes.util.find_library("X11")
        if name is None:
            pytest.skip("needs libX11")
        x11 = ctypes.CDLL(name)
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        display = ctypes.c_void_p(x11.XOpenDisplay(self.screen.encode()))
        protocols, delete = (x11.XInternAtom(display, atom, False) for atom in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
        event = ClientMessage(kind=33, send_event=1, window=int(self.id), message_type=protocols, format=32)
        event.data[0] = delete
        x11.XSendEvent(display, ctypes.c_ulong(int(self.id)), False, ctypes.c_long(0), ctypes.byref(event))
        x11.XCloseDisplay(display)
        return self.line()

    def photograph(self, path: Path) -> NDArray[np.uint8]:
        """The window's 1280x720 pixels as they are on the screen."""
        if not shutil.which("import"):
            pytest.skip("needs ImageMagick's import")
        subprocess.run(["import", "-window", self.id, str(path)], env=self._env, check=True)
        picture = cv2.imread(str(path))
        assert picture is not None
        return np.asarray(picture, np.uint8)

    def end(self) -> tuple[str, str, int]:
        """Its last words, its complaints, and its exit code."""
        out, err = self._process.communicate(timeout=30)
        return out.strip(), err, self._process.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _xdotool(self, *arguments: str) -> str:
        return subprocess.run(["xdotool", *arguments], env=self._env, check=True, capture_output=True, text=True).stdout


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent, padded to the size of XEvent."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 12),
    )


@pytest.fixture
def viewer(screen: str, request: pytest.FixtureRequest) -> Iterator[Viewer]:
    it = Viewer(screen, *getattr(request, "param", ()))
    yield it
    it.kill()


@pytest.mark.window
def test_keys_become_actions(viewer: Viewer) -> None:
    keys = {"space": "pause", "s": "snapshot", "m": "marker", "f": "full screen", "d": "details", "h": "help", "S": "snapshot"}
    assert {key: viewer.press(key) for key in keys} == keys


@pytest.mark.window
@pytest.mark.parametrize("key", ["q", "Escape", "Q"])
def test_quitting_by_key(viewer: Viewer, key: str) -> None:
    assert viewer.press(key) == "quit"
    assert viewer.end()[1:] == ("", 0)


@pytest.mark.window
def test_the_x_of_the_window_quits_and_it_stays_closed(viewer: Viewer) -> None:
    assert viewer.click_x() == "quit"
    assert viewer.end() == ("then quit (360, 640, 3)", "", 0)


def difference(shown: NDArray[np.uint8], expected: NDArray[np.uint8]) -> float:
    """Mean difference of gray levels between the screen and a picture that is scaled to it."""
    scaled = cv2.resize(expected, (shown.shape[1], shown.shape[0]), interpolation=cv2.INTER_LINEAR)
    return float(np.abs(shown.astype(int) - scaled).mean())


@pytest.mark.window
@pytest.mark.parametrize(("viewer", "mirror"), [((), False), (("mirror",), True)], indirect=["viewer"])
def test_the_screen_shows_the_overlay_and_its_help(viewer: Viewer, mirror: bool, tmp_path: Path) -> None:
    plain = overlay.draw(film(), HUD, mirror=mirror)
    helped = overlay.draw(film(), replace(HUD, help=True), mirror=mirror)
    bare = overlay.draw(film(), replace(HUD, help=True, details=False), mirror=mirror)
    shown = viewer.photograph(tmp_path / "a.png")
    assert shown.shape == (720, 1280, 3)
    assert difference(shown, plain) < 1.5 < difference(shown, helped)
    assert difference(shown, plain) < difference(shown, overlay.draw(film(), HUD, mirror=not mirror)) / 2
    assert viewer.press("h") == "help"
    viewer.press("space")  # by then the window has been drawn
    assert difference(viewer.photograph(tmp_path / "b.png"), helped) < 1.5
    assert viewer.press("d") == "details"
    viewer.press("space")
    assert difference(viewer.photograph(tmp_path / "c.png"), bare) < 1.5
    assert viewer.press("q") == "quit"
    assert viewer.end()[2] == 0


@pytest.mark.window
def test_a_screen_that_can_be_reached_passes_the_check(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen)
    check_screen()
