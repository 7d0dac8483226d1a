"""A server of pages with frames of the test's own making, and a browser's requests without the browser."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from realtime.config import Config
from realtime.datatypes import Frame, Percentiles, RunInfo, TrackedFace
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted, Painter
from realtime.lesson.steps import Lesson
from realtime.model.classifier import Classifier
from realtime.views.base import Action, Mark
from realtime.views.web import wire
from realtime.views.web.access import Role
from realtime.views.web.view import WebView
from tests import builders
from tests.tiny_models import write_left_right

WAIT_S = 20.0
WH = (320, 240)
"""The size of a camera's images."""
TOKEN = "test-token_" + "0123456789abcdef" * 3


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    code: int
    body: bytes
    headers: dict[str, str]


class Browser:
    """One browser: its cookies and its requests.

    Args:
        port: of the server.
        token: exchanged for a cookie at once; None leaves that out.
    """

    def __init__(self, port: int, token: str | None = TOKEN) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self.origin = f"http://{self.host}"
        self.cookie = ""
        if token is not None:
            answer = self.exchange(token)
            assert answer.code == 204, answer
            self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def exchange(self, token: object, **headers: str | None) -> Answer:
        """Sends a token."""
        return self.request("POST", "/session", json.dumps({"token": token}).encode(), **{"Origin": self.origin} | headers)

    def get(self, path: str, **headers: str | None) -> Answer:
        """A page."""
        return self.request("GET", path, None, **headers)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str | None) -> Answer:
        """Any request; a header that is None is left out."""
        given = {"Host": self.host, "Cookie": self.cookie} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.putrequest(method, path, skip_host=True)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
        finally:
            connection.close()

    @contextmanager
    def socket(self, path: str, **options: Any) -> Iterator["Socket"]:
        """A WebSocket."""
        given = {"origin": self.origin, "additional_headers": {"Cookie": self.cookie} if self.cookie else {}} | options
        with connect(f"ws://{self.host}{path}", max_size=None, max_queue=None, compression=None, **given) as connection:
            yield Socket(connection)

    def watch(self) -> Any:
        """The server's source."""
        return self.socket("/watch")

    def camera(self, key: str | None = None) -> Any:
        """A camera of this browser."""
        return self.socket("/camera" if key is None else f"/camera?session={key}")


class Socket:
    """Messages of a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seen: list[dict[str, Any]] = []
        """Texts that were passed over."""

    def next(self, kind: str) -> dict[str, Any]:
        """The next text of a kind; others are passed over."""
        while True:
            message = self.connection.recv(WAIT_S)
            if isinstance(message, str):
                value: dict[str, Any] = json.loads(message)
                if value["type"] == kind:
                    return value
                self.seen.append(value)

    def until(self, kind: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next text of a kind that fits."""
        while not fits(value := self.next(kind)):
            pass
        return value

    def image(self) -> tuple[tuple[Any, ...], bytes]:
        """The next image: its header and its JPEG."""
        while not isinstance(message := self.connection.recv(WAIT_S), bytes):
            self.seen.append(json.loads(message))
        return wire.HEADER.unpack_from(message), message[wire.HEADER.size :]

    def send(self, **message: Any) -> None:
        """A text."""
        self.connection.send(json.dumps(message))

    def ack(self, frame: int) -> None:
        """Says that a frame is drawn."""
        self.send(type="ack", frame=frame)

    def frame(self, index: int, jpeg: bytes, size_wh: tuple[int, int], captured_at: float | None = None) -> None:
        """An image of a camera; by default 30 a second."""
        self.connection.send(wire.pack(index, size_wh, 1000 + index / 30 if captured_at is None else captured_at, jpeg))

    def closed(self) -> int:
        """The code with which the server closes the connection; what comes before is passed over."""
        with suppress(ConnectionClosed):
            while True:
                message = self.connection.recv(WAIT_S)
                if isinstance(message, str):
                    self.seen.append(json.loads(message))
        assert self.connection.close_code is not None
        return self.connection.close_code


class Stage:
    """A run without a player: frames are shown when the test says so."""

    def __init__(self, view: WebView, painter: Painter) -> None:
        self.view = view
        self.port = view.address.port
        self.painter = painter
        self.status = Status(30.0, Percentiles(8.0, 12.0, 15.0), blur=painter.blur)
        self.shown: Painted | None = None

    def browser(self, role: Role = Role.CONTROL) -> Browser:
        """A browser that has opened a link."""
        links = dict(self.view.links)
        link = links["page"] if role is Role.CONTROL else links["overlay, to watch only"]
        return Browser(self.port, link.partition("#token=")[2])

    def show(self, index: int, faces: tuple[TrackedFace, ...] = (), *, frame: Frame | None = None) -> Painted:
        """Shows a frame."""
        of = frame or builders.frame(index, captured_at=100 + index / 30, size_wh=(320, 240), source="0")
        self.shown = self.painter.paint(builders.result(faces, of=of))
        self.again()
        return self.shown

    def again(self) -> None:
        """Shows the newest frame again, with the present state."""
        assert self.shown is not None
        self.view.show(self.shown, self.status)

    def action(self) -> Action | Mark | None:
        """The next action of a page."""
        return self.view.poll(int(WAIT_S * 1000))


def camera_run() -> RunInfo:
    """A run in front of a camera."""
    return builders.run_info(builders.source_info("0", live=True, size_wh=(320, 240), frames=None))


@contextmanager
def stage(folder: Path, *, network: Callable[[Path], Path] = write_left_right, **settings: Any) -> Iterator[Stage]:
    """A view of the web with a small network, on any free port."""
    config = Config.of(**{"serve": free_port()} | settings)
    classifier = Classifier.load(str(network(folder / "tiny.onnx")), 1)
    view = WebView(config, camera_run(), classifier, TOKEN)
    lesson = Lesson(classifier.prepare)
    try:
        yield Stage(view, Painter(blur=config.output.blur, lesson=lesson))
    finally:
        view.close()
        lesson.close()
        classifier.close()


def free_port() -> int:
    """A TCP port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(socket: Socket, index: int, image: bytes, size_wh: tuple[int, int] = WH, at: float | None = None) -> dict[str, Any]:
    """The answer to a camera's frame."""
    socket.frame(index, image, size_wh, at)
    return socket.next("frame")


def jpeg(width: int = 320, height: int = 240, value: int = 90) -> bytes:
    """A uniform image."""
    return wire.encode(np.full((height, width, 3), value, np.uint8))
