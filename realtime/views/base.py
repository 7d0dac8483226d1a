"""The interface of every view: it shows painted frames and the state of the program, and returns the viewer's actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from realtime.datatypes import Summary
from realtime.drawing.hud import Status as Status
from realtime.drawing.painter import Painted


class Action(StrEnum):
    """An action of a viewer, by a key, a button or a message."""

    QUIT = "quit"
    PAUSE = "pause"
    SNAPSHOT = "snapshot"
    MARKER = "marker"
    CALIBRATE = "calibrate"
    FULLSCREEN = "full screen"
    DETAILS = "details"
    LESSON = "lesson"
    NEXT_FACE = "next face"
    PANEL = "panel"
    HELP = "help"
    BLUR = "blur"
    RECORD = "record"
    STOP_RECORDING = "stop recording"


@dataclass(frozen=True)
class Mark:
    """A marker that a viewer or another program sets.

    Attributes:
        name: None for a marker without one.
        at: when it was set, seconds of `time.perf_counter`.
        by: "key", "udp", "terminal", "lsl" or "page".
    """

    name: str | None
    at: float
    by: str


@dataclass(frozen=True)
class Notice:
    """A line for the user from a view that listens to others."""

    text: str


class View(Protocol):
    """Shows a run. All methods are called on the main thread.

    Attributes:
        paced: whether the view shows the images: files then play at their own speed, and images wait for a key.
    """

    paced: bool

    def due(self) -> bool:
        """Whether a frame would be shown now; a view may skip some."""

    def show(self, painted: Painted, status: Status) -> None:
        """Shows a finished frame, or the last one again when only the state has changed.

        Raises:
            SinkError: it cannot be shown.
        """

    def poll(self, wait_ms: int) -> Action | Mark | Notice | None:
        """The viewer's next action; a view with input waits at most `wait_ms` for one."""

    def notice(self, text: str) -> None:
        """One line for the viewer, now; the newest lines are also in every `Status`."""

    def finish(self, summary: Summary, paths: Sequence[Path]) -> None:
        """Shows the summary of the run and the written files."""

    def close(self) -> None:
        """Closes the view; may be called twice."""
