"""The window and its keys. OpenCV requires the main thread."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

import cv2
from cv2.typing import MatLike, Rect

from realtime.datatypes import Summary
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.errors import SinkError
from realtime.views.base import Action, Mark

FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL

FIRST_SIZE_WH = (1280, 720)
"""The window opens as large as the image fits into this, in screen pixels."""

PROBE_TIMEOUT_S = 20.0
"""A display that has not answered by then (a dead ssh tunnel) counts as missing."""


ESC = "\x1b"

ACTIONS = {
    "q": Action.QUIT,
    ESC: Action.QUIT,
    " ": Action.PAUSE,
    "s": Action.SNAPSHOT,
    "m": Action.MARKER,
    "c": Action.CALIBRATE,
    "b": Action.BLUR,
    "f": Action.FULLSCREEN,
    "d": Action.DETAILS,
    "p": Action.LESSON,
    "n": Action.NEXT_FACE,
    "e": Action.PANEL,
    "h": Action.HELP,
}
"""By key, in lower case; case is ignored."""

DIGITS = tuple("123456789")


class Gui(Protocol):
    """The part of OpenCV that shows windows."""

    def namedWindow(self, title: str, flags: int, /) -> None:  # noqa: N802
        """Opens a window."""

    def imshow(self, title: str, image: MatLike, /) -> None:
        """Gives it an image to show."""

    def resizeWindow(self, title: str, width: int, height: int, /) -> None:  # noqa: N802
        """Sets the size of its image, in screen pixels."""

    def getWindowImageRect(self, title: str, /) -> Rect:  # noqa: N802
        """Position and size of its image on the screen."""

    def getWindowProperty(self, title: str, which: int, /) -> float:  # noqa: N802
        """Such as whether it is visible."""

    def setWindowProperty(self, title: str, which: int, value: float, /) -> None:  # noqa: N802
        """Such as full screen."""

    def waitKey(self, wait_ms: int, /) -> int:  # noqa: N802
        """Handles events and waits for a key; -1 if none came."""

    def destroyWindow(self, title: str, /) -> None:  # noqa: N802
        """Closes it."""


OPENCV = cast(Gui, cv2)  # mypy takes no module for a protocol here


def check_screen(platform: str = sys.platform, timeout_s: float = PROBE_TIMEOUT_S) -> None:
    """Tries to open a window in another process, since OpenCV's Qt aborts the whole program without a display.

    Only on Linux; macOS and Windows always have a screen for programs that a user starts.

    Raises:
        SinkError: a window cannot be opened.
    """
    if not platform.startswith("linux"):
        return
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not display:
        raise SinkError("no screen available (DISPLAY is not set); use --no-display, or ssh -X for a remote window")
    # os._exit drops the window before it is painted.
    probe = f"import cv2, os; cv2.namedWindow('fer-cam', {FLAGS}); os._exit(0)"
    try:
        done = subprocess.run(
            [sys.executable, "-c", probe],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            cwd=Path(sys.prefix),  # so that a cv2.py in the user's folder is not imported
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SinkError(f"the screen {display} cannot be tried ({error}); use --no-display") from error
    if done.returncode != 0:
        raise SinkError(f"no window can be opened on the screen {display}; use --no-display, or check DISPLAY and xauth")


class Window:
    """The view with keys; it handles full screen, details and help itself.

    Args:
        title: of the window.
        mirror: whether images are mirrored, as users expect of a camera that shows themselves.
        markers: names of the markers that the keys 1 to 9 set.
        gui: opens and draws it.
        check: raises SinkError where there is no screen for it.

    Raises:
        SinkError: no screen is available.
    """

    paced = True

    def __init__(
        self,
        title: str,
        mirror: bool = False,
        markers: Sequence[str] = (),
        *,
        gui: Gui = OPENCV,
        check: Callable[[], None] = check_screen,
    ) -> None:
        check()
        self._gui = gui
        self._title = title
        self._mirror = mirror
        self._markers = markers
        self._help = False
        self._details = True
        self._full = False
        self._closed = False
        self._shown: tuple[Painted, Status] | None = None
        self._drawn_for: tuple[int, int] | None = None
        os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")  # Qt logs about fonts and Wayland on stderr
        try:
            self._gui.namedWindow(title, FLAGS)
        except cv2.error as error:
            raise SinkError(f"no window can be opened ({_first_line(error)}); use --no-display") from error

    def due(self) -> bool:
        """Every frame is shown."""
        return True

    def show(self, painted: Painted, status: Status) -> None:
        """Draws a frame, which becomes visible at the next `poll`. Does nothing once the window is closed.

        Raises:
            SinkError: the window cannot be drawn.
        """
        if self._closed:
            return  # imshow would open a new window
        first = self._shown is None
        self._shown = (painted, status)
        try:
            if first:
                self._fit(*painted.result.frame.size_hw)
            self._draw()
        except cv2.error as error:
            raise SinkError(f"the window cannot be drawn ({_first_line(error)}); use --no-display") from error

    def poll(self, wait_ms: int = 1) -> Action | Mark | None:
        """Lets the window redraw itself and waits up to `wait_ms` for a key; QUIT for ever once the window is closed."""
        if self._closed:
            return Action.QUIT
        key = self._gui.waitKey(max(1, wait_ms))  # 0 would wait for ever
        if not self._visible():
            self._closed = True
            return Action.QUIT
        if self._shown is not None and self._room(*self._shown[0].result.frame.size_hw) != self._drawn_for:
            self._draw()  # the window has another size now
        pressed = "" if key < 0 else chr(key & 0xFF).lower()
        if pressed in DIGITS and int(pressed) <= len(self._markers):
            return Mark(self._markers[int(pressed) - 1], time.perf_counter(), "key")
        action = ACTIONS.get(pressed)
        match action:
            case Action.FULLSCREEN:
                self._full = not self._full
                self._gui.setWindowProperty(
                    self._title, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN if self._full else cv2.WINDOW_NORMAL
                )
            case Action.DETAILS:
                self._details = not self._details
                self._draw()
            case Action.HELP:
                self._help = not self._help
                self._draw()
        return action

    def notice(self, text: str) -> None:
        """Does nothing: notices are part of the drawn status."""

    def finish(self, summary: Summary, paths: Sequence[Path]) -> None:
        """Does nothing: the window closes with the run."""

    def close(self) -> None:
        """Closes the window; may be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._visible():
            self._gui.destroyWindow(self._title)
            self._gui.waitKey(1)  # some backends close it only when events are handled

    def _draw(self) -> None:
        if self._shown is not None:
            painted, status = self._shown
            status = replace(status, help=self._help, details=self._details)
            self._drawn_for = self._room(*painted.result.frame.size_hw)
            self._gui.imshow(self._title, painted.view(status, mirror=self._mirror, size_wh=self._drawn_for))

    def _room(self, height: int, width: int) -> tuple[int, int] | None:
        """Size of the shown image, pixels, so that text is drawn at that size; None if unknown."""
        try:
            _, _, room_w, room_h = self._gui.getWindowImageRect(self._title)
        except cv2.error:
            return None
        scale = min(room_w / width, room_h / height)
        return (max(1, round(width * scale)), max(1, round(height * scale))) if scale > 0 else None

    def _fit(self, height: int, width: int) -> None:
        scale = min(FIRST_SIZE_WH[0] / width, FIRST_SIZE_WH[1] / height)
        self._gui.resizeWindow(self._title, max(1, round(width * scale)), max(1, round(height * scale)))

    def _visible(self) -> bool:
        """Whether the user has left the window open; a window behind another one counts as visible."""
        try:
            return self._gui.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # some backends throw for a window that is gone
            return False


def _first_line(error: cv2.error) -> str:
    """The message of OpenCV without file names, codes and advice to rebuild it."""
    return re.sub(r"^.*error: \([^)]*\)\s*", "", str(error).strip().splitlines()[0])
