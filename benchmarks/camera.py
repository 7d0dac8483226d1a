"""A simulated network camera in its own process: sends pre-encoded images as MJPEG over HTTP and logs when.

with Camera(folder_of_jpegs, fps=30) as camera:
    ... camera.url ...
    camera.sent()        # when each image was sent

Times are time.perf_counter, a clock shared by all processes on Linux, macOS and Windows; `Camera` checks that at its start. The
log is written before an image is sent, so that an age includes all of the transport.
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
"""A log entry: when an image was sent, seconds."""

START_S = 20.0
SAME_CLOCK_S = 1.0
QUALITY = 85
"""JPEG quality, typical for webcams."""


def encode(images: Iterable[NDArray[np.uint8]], folder: Path) -> int:
    """Stamps images with their position in the loop and writes them as JPEG; returns their number."""
    count = 0
    for count, image in enumerate(images, start=1):
        stamped = image.copy()
        stamp.draw(stamped, count - 1)
        _, jpeg = cv2.imencode(".jpg", stamped, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        (folder / f"{count - 1:06d}.jpg").write_bytes(jpeg.tobytes())
    return count


class Camera:
    """The camera process. It sends the loop from its first image, each on time, or later if the client is too slow.

    Args:
        folder: images made by `encode`; also gets the log.
        fps: images per second.

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
            raise SourceLostError("processes do not share a clock on this system, so ages cannot be measured")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=START_S)  # closes its stdin, which ends it
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def sent(self) -> "Sent":
        """The log so far."""
        times = np.fromfile(self.folder / LOG, dtype="<f8")
        return Sent(times, len(list(self.folder.glob("*.jpg"))))


@dataclass(frozen=True, eq=False)
class Sent:
    """The log of a camera: when each image was sent, float64 (n,), in order; transmission n is image n % loop."""

    times: NDArray[np.float64]
    loop: int

    def sendings(self, places: Sequence[int | None]) -> tuple[int | None, ...]:
        """The transmission of each displayed image, given positions in the loop; None for unknown positions.

        Images arrive in order, so each is the next transmission with its position. That holds, whatever their age, while less
        than a loop is skipped between two images.
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
        """Ignores clients that disconnect."""


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
            self.server.count += 1  # before the client can disconnect: log and count must agree
            self.wfile.write(head.encode() + jpeg + b"\r\n")
            due = max(due + step, time.perf_counter() - step)  # does not catch up after a late image

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


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
