"""Handles a lost X server: Qt then ends the process with exit(1) and hardly a message."""

import ctypes
import sys
from collections.abc import Callable
from contextlib import suppress

REGISTER, FORGET = "__cxa_atexit", "__cxa_finalize"
"""Of the C library (Itanium C++ ABI, 3.3.6): takes a function, its argument and an owner; calls and drops those of an owner."""

_Handler = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class LostScreen:
    """Calls a function if the process exits while this is armed.

    It registers with the C library, under a handle of its own: `disarm` takes it off the list again, since Python must not be
    called once the interpreter has ended. It does nothing on other systems than Linux.

    Args:
        finish: closes what is open; called on the thread that ends the process, at most once. It should not return.
    """

    def __init__(self, finish: Callable[[], None]) -> None:
        self._finish = finish
        self._armed = False
        self._handler = _Handler(self._called)
        self._owner = ctypes.c_char(0)
        self._libc: ctypes.CDLL | None = None
        if sys.platform.startswith("linux"):
            with suppress(OSError, AttributeError):  # another C library
                libc = ctypes.CDLL(None)
                if libc[REGISTER](self._handler, None, ctypes.byref(self._owner)) == 0:
                    self._libc, self._armed = libc, True

    def disarm(self) -> None:
        """Cancels the call; may be called twice."""
        self._armed = False
        if self._libc is not None:
            libc, self._libc = self._libc, None
            libc[FORGET](ctypes.byref(self._owner))  # calls the handler, which does nothing now, and forgets it

    def _called(self, _: int | None) -> None:
        if self._armed:
            self._armed = False
            self._finish()
