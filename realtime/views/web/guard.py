"""Limits connections and their waiting times: uvicorn itself waits forever for the rest of a request, and for a reader."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MOST_CONNECTIONS = 160
"""Most connections at once; further ones are cut off. A browser opens about six, and the usual limit of open files is 1024."""

REQUEST_S = 10.0
"""A connection without a complete request head for this long is cut off."""

UNREAD_S = 10.0
"""One whose peer has read nothing for this long is cut off."""

CLOSING_S = 3.0
"""One that is closed, and whose peer does not read the rest, is cut off after this long."""

MOST_UNREAD = 4 << 20
"""Most bytes that wait for a peer; more accumulate only if it sends pings and never reads the answers."""

CHECK_S = 0.5


class GuardedHttp(H11Protocol):
    """Cuts off connections beyond the limit."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection, unless there are too many."""
        if len(self.connections) >= MOST_CONNECTIONS:
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """Cuts off peers that never read, and heads that cannot be read."""

    def data_received(self, data: bytes) -> None:
        """Takes data, unless what was sent before is not read."""
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()
            return
        super().data_received(data)
        if not self.handshake_initiated:  # the head was complete, and websockets does not answer one that it cannot read
            self.transport.abort()


class Guard:
    """Checks every connection from time to time and cuts off those that wait too long.

    Args:
        connections: those of the server, which changes them.
    """

    def __init__(self, connections: set[Any]) -> None:
        self._connections = connections
        self._waiting: dict[tuple[Any, str], float] = {}

    def check(self, now: float) -> None:
        """Checks all of them; `now` in seconds of any monotonic clock."""
        waiting: dict[tuple[Any, str], float] = {}
        for connection in list(self._connections):
            for fault, limit_s in _faults(connection):
                since = waiting[connection, fault] = self._waiting.get((connection, fault), now)
                if now - since >= limit_s:
                    connection.transport.abort()
        self._waiting = waiting


def _faults(connection: Any) -> list[tuple[str, float]]:
    """What a connection is waiting for, and for how long it may."""
    transport = connection.transport
    if transport is None:
        return []
    found = []
    if transport.is_closing():
        found.append(("closing", CLOSING_S))
    if transport.get_write_buffer_size() > 0:
        found.append(("unread", UNREAD_S))
    if isinstance(connection, H11Protocol) and (connection.cycle is None or connection.cycle.response_complete):
        found.append(("no request", REQUEST_S))
    return found
