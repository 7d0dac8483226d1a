"""The window on a virtual screen, with keys and clicks from outside."""

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

from realtime.views.window import check_screen
from tests.conftest import ROOT
from tests.drawn import HUD
from tests.realtime.views.test_window import TITLE, film

# on a virtual screen, in a process of its own: Qt ends the whole process when its display goes away

CHILD = """
import sys
from realtime.views.base import Action
from realtime.views.window import Window
from tests.drawn import HUD
from tests.realtime.views.test_window import TITLE, film

window = Window(TITLE, mirror="mirror" in sys.argv)
window.show(film(0), HUD)
window.poll(100)
print("ready", flush=True)
action = None
while action is not Action.QUIT:
    action = window.poll(20)
    if action is not None:
        print(action.value, flush=True)
window.show(film(1), HUD)  # must not open it again
print("then", window.poll(50), flush=True)
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
            cwd=ROOT,
            env=self._env,
        )
        assert self.line() == "ready"
        self.id = self._xdotool("search", "--name", f"^{TITLE}$").split()[-1]

    def line(self) -> str:
        """The next thing the process says, waiting for it."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def press(self, key: str) -> str:
        """The output of the process after a key."""
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
        image = cv2.imread(str(path))
        assert image is not None
        return np.asarray(image, np.uint8)

    def end(self) -> tuple[str, str, int]:
        """Its last words, its complaints, and its exit code."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        # not communicate(), which does not see what readline() has buffered
        out, err = self._process.stdout.read().strip(), self._process.stderr.read()
        return out, err, self._process.wait(30)

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
    assert viewer.end() == ("then quit", "", 0)


SIZE_WH = (1280, 720)
"""Of the window: the image of 640x360 is twice as large in it, and its text is drawn at that size."""


def difference(shown: NDArray[np.uint8], expected: NDArray[np.uint8]) -> float:
    """Mean difference of gray levels between the screen and an image of its size."""
    return float(np.abs(shown.astype(int) - expected).mean())


@pytest.mark.window
@pytest.mark.parametrize(("viewer", "mirror"), [((), False), (("mirror",), True)], indirect=["viewer"])
def test_the_screen_shows_the_overlay_and_its_help(viewer: Viewer, mirror: bool, tmp_path: Path) -> None:
    plain = film().view(HUD, mirror=mirror, size_wh=SIZE_WH)
    helped = film().view(replace(HUD, help=True), mirror=mirror, size_wh=SIZE_WH)
    bare = film().view(replace(HUD, help=True, details=False), mirror=mirror, size_wh=SIZE_WH)
    assert [viewer.press("space"), viewer.press("space")] == ["pause", "pause"]  # by then the window has its size
    shown = viewer.photograph(tmp_path / "a.png")
    assert shown.shape == (720, 1280, 3)
    assert difference(shown, plain) < 1.5 < difference(shown, helped)
    assert difference(shown, plain) < difference(shown, film().view(HUD, mirror=not mirror, size_wh=SIZE_WH)) / 2
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
