"""uvicorn on a thread of its own, started and stopped in bounded time."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from realtime.errors import SinkError
from realtime.views.web.guard import CHECK_S, Guard, GuardedHttp, GuardedWebSocket
from realtime.views.web.wire import MOST_BYTES

START_S = 10.0
GOODBYE_S = 0.5
"""Time limit for the last messages."""

STOP_S = 1.0
"""How long the thread may take to end after that; it is a daemon."""

MOST_HEAD = 16_384
"""Largest head of a request, in bytes."""

PING_S = 5.0
"""A browser that answers no ping of the WebSocket for twice this long is gone."""


class WebServer:
    """Serves an application on an open socket until it is stopped.

    Args:
        app: the application.
        listener: bound and listening; closed by the server.
        tls: certificate and key, if connections are encrypted.
        tick: called on the loop from time to time.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket, tls: ssl.SSLContext | None, tick: Callable[[], None]) -> None:
        self._listener = listener
        self._tick = tick
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=GuardedHttp,
            ws=GuardedWebSocket,
            ws_max_size=MOST_BYTES,
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            ws_per_message_deflate=False,  # JPEG does not become smaller
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=0,  # `stop` has waited already
            h11_max_incomplete_event_size=MOST_HEAD,
        )
        config.load()
        config.ssl = tls
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web server", daemon=True)

    def start(self) -> None:
        """Starts the thread and waits until it serves.

        Raises:
            SinkError: it does not.
        """
        self._thread.start()
        if not self._ready.wait(START_S) or not self._thread.is_alive():
            self.stop()
            raise SinkError("the server of --serve does not start; run it again with -v")

    def call(self, work: Callable[[], None]) -> None:
        """Calls a function on the loop, soon; drops it if the server has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(work)

    def stop(self, goodbye: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Ends the server in bounded time; may be called twice.

        Args:
            goodbye: runs on the loop before the connections are closed, for at most GOODBYE_S.
        """
        if not self._thread.is_alive() or self._loop is None:
            self._listener.close()
            return
        if goodbye is not None:
            with suppress(RuntimeError, TimeoutError):
                asyncio.run_coroutine_threadsafe(goodbye(), self._loop).result(GOODBYE_S)
        self._server.should_exit = True
        self._thread.join(STOP_S)
        self._listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        watchdog = asyncio.create_task(self._watch())
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            watchdog.cancel()
            for connection in list(self._server.server_state.connections):
                if connection.transport is not None:
                    connection.transport.abort()
            await asyncio.sleep(0)  # so that they are closed before the loop is

    async def _watch(self) -> None:
        assert self._loop is not None
        guard = Guard(self._server.server_state.connections)
        while True:
            if self._server.started:
                self._ready.set()
            try:
                guard.check(self._loop.time())
                self._tick()
            except Exception as error:  # a bug; without the guard, connections would pile up
                self._loop.call_exception_handler({"message": "the web server's watch failed", "exception": error})
            await asyncio.sleep(CHECK_S if self._ready.is_set() else 0.01)
