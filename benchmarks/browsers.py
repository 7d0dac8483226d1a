"""The other end of the page, without a browser: `python -m benchmarks.browsers watch|camera URL ...`, see `parser`.

Several clients in one process connect to a running `fer-cam --serve` as its page does. Images are received and not decoded, so
that the numbers are those of the server. Prints "counting" after the warm-up, and at the end one line of JSON: for each client
the delays of its frames, milliseconds.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.suite import Size
from realtime.views.web.access import VARIABLE
from realtime.views.web.wire import HEADER, pack

SLOW_S = 1.0
"""How long a slow client takes to draw an image."""


class Clients:
    """Several clients of one kind.

    Args:
        args: options, see `parser`.
        cookie: of the page.
    """

    def __init__(self, args: argparse.Namespace, cookie: str) -> None:
        self._args = args
        self._headers = {"Cookie": cookie, "Origin": args.url}
        self._counts_from = float("inf")
        self._ends = float("inf")
        self._ready = 0
        self._begin = asyncio.Event()

    async def run(self) -> list[list[float]]:
        """Waits until each client has had a frame, warms up and counts; returns their delays, milliseconds."""
        args = self._args
        one = self._watch if args.kind == "watch" else self._camera
        tasks = [asyncio.create_task(one(n < args.slow)) for n in range(args.count)]
        await self._begin.wait()
        await asyncio.sleep(args.warm_up)
        self._counts_from = time.perf_counter()
        self._ends = self._counts_from + args.seconds
        print("counting", flush=True)
        return list(await asyncio.gather(*tasks))

    async def _watch(self, slow: bool) -> list[float]:
        """Receives frames until the end and says that each is drawn, at once or late."""
        delays: list[float] = []
        async with self._connect("/watch") as socket:
            first = True
            async for message in socket:
                at = time.perf_counter()
                if at >= self._ends:
                    break
                if not isinstance(message, bytes):
                    continue
                if first:
                    first = False
                    self._has_a_frame()
                *_, index, _, captured_at = HEADER.unpack_from(message)
                if at >= self._counts_from:
                    delays.append(1000 * (at - captured_at))
                if slow:
                    await asyncio.sleep(SLOW_S)
                await socket.send(json.dumps({"type": "ack", "frame": index}))
        return delays

    async def _camera(self, slow: bool) -> list[float]:
        """Sends an image whenever one is due and the one before is answered."""
        size = Size.parse(self._args.size)
        images = [path.read_bytes() for path in sorted(Path(self._args.images).glob("*.jpg"))]
        delays: list[float] = []
        async with self._connect("/camera") as socket:
            due = time.perf_counter()
            index = 0
            while (now := time.perf_counter()) < self._ends:
                if now < due:
                    await asyncio.sleep(due - now)
                sent = time.perf_counter()
                await socket.send(pack(index, (size.width, size.height), sent, images[index % len(images)]))
                while json.loads(await socket.recv())["type"] != "frame":
                    pass
                if index == 0:  # the server has opened the session: cascades take time
                    self._has_a_frame()
                if sent >= self._counts_from:
                    delays.append(1000 * (time.perf_counter() - sent))
                index += 1
                due = max(
                    due + 1 / self._args.fps, time.perf_counter() - 1 / self._args.fps
                )  # the missed ones are not caught up
            await socket.send(json.dumps({"type": "stop"}))
        return delays

    def _connect(self, path: str) -> Any:
        from websockets.asyncio.client import connect

        return connect(
            self._args.url.replace("http", "ws", 1) + path, additional_headers=self._headers, max_size=None, compression=None
        )

    def _has_a_frame(self) -> None:
        self._ready += 1
        if self._ready == self._args.count:
            self._begin.set()


def cookie_of(url: str, token: str) -> str:
    """The cookie that the page gets for its token."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port or 80, timeout=10)
    try:
        connection.request("POST", "/session", json.dumps({"token": token}), {"Origin": url})
        answer = connection.getresponse()
        return (answer.getheader("Set-Cookie") or "").partition(";")[0]
    finally:
        connection.close()


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.browsers", description=__doc__)
    made.add_argument("kind", choices=("watch", "camera"), help="watch the server's source, or send images of a camera")
    made.add_argument("url", help="of the server, without a path; the token is in the environment")
    made.add_argument("--count", type=int, default=1, metavar="N", help="clients")
    made.add_argument("--slow", type=int, default=0, metavar="N", help="so many of them take a second for each image")
    made.add_argument("--images", metavar="DIR", help="JPEG files that the cameras send")
    made.add_argument("--size", default="640x480", metavar="WxH", help="of these images")
    made.add_argument("--fps", type=float, default=30.0, metavar="F", help="images a second of a camera")
    made.add_argument("--warm-up", type=float, default=2.0, metavar="S", help="not counted")
    made.add_argument("--seconds", type=float, default=20.0, metavar="S", help="counted")
    return made


def main(argv: list[str] | None = None) -> int:
    """Runs the clients and prints what they measured."""
    args = parser().parse_args(argv)
    clients = Clients(args, cookie_of(args.url, os.environ[VARIABLE]))
    print(json.dumps(asyncio.run(clients.run())), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
