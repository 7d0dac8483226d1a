"""Connections that wait for too long, or are too many, are cut off."""

import socket
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from realtime.views.web.guard import CLOSING_S, MOST_CONNECTIONS, REQUEST_S, UNREAD_S, Guard
from tests.web_client import Browser, stage

pytestmark = pytest.mark.timeout(120)


class Wire:
    """A transport."""

    def __init__(self, *, closing: bool = False, unread: int = 0) -> None:
        self.closing, self.unread, self.aborted = closing, unread, False

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self.unread

    def abort(self) -> None:
        self.aborted = True


class Plug:
    """A connection, of no kind that waits for requests."""

    def __init__(self, transport: Wire) -> None:
        self.transport = transport


@pytest.mark.parametrize(("state", "limit_s"), [({"closing": True}, CLOSING_S), ({"unread": 1}, UNREAD_S)])
def test_a_connection_that_waits_for_too_long_is_cut_off(state: dict[str, Any], limit_s: float) -> None:
    waits, works = Wire(**state), Wire()
    guard = Guard({Plug(waits), Plug(works)})
    for now in (0.0, limit_s - 0.1):
        guard.check(now)
    assert not waits.aborted
    guard.check(limit_s)
    assert waits.aborted
    assert not works.aborted


def test_one_that_reads_in_between_is_not() -> None:
    transport = Wire(unread=1)
    guard = Guard({Plug(transport)})
    for step in range(10):
        transport.unread = step % 2
        guard.check(step * UNREAD_S)
    assert not transport.aborted


@pytest.mark.slow
def test_a_request_that_never_comes_is_cut_off(tmp_path: Path) -> None:
    """Nothing, half a head, a head and half of its body, and a second request by single bytes."""
    with stage(tmp_path) as on, ExitStack() as stack:
        host = f"127.0.0.1:{on.port}"
        post = f"POST /session HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 500\r\n\r\n{{"
        get = f"GET /me HTTP/1.1\r\nHost: {host}\r\n\r\n"
        starts = ["", "GET / HTTP/1.1\r\nHost", post, get]
        slow = [stack.enter_context(closing(socket.create_connection(("127.0.0.1", on.port)))) for _ in starts]
        for each, text in zip(slow, starts, strict=True):
            each.sendall(text.encode())
        open_ones, deadline = set(slow), time.monotonic() + REQUEST_S + 10
        while open_ones and time.monotonic() < deadline:
            assert Browser(on.port).get("/me").code == 200  # the others are served meanwhile
            for each in list(open_ones):
                each.settimeout(0.2)
                with suppress(TimeoutError):
                    try:
                        each.sendall(b"x")  # a byte now and then, as slow loris does
                        if each.recv(65_536) == b"":
                            open_ones.remove(each)
                    except OSError as error:
                        if isinstance(error, TimeoutError):
                            raise
                        open_ones.remove(each)
        assert open_ones == set()


def test_more_connections_than_allowed_are_cut_off(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        with ExitStack() as stack:
            held = [
                stack.enter_context(closing(socket.create_connection(("127.0.0.1", on.port))))
                for _ in range(MOST_CONNECTIONS + 40)
            ]
            cut = 0
            for each in held:
                each.settimeout(0.01)
                try:
                    cut += each.recv(1) == b""
                except ConnectionError:
                    cut += 1
                except TimeoutError:
                    pass
            assert cut == 40
        assert Browser(on.port).get("/me").code == 200
