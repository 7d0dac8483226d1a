"""A network camera for tests: a real HTTP server on loopback that sends JPEG images as an endless MJPEG stream.

with MjpegServer(jpegs, fps=30) as camera:
    feed = open_feed(SourceConfig(camera.url))
    ...
    camera.cut()      # closes the connection, like a router; the next client is served
    camera.stall()    # keeps the connection and sends nothing, until resume()
    camera.refuse()   # answers "503" to new clients, until accept()
"""

import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import cv2

from tests.fakes import make_image
from tests.video_files import gray_levels

JPEGS = [cv2.imencode(".jpg", make_image(value, 48, 64))[1].tobytes() for value in gray_levels(20)]
"""Twenty uniform images of different gray levels."""

BOUNDARY = "frame"
WAIT_S = 20.0

DIALECTS = {
    "usual": (f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {{}}\r\n\r\n", "\r\n"),
    "boundary behind": ("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", f"\r\n--{BOUNDARY}\r\n"),  # ESP32-CAM
    "image/jpg": (f"--{BOUNDARY}\r\nContent-Type: image/jpg\r\nContent-Length: {{}}\r\n\r\n", "\r\n"),
    "no type": (f"--{BOUNDARY}\r\nContent-Length: {{}}\r\n\r\n", "\r\n"),
    "no length": (f"--{BOUNDARY}\r\nContent-Type: image/jpg\r\n\r\n", "\r\n"),
}
"""Bytes before and after every image; {} is its length."""


class MjpegServer:
    """Sends `jpegs` in a loop to every client at `fps`, starting with the first image.

    `dialect` is one of DIALECTS. With `silent` the server accepts connections and never answers.
    """

    def __init__(self, jpegs: Sequence[bytes], *, fps: float = 30.0, silent: bool = False, dialect: str = "usual") -> None:
        self.jpegs = tuple(jpegs)
        self.fps = fps
        self.silent = silent
        self._before, self._behind = DIALECTS[dialect]
        self.sent = 0
        """Images sent so far, to all clients together."""
        self.clients = 0
        """Connections served so far."""
        self._state = threading.Condition()
        self._cuts = 0
        self._stalled = self._refusing = self._ended = False
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.camera = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="mjpeg server")

    @property
    def url(self) -> str:
        """The URL of the stream."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/video.mjpg"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._change(_ended=True)
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()  # joins the clients' threads

    def stall(self) -> None:
        """Stops sending but keeps the connections."""
        self._change(_stalled=True)

    def resume(self) -> None:
        """Ends a stall."""
        self._change(_stalled=False)

    def cut(self) -> None:
        """Closes all connections; serves new ones."""
        self._change(_cuts=self._cuts + 1)

    def refuse(self) -> None:
        """Answers new clients with an error."""
        self._change(_refusing=True)

    def accept(self) -> None:
        """Serves new clients again."""
        self._change(_refusing=False)

    def wait_for(self, *, sent: int = 0, clients: int = 0) -> None:
        """Waits until `sent` images were sent and `clients` clients were served."""
        with self._state:
            if not self._state.wait_for(lambda: self.sent >= sent and self.clients >= clients, WAIT_S):
                raise TimeoutError(f"sent {self.sent} of {sent} images, had {self.clients} of {clients} clients")

    def _change(self, **state: object) -> None:
        with self._state:
            vars(self).update(state)
            self._state.notify_all()

    def serve(self, client: BaseHTTPRequestHandler) -> None:
        """Serves one client until it disconnects or is cut off."""
        with self._state:
            cuts = self._cuts
            if self.silent:
                self._state.wait_for(lambda: self._ended or self._cuts > cuts)
                return
            if self._refusing:
                client.send_error(503)
                return
            self.clients += 1
            self._state.notify_all()
        client.send_response(200)
        client.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        client.end_headers()
        due, number = time.monotonic(), 0
        while True:
            with self._state:
                self._state.wait_for(lambda: self._ended or self._cuts > cuts, max(0.0, due - time.monotonic()))
                self._state.wait_for(lambda: self._ended or self._cuts > cuts or not self._stalled)
                if self._ended or self._cuts > cuts:
                    return
            jpeg = self.jpegs[number % len(self.jpegs)]
            client.wfile.write(self._before.format(len(jpeg)).encode() + jpeg + self._behind.encode())
            number += 1
            # like a camera, does not catch up after a late image
            due = max(due + 1 / self.fps, time.monotonic() - 1 / self.fps)
            with self._state:
                self.sent += 1
                self._state.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    camera: MjpegServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores clients that disconnect."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = WAIT_S

    def do_GET(self) -> None:
        self.server.camera.serve(self)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Logs nothing."""
