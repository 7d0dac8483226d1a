"""Whether a window can be opened."""

import os
from collections.abc import Callable, Iterator

from realtime.checkup.check import Check
from realtime.errors import SinkError
from realtime.views.window import check_screen


def checks() -> Iterator[Check]:
    """Of this screen."""
    yield screen(check_screen, os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "")


def screen(check: Callable[[], None], display: str) -> Check:
    """Whether a window opens, in a process of its own. Without one, data and files are written as with one.

    Args:
        check: tries; raises SinkError.
        display: the name of the screen, where it has one.
    """
    try:
        check()
    except SinkError as error:
        return Check.warned_by("screen", error, flags=("--no-display",))
    return Check.ok("screen", f"a window opens{f' on {display}' if display else ''}")
