"""Ctrl-C and its kin: caught while a run goes on, so that it ends in order."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""What ends a run in an orderly way, where the system has it; the exit code is 128 and its number."""

HANGUP = getattr(signal, "SIGHUP", None)


class Stop:
    """Whether a signal asked the run to end.

    Attributes:
        exit_code: 128 and the signal's number, or 0 while none came.
        graceful: the loop will look; until it runs, a signal ends the program where it stands.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self.graceful = False

    def handle(self, number: int, _: FrameType | None) -> None:
        """Takes a signal; a second one does not wait for the loop any more."""
        at_once = self.exit_code != 0 or not self.graceful
        self.exit_code = 128 + number
        if at_once:
            raise SystemExit(self.exit_code)


@contextmanager
def caught(handler: Callable[[int], "signal._HANDLER"] = signal.getsignal) -> Iterator[Stop]:
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
        del before[HANGUP]  # nohup: the run is to outlive its terminal
    for number in before:
        signal.signal(number, stop.handle)
    try:
        yield stop
    finally:
        for number, given in before.items():
            signal.signal(number, signal.SIG_DFL if given is None else given)
