"""A network camera in a process of its own: images encoded beforehand, sent as MJPEG over HTTP, every sending logged.

with Camera(folder_of_jpegs, fps=30) as camera:
    ... camera.url ...
    camera.sent()        # when each image was sent

Times are time.perf_counter, which on Linux, macOS and Windows counts from the start of the machine and is the same clock in
all processes; `Camera` makes sure of that when it starts. The log is written before an image is handed to the network, so
that an age includes all of its way.
"""

import struct
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import stamp, suite
from realtime.errors import SourceLostError

BOUNDARY = "frame"
LOG = "sent.bin"
ENTRY = struct.Struct("<d")
"""Of the log: when an image was sent, seconds."""

START_S = 20.0
SAME_CLOCK_S = 1.0
QUALITY = 85
"""Of JPEG; webcams lie around it."""


def encode(images: Iterable[NDArray[np.uint8]], folder: Path) -> int:
    """Stamps images with their place in the loop and writes them as JPEG; returns how many."""
    count = 0
    for count, image in enumerate(images, start=1):
        stamped = image.copy()
        stamp.draw(stamped, count - 1)
        _, jpeg = cv2.imencode(".jpg", stamped, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        (folder / f"{count - 1:06d}.jpg").write_bytes(jpeg.tobytes())
    return count


class Camera:
    """The process. It sends the loop from its first image on, each at its time; to a client that is too slow, later.

    Args:
        folder: of images made by `encode`; the log goes there too.
        fps: images a second.

    Raises:
        SourceLostError: the process does not start.
    """

    def __init__(self, folder: Path, fps: float) -> None:
        self.folder = folder
        self.fps = fps
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.camera", str(self.folder), str(self.fps)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=suite.environment())
        stdout = self._process.stdout
        words = stdout.readline().split() if stdout else []
        if len(words) != 2:
            self.__exit__()
            raise SourceLostError("the benchmark's own camera did not start; run it again")
        self.url = words[0]
        if abs(time.perf_counter() - float(words[1])) > SAME_CLOCK_S:
            self.__exit__()
            raise SourceLostError("on this system processes do not share a clock, so ages cannot be measured")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=START_S)  # closes its standard input, which ends it
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def sent(self) -> "Sent":
        """When each image was sent, so far."""
        times = np.fromfile(self.folder / LOG, dtype="<f8")
        return Sent(times, len(list(self.folder.glob("*.jpg"))))


@dataclass(frozen=True, eq=False)
class Sent:
    """The log of a camera: when each image was sent, float64 (n,), in order; sending n showed image n % loop."""

    times: NDArray[np.float64]
    loop: int

    def sendings(self, places: Sequence[int | None]) -> tuple[int | None, ...]:
        """Which sending each image shown was, from the first one on; None where its place in the loop is not known.

        Images come in order, so each is the next sending with its place: true as long as less than a loop was skipped
        between two images, however old they are.
        """
        found: list[int | None] = []
        last = 0
        for place in places:
            if place is None or not 0 <= place < self.loop:
                found.append(None)
                continue
            last += (place - last) % self.loop
            found.append(last if last < len(self.times) else None)
        return tuple(found)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    jpegs: tuple[bytes, ...]
    fps: float
    log: BinaryIO
    count = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        due = time.perf_counter()
        step = 1 / self.server.fps
        while True:
            jpeg = self.server.jpegs[self.server.count % len(self.server.jpegs)]
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            time.sleep(max(0.0, due - time.perf_counter()))
            self.server.log.write(ENTRY.pack(time.perf_counter()))
            self.server.log.flush()
            self.server.count += 1  # before the client can leave: the log and the count must agree
            self.wfile.write(head.encode() + jpeg + b"\r\n")
            due = max(due + step, time.perf_counter() - step)  # an image that is late is not made up for

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def main(folder: str, fps: str) -> None:
    """Serves until standard input is closed."""
    import threading

    http = _Server(("127.0.0.1", 0), _Handler)
    http.jpegs = tuple(path.read_bytes() for path in sorted(Path(folder).glob("*.jpg")))
    http.fps = float(fps)
    with (Path(folder) / LOG).open("wb") as log:
        http.log = log
        threading.Thread(target=http.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{http.server_address[1]}/video.mjpg {time.perf_counter()}", flush=True)
        sys.stdin.read()
        http.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
