"""A frame on its way to every browser: its line and its JPEG are made once, and only if one of them wants it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from realtime.datatypes import RunInfo
from realtime.drawing.painter import Painted
from realtime.recorder import Recorder
from realtime.records import to_line
from realtime.views.web import wire
from realtime.views.web.lesson import Panel, panel
from realtime.workers import Workers

T = TypeVar("T")


class Encoder:
    """Makes the lines and JPEGs of a run. JPEGs are made on a separate thread, and no frame waits for them."""

    def __init__(self, run: RunInfo, recorder: Recorder) -> None:
        self.run = run
        self.recorder = recorder
        self.jpegs = 0
        """Number of JPEGs made."""
        self._workers = Workers(1, "web jpeg", end_s=1.0)

    def submit(self, job: Callable[[], T]) -> "asyncio.Future[T]":
        """Runs a job that makes a JPEG on the thread, for the running loop."""
        self.jpegs += 1
        return asyncio.wrap_future(self._workers.submit(job))

    def close(self) -> None:
        """Ends the thread."""
        self._workers.close()


class Shot:
    """One frame. Used on the server's loop only.

    Args:
        number: counted from 1; higher is newer.
        painted: the frame.
        encoder: of the run.
    """

    def __init__(self, number: int, painted: Painted, encoder: Encoder) -> None:
        self.number = number
        self._painted = painted
        self._encoder = encoder
        self._line: str | None = None
        self._plain: asyncio.Future[bytes] | None = None
        self._drawn: asyncio.Future[bytes] | None = None
        self._panels: dict[tuple[int | None, bool], asyncio.Future[Panel]] = {}

    def shows(self, painted: Painted) -> bool:
        """Whether it is this frame."""
        return self._painted is painted

    @property
    def index(self) -> int:
        """Of the frame."""
        return self._painted.result.frame.index

    @property
    def captured_at(self) -> float:
        """Seconds of `time.perf_counter`."""
        return self._painted.result.frame.captured_at

    @property
    def line(self) -> str:
        """The line of JSON Lines."""
        if self._line is None:
            self._line = to_line(self._encoder.recorder.record(self._painted.result), self._encoder.run)
        return self._line

    @property
    def message(self) -> str:
        """The same with the time of capture, for pages."""
        return f'{self.line[:-1]},"at":{self.captured_at:.6f}}}'

    async def image(self) -> bytes:
        """The binary message: the image without boxes or text."""
        if self._plain is None:
            frame = self._painted.result.frame
            height, width = frame.size_hw
            self._plain = self._encoder.submit(
                lambda: wire.pack(frame.index, (width, height), frame.captured_at, wire.encode(wire.shrink(frame.image)))
            )
        return await asyncio.shield(self._plain)

    async def drawn(self) -> bytes:
        """A JPEG of the image as in saved files, with boxes and labels."""
        if self._drawn is None:
            painted = self._painted
            self._drawn = self._encoder.submit(lambda: wire.encode(wire.shrink(painted.image)))
        return await asyncio.shield(self._drawn)

    async def lesson(self, chosen: int | None, *, exact: bool) -> Panel:
        """The paper's steps for a face; arguments as for `Painted.steps`."""
        key, painted = (chosen, exact), self._painted
        if key not in self._panels:
            self._panels[key] = self._encoder.submit(lambda: panel(painted.steps(chosen, exact=exact), painted.result.frame))
        return await asyncio.shield(self._panels[key])
