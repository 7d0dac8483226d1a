"""Markers from other programs on this machine, by UDP, and from lines typed into the terminal."""

import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from realtime.errors import ConfigError
from realtime.views.marks import MarkerView

POLL_S = 0.1
"""How often the thread checks whether it should end; a marker wakes it at once."""

JOIN_S = 1.0


class Inbox(MarkerView):
    """Takes datagrams and typed lines as markers. Each is stamped when it arrives, by a thread of its own.

    Args:
        names: of the markers with keys.
        udp_port: listened to on 127.0.0.1; None for none, 0 for any that is free.
        terminal: lines are read from it; None for none. On Windows, where only sockets can be waited for, it is left alone.
        clock: seconds, the clock of `Frame.captured_at`.

    Raises:
        ConfigError: the port is in use.
    """

    def __init__(
        self,
        names: Sequence[str],
        udp_port: int | None = None,
        terminal: TextIO | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(names)
        self._clock = clock
        self._closing = threading.Event()
        self._socket = None if udp_port is None else _listen(udp_port)
        self._terminal = terminal if sys.platform != "win32" else None
        self._thread = threading.Thread(target=self._run, name="markers", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int | None:
        """The UDP port that is listened to."""
        return None if self._socket is None else int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Ends the thread; may be called twice."""
        self._closing.set()
        self._thread.join(JOIN_S)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            open_ones = [each for each in (self._socket, self._terminal) if each is not None]
            if not open_ones:
                return
            ready, _, _ = select.select(open_ones, [], [], POLL_S)
            now = self._clock()
            if self._socket is not None and self._socket in ready:
                self.leave(self._socket.recv(65_535).decode("utf-8", "replace"), now, "udp")
            if self._terminal is not None and self._terminal in ready:
                line = self._terminal.readline()
                if line:
                    self.leave(line, now, "terminal")
                else:
                    self._terminal = None  # its end


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"{port}: cannot listen there ({error.strerror}); give another port", "marker_port") from error
    return listener
