"""Markers from other programs and from the terminal."""

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from realtime.errors import ConfigError
from realtime.views.base import Action, Mark, Notice
from realtime.views.inbox import Inbox
from realtime.views.marks import LONGEST_NAME

pytestmark = [pytest.mark.timeout(30), pytest.mark.usefixtures("nothing_left_behind")]

NAMES = ("stimulus", "response")
LIMIT_S = 10.0


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox(NAMES, udp_port=0)
    yield box
    box.close()


def send(inbox: Inbox, text: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(text, ("127.0.0.1", inbox.port or 0))


def arrived(inbox: Inbox) -> Mark:
    """The next marker, which takes a moment to come through the loopback."""
    until = time.monotonic() + LIMIT_S
    mark: Action | Mark | Notice | None = None
    while mark is None and time.monotonic() < until:
        mark = inbox.poll(0)
    assert isinstance(mark, Mark)
    return mark


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"stimulus", "stimulus"),
        (b"  two  words\n", "two words"),
        (b"1", "stimulus"),
        (b"2\n", "response"),
        (b"3", "3"),
        (b"", None),
        ("glück".encode(), "glück"),
        (b"\xff", "\ufffd"),
        (b"x" * 5000, "x" * LONGEST_NAME),
    ],
)
def test_a_datagram_is_a_marker_stamped_when_it_arrives(inbox: Inbox, sent: bytes, name: str | None) -> None:
    before = time.perf_counter()
    send(inbox, sent)
    mark = arrived(inbox)
    assert (mark.name, mark.by) == (name, "udp")
    assert before <= mark.at <= time.perf_counter()


def test_a_line_of_the_terminal_is_a_marker_and_its_end_is_the_end_of_it() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as terminal, os.fdopen(writer, "w") as typing:
        inbox = Inbox(NAMES, terminal=terminal)
        typing.write("2\n")
        typing.flush()
        mark = arrived(inbox)
        assert (mark.name, mark.by) == ("response", "terminal")
        typing.close()
        inbox.close()


def test_nothing_arrived_is_nothing(inbox: Inbox) -> None:
    assert inbox.poll(0) is None
    assert not inbox.due()


def test_a_port_in_use_is_one_line(inbox: Inbox) -> None:
    with pytest.raises(ConfigError, match=rf"^marker_port {inbox.port}: cannot listen there .*give another port$"):
        Inbox(NAMES, udp_port=inbox.port)


def test_closing_ends_the_thread_and_frees_the_port() -> None:
    before = threading.active_count()
    first = Inbox(NAMES, udp_port=0)
    port = first.port
    first.close()
    first.close()
    assert threading.active_count() == before
    second = Inbox(NAMES, udp_port=port)
    second.close()
