"""The common part of views without images, which only take markers that other programs set."""

import queue
from collections.abc import Sequence
from pathlib import Path

from realtime.datatypes import Summary
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.views.base import Action, Mark, Notice

LONGEST_NAME = 200
"""Characters of a marker's name; the rest is cut off."""


class MarkerView:
    """Takes markers from threads of its own, and gives them to the player in their order.

    A number from 1 to 9 stands for the marker of that key, any other text for itself.

    Args:
        names: of the markers with keys.
    """

    paced = False

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._arrived: queue.SimpleQueue[Mark | Notice] = queue.SimpleQueue()

    def due(self) -> bool:
        """Never: it shows nothing."""
        return False

    def show(self, painted: Painted, status: Status) -> None:
        """Shows nothing."""

    def poll(self, wait_ms: int) -> Action | Mark | Notice | None:
        """The next marker or notice that has arrived."""
        try:
            return self._arrived.get_nowait()
        except queue.Empty:
            return None

    def notice(self, text: str) -> None:
        """Shows nothing."""

    def finish(self, summary: Summary, paths: Sequence[Path]) -> None:
        """Shows nothing."""

    def close(self) -> None:
        """Ends the threads; may be called twice."""
        raise NotImplementedError

    def leave(self, text: str, at: float, by: str) -> None:
        """Adds a marker; called on any thread.

        Args:
            text: as it was received.
            at: when it was set, seconds of `time.perf_counter`.
            by: as `Mark.by`.
        """
        name = " ".join(text.split())[:LONGEST_NAME]
        if name.isdecimal() and 1 <= int(name) <= len(self._names):
            name = self._names[int(name) - 1]
        self._arrived.put(Mark(name or None, at, by))

    def say(self, text: str) -> None:
        """Adds a line for the user; called on any thread."""
        self._arrived.put(Notice(text))
