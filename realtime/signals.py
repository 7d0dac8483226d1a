"""Catches Ctrl-C and similar signals during a run, so that it ends in order."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end a run in order, if the system has them; the exit code is 128 plus the number."""

HANGUP = getattr(signal, "SIGHUP", None)


class Stop:
    """Whether a signal requested the end of the run.

    Attributes:
        exit_code: 128 plus the signal's number; 0 if none arrived.
        graceful: whether the player checks `exit_code`; before that, a signal ends the program at once.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self.graceful = False

    def handle(self, number: int, _: FrameType | None) -> None:
        """Handles a signal; a second one ends the program at once."""
        at_once = self.exit_code != 0 or not self.graceful
        self.exit_code = 128 + number
        if at_once:
            raise SystemExit(self.exit_code)


@contextmanager
def caught(handler: Callable[[int], Any] = signal.getsignal) -> Iterator[Stop]:
    """Catches the signals that end a run, and gives them back to their handlers afterwards.

    Args:
        handler: the present handler of a signal; None for one that C code has set.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may catch signals
        return
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: handler(number) for number in numbers}
    if before.get(HANGUP) is signal.SIG_IGN:
        del before[HANGUP]  # nohup: the run must outlive its terminal
    for number in before:
        signal.signal(number, stop.handle)
    try:
        yield stop
    finally:
        for number, given in before.items():
            signal.signal(number, signal.SIG_DFL if given is None else given)
