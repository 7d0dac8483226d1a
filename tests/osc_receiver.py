"""Receives OSC messages on loopback."""

import socket
from contextlib import suppress
from typing import Any

import pytest

from realtime.endpoints import Endpoint

osc_packet = pytest.importorskip("pythonosc.osc_packet")


class Receiver:
    """Hears OSC on loopback."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(10)
        self.endpoint = Endpoint("localhost", self._socket.getsockname()[1])

    def packet(self) -> dict[str, Any]:
        """The next packet: the values by address, a single one without its list."""
        data = self._socket.recv(65_536)
        assert len(data) < 1400, "a packet is split on its way"
        messages = [timed.message for timed in osc_packet.OscPacket(data).messages]
        return {m.address: m.params[0] if len(m.params) == 1 else m.params for m in messages}

    def all(self) -> list[dict[str, Any]]:
        """Every packet that has arrived."""
        self._socket.setblocking(False)
        packets = []
        with suppress(BlockingIOError):
            while True:
                packets.append(self.packet())
        return packets

    def close(self) -> None:
        self._socket.close()
