"""OSC over UDP, for music, light and video programs. The guide `stage` lists the addresses."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo
from realtime.endpoints import Endpoint
from realtime.errors import SinkError
from realtime.records import FaceRecord, FrameRecord, Marker
from realtime.sinks.base import DataSink
from realtime.sinks.live import LargestFace, Lines, missing
from realtime.sinks.paths import OutputPaths

ROOT = "/fer"
NO_FACE = "none"
"""The label of a frame without faces."""


@dataclass(frozen=True)
class OscMessage:
    """An address, and values of the OSC types i, f and s."""

    address: str
    values: tuple[int | float | str, ...]


class OscSender:
    """Sends messages to one receiver. UDP does not report a missing receiver.

    Args:
        endpoint: the receiver, also a broadcast address; its name is looked up once.

    Raises:
        SinkError: python-osc is missing, or the host does not exist.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        try:
            from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
            from pythonosc.osc_message_builder import OscMessageBuilder
        except ImportError as error:
            raise missing("--osc", "python-osc", "osc") from error
        self._new_bundle = partial(OscBundleBuilder, IMMEDIATELY)
        self._new_message = OscMessageBuilder
        family, self._address = _resolve(endpoint)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    def send(self, messages: Sequence[OscMessage]) -> None:
        """Sends the messages as one bundle, in one packet.

        Raises:
            OSError: the packet cannot leave this machine.
        """
        bundle = self._new_bundle()
        for message in messages:
            builder = self._new_message(message.address)
            for value in message.values:
                builder.add_arg(value)
            bundle.add_content(builder.build())
        self._socket.sendto(bundle.build().dgram, self._address)

    def close(self) -> None:
        """Closes the socket; may be called twice."""
        self._socket.close()


class OscSink(DataSink):
    """Sends a bundle about the largest face for every frame, and one for each face. A failure is said once until it is over.

    Args:
        endpoint: the receiver.
        run: the size of the frames.

    Raises:
        SinkError: as `OscSender`.
    """

    essential = False
    newest = True
    marks = True

    def __init__(self, endpoint: Endpoint, run: RunInfo) -> None:
        self._endpoint = endpoint
        self._size_wh = (run.source.width, run.source.height)
        self._sender = OscSender(endpoint)
        self._leader = LargestFace()
        self._present: frozenset[int] = frozenset()
        self._lines = Lines()
        self._failing = False

    def write(self, record: FrameRecord) -> None:
        """Sends the frame."""
        present = frozenset(face.id for face in record.faces)
        self._send([OscMessage(f"{ROOT}/face/{gone}/present", (0,)) for gone in sorted(self._present - present)])
        for face in record.faces:
            own = f"{ROOT}/face/{face.id}"
            self._send([OscMessage(f"{own}/present", (1,)), *self._face(own, face, record.labels)])
        self._send(self._frame(record))
        self._present = present

    def mark(self, marker: Marker) -> None:
        """Sends the index of the frame on the screen and the marker's name, which may be empty."""
        self._send([OscMessage(f"{ROOT}/marker", (marker.index, marker.name or ""))])

    def notices(self) -> tuple[str, ...]:
        """Notices when sending fails or works again."""
        return self._lines.take()

    def close(self, summary: object) -> None:
        """Closes the socket."""
        self._sender.close()

    def _frame(self, record: FrameRecord) -> list[OscMessage]:
        head = [
            OscMessage(f"{ROOT}/frame", (record.index,)),
            OscMessage(f"{ROOT}/faces", (len(record.faces),)),
        ]
        leader = self._leader.of(record)
        if leader is None:
            silent = (0.0,) * len(record.labels)
            empty = [OscMessage(f"{ROOT}/id", (0,)), OscMessage(f"{ROOT}/label", (NO_FACE,))]
            return [*head, *empty, OscMessage(f"{ROOT}/confidence", (0.0,)), *_probs(ROOT, silent, record.labels)]
        return [*head, OscMessage(f"{ROOT}/id", (leader.id,)), *self._face(ROOT, leader, record.labels)]

    def _face(self, root: str, face: FaceRecord, labels: tuple[str, ...]) -> list[OscMessage]:
        """The messages about one face; its box in fractions of the frame."""
        width, height = self._size_wh
        x, y, w, h = face.box_xywh
        return [
            OscMessage(f"{root}/label", (face.label,)),
            OscMessage(f"{root}/confidence", (face.confidence or 0.0,)),
            OscMessage(f"{root}/box", (x / width, y / height, w / width, h / height)),
            *_probs(root, face.probs, labels),
        ]

    def _send(self, messages: list[OscMessage]) -> None:
        if not messages:
            return
        try:
            self._sender.send(messages)
        except OSError as error:
            if not self._failing:
                self._lines.say(f"cannot send OSC to {self._endpoint} ({error.strerror}); trying again with every frame")
            self._failing = True
        else:
            if self._failing:
                self._lines.say(f"sending OSC to {self._endpoint} again")
            self._failing = False


def _resolve(endpoint: Endpoint) -> tuple[socket.AddressFamily, Any]:
    """The address of the receiver: IPv4 where it has one, since few programs receive OSC on `localhost` over IPv6.

    Raises:
        SinkError: the host does not exist.
    """
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no valid name"
        raise SinkError(f"cannot send OSC to {endpoint}: {reason}; check the host's name") from error
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, address


def _probs(root: str, probs: tuple[float, ...], labels: tuple[str, ...]) -> list[OscMessage]:
    """All of them in one message, and each in one of its own, since many programs map one value only."""
    single = [OscMessage(f"{root}/prob/{label}", (p,)) for label, p in zip(labels, probs, strict=True)]
    return [OscMessage(f"{root}/probs", probs), *single]


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """OSC messages, if requested; see `base.Plan`."""
    if config.osc is None:
        return None
    endpoint = Endpoint.parse(config.osc, "osc")
    return lambda: OscSink(endpoint, run)
