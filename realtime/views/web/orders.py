"""Requests of pages: parsed text messages, and the one page that is in control."""

import json
import math
import queue
from collections.abc import Callable
from typing import Any, Protocol

from realtime.views.base import Action, Mark
from realtime.views.web.access import Role
from realtime.views.web.hub import CAN

MOST_WAITING = 64
"""Most actions that wait for the program."""

LONGEST_TEXT = 4096
"""Longest message, in characters."""

LONGEST_NAME = 200
"""Characters of a marker's name; the rest is cut off."""

LONGEST_AGO_MS = 60_000.0
"""A marker may have been set this long ago, if the page's connection is slow."""

BY = "page"

ONLY_WATCHES = "This page may only watch."
OTHER_TAB = "Another tab is in control; take over first."
TOO_MANY = "fer-cam is busy; try again."


class OrderError(ValueError):
    """A message is not a JSON object; the text is for the page."""


def parse(text: str) -> dict[str, Any]:
    """A message as a JSON object.

    Raises:
        OrderError: it is none, or too long.
    """
    if len(text) > LONGEST_TEXT:
        raise OrderError("the message is too long")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OrderError("the message is no JSON") from error
    if not isinstance(value, dict):
        raise OrderError("the message is no JSON object")
    return value


def mark_of(order: dict[str, Any], now: float) -> Mark:
    """The marker that a message sets; `now` in seconds of the server's clock."""
    name, ago_ms = order.get("name"), order.get("ago_ms")
    text = " ".join(name.split())[:LONGEST_NAME] if isinstance(name, str) else ""
    ago_ms = number(ago_ms, 0.0, LONGEST_AGO_MS)
    return Mark(text or None, now - (ago_ms or 0.0) / 1000, BY)


def number(value: object, least: float, most: float) -> float | None:
    """A number of a message within limits; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(max(float(value), least), most)


class Page(Protocol):
    """A page that may be in control."""

    role: Role

    def told_control(self) -> None:
        """Tells it who is in control now."""


class Control:
    """One page at a time acts; the others watch until they take over. Used on the server's loop only.

    Args:
        clock: seconds, the clock of `Mark.at`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.actions: queue.Queue[Action | Mark] = queue.Queue(MOST_WAITING)
        """Read by the main thread."""
        self.holder: Page | None = None
        self._clock = clock
        self._pages: list[Page] = []

    def join(self, page: Page) -> None:
        """Adds a page; it is in control if no other page is."""
        self._pages.append(page)
        if self.holder is None and page.role is Role.CONTROL:
            self.holder = page
        self._tell()

    def leave(self, page: Page) -> None:
        """Removes a page; control is then free until another page acts."""
        if page in self._pages:
            self._pages.remove(page)
        if self.holder is page:
            self.holder = None
            self._tell()

    def take_over(self, page: Page) -> str | None:
        """Gives control to a page; returns why not, if it is refused."""
        if page.role is not Role.CONTROL:
            return ONLY_WATCHES
        self.holder = page
        self._tell()
        return None

    def refusal(self, page: Page) -> str | None:
        """Why a page may not act now; None if it may. Free control goes to the page that acts."""
        if page.role is not Role.CONTROL:
            return ONLY_WATCHES
        if self.holder is None:
            self.take_over(page)
        return None if self.holder is page else OTHER_TAB

    def act(self, page: Page, order: dict[str, Any]) -> str | None:
        """Passes an action on to the program; returns why not, if it is refused."""
        wanted = self._wanted(order)
        if wanted is None:
            return f"There is no action of the name {str(order.get('action'))[:40]!r}."
        if (reason := self.refusal(page)) is not None:
            return reason
        try:
            self.actions.put_nowait(wanted)
        except queue.Full:
            return TOO_MANY
        return None

    def _wanted(self, order: dict[str, Any]) -> Action | Mark | None:
        match order:
            case {"type": "marker"}:
                return mark_of(order, self._clock())
            case {"type": "record", "on": on}:
                return Action.RECORD if on else Action.STOP_RECORDING
            case {"type": "action", "action": Action.MARKER.value}:
                return Mark(None, self._clock(), BY)
            case {"type": "action", "action": str(name)} if name in CAN:
                return Action(name)
        return None

    def _tell(self) -> None:
        for page in self._pages:
            page.told_control()
