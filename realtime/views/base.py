"""What every view promises: it shows painted frames and the state of the program, and passes on what its viewer asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from realtime.datatypes import Summary
from realtime.drawing.hud import Status as Status
from realtime.drawing.painter import Painted


class Action(StrEnum):
    """What a viewer asks for, whether by a key, a button or a message."""

    QUIT = "quit"
    PAUSE = "pause"
    SNAPSHOT = "snapshot"
    MARKER = "marker"
    FULLSCREEN = "full screen"
    DETAILS = "details"
    HELP = "help"


@dataclass(frozen=True)
class Mark:
    """A marker that a viewer or another program sets.

    Attributes:
        name: None for a marker without one.
        at: when it was set, seconds of `time.perf_counter`.
        by: "key", "udp" or "terminal".
    """

    name: str | None
    at: float
    by: str


class View(Protocol):
    """A place where a run is watched. All of it is called on the main thread.

    Attributes:
        paced: whether somebody watches the images themselves: files then play at their own speed, images wait for a key.
    """

    paced: bool

    def due(self) -> bool:
        """Whether a frame would be shown now; a view may leave some out."""

    def show(self, painted: Painted, status: Status) -> None:
        """Shows a finished frame, or the last one again when only the state has changed.

        Raises:
            SinkError: it cannot be shown.
        """

    def poll(self, wait_ms: int) -> Action | Mark | None:
        """What the viewer asks for; where it takes input, it waits at most `wait_ms` for some."""

    def notice(self, text: str) -> None:
        """One line for the viewer, now; the newest lines are also in every `Status`."""

    def finish(self, summary: Summary, paths: Sequence[Path]) -> None:
        """Tells what came of the run and which files were written."""

    def close(self) -> None:
        """Goes away; may be called twice."""
