"""The WebSocket /camera: frames of a browser's camera in, their faces out, one unanswered frame at a time.

A session outlives its connection by some seconds, so that a dropped one leaves a gap in the data and not two recordings.
"""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from starlette.websockets import WebSocket

from realtime.config import Config
from realtime.datatypes import RunInfo
from realtime.errors import FerError
from realtime.model.classifier import Classifier
from realtime.views.web.clock import BrowserClock
from realtime.views.web.hub import FINISHED, PROGRAM_ENDS_TEXT, STATUS_S, TOO_SLOW, Follower
from realtime.views.web.orders import OrderError, mark_of, number, parse
from realtime.views.web.sockets import GONE, TOO_MANY, close, received
from realtime.views.web.tracking import CameraSession
from realtime.views.web.wire import MOST_PIXELS, WireError, unpack
from realtime.workers import Workers

MOST_CAMERAS = 8
KEEP_S = 10.0
"""How long a session waits for its browser to come back."""

MOST_FAULTS = 20
"""Frames in a row that cannot be read; then the connection is closed."""

BAD_DATA, BROKEN = 1007, 1011
CROWDED = f"{MOST_CAMERAS} cameras are in use already; close one."
ONE_AT_A_TIME = "A frame was sent before the one before it was answered."
TAKEN_OVER = "This camera goes on in another connection."

T = TypeVar("T")


class Kept:
    """A session, and the page that it belongs to now.

    Attributes:
        key: by which a page finds it again.
        page: None while the browser is away.
        gone_s: when it went.
    """

    def __init__(self, session: CameraSession) -> None:
        self.key = secrets.token_urlsafe(16)
        self.session = session
        self.clock = BrowserClock()
        self.page: CameraPage | None = None
        self.gone_s = 0.0


class Cameras:
    """The sessions of all browsers. Used on the server's loop, apart from `close`.

    Args:
        config: of the run.
        run: its facts.
        classifier: shared by all sessions.
        clock: seconds.
    """

    def __init__(
        self, config: Config, run: RunInfo, classifier: Classifier, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.config = config
        self.run = run
        self.clock = clock
        self._classifier = classifier
        self._sessions: dict[str, Kept] = {}
        self._ended: list[CameraSession] = []
        self._count = 0
        # each session has one frame in it at most, so they take turns
        self._workers = Workers(min(MOST_CAMERAS, os.cpu_count() or 1), "web camera", end_s=1.0)
        self._endings: set[asyncio.Task[object]] = set()

    def attach(self, page: "CameraPage", key: str | None) -> Kept | None:
        """The session of a page: the one it had, or a new one; None if there are too many."""
        kept = None if key is None else self._sessions.get(key)
        if kept is None:
            if len(self._sessions) >= MOST_CAMERAS:
                return None
            self._count += 1
            kept = Kept(CameraSession(f"browser-{self._count}", self.config, self.run, self._classifier, self.clock))
            self._sessions[kept.key] = kept
        elif kept.page is not None:
            kept.page.outbox.close(FINISHED, TAKEN_OVER)
        kept.page = page
        return kept

    def detach(self, page: "CameraPage", kept: Kept) -> None:
        """The page has gone; the session waits for it."""
        if kept.page is page:
            kept.page, kept.gone_s = None, self.clock()

    async def work(self, job: Callable[[], T]) -> T:
        """Runs a job of a session on a thread."""
        return await asyncio.wrap_future(self._workers.submit(job))

    async def finish(self, kept: Kept) -> str:
        """Ends a session; returns the line of its summary."""
        self._sessions.pop(kept.key, None)
        self._ended.append(kept.session)
        return await self.work(kept.session.end)

    def tick(self) -> None:
        """Called from time to time: ends sessions whose browser has not come back."""
        for kept in list(self._sessions.values()):
            if kept.page is not None:
                kept.page.tick()
            elif self.clock() - kept.gone_s > KEEP_S:
                ending: asyncio.Task[object] = asyncio.create_task(self.finish(kept))
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)

    async def end(self) -> None:
        """The program ends: every page gets its summary."""
        for kept in list(self._sessions.values()):
            page = kept.page
            summary = await self.finish(kept)
            if page is not None:
                page.outbox.put(summary)
                page.outbox.close(FINISHED, PROGRAM_ENDS_TEXT)

    def close(self) -> None:
        """Ends every session, and the threads in bounded time; called on the main thread, after the loop has ended."""
        for kept in self._sessions.values():
            self._ended.append(kept.session)
        self._sessions.clear()
        for session in self._ended:
            session.end()
        self._workers.close()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of all recordings."""
        return tuple(folder for session in self._ended for folder in session.folders)


class CameraPage:
    """One page that sends its camera.

    Args:
        websocket: accepted.
        cameras: the sessions.
    """

    def __init__(self, websocket: WebSocket, cameras: Cameras) -> None:
        self.outbox = Follower()
        self._websocket = websocket
        self._cameras = cameras
        self._kept: Kept | None = None
        self._answering: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults = 0
        self._told_s = 0.0
        self._told_recording = False

    async def serve(self) -> None:
        """Serves it until it goes or is closed."""
        kept = self._kept = self._cameras.attach(self, self._websocket.query_params.get("session"))
        if kept is None:
            await close(self._websocket, TOO_MANY, CROWDED)
            return
        self._say(self._hello(kept))
        sender = asyncio.create_task(self._send())
        try:
            while (message := await received(self._websocket)) is not None:
                self._take(kept, message)
        finally:
            self._cameras.detach(self, kept)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def tick(self) -> None:
        """Sends the state, twice a second and when it changes."""
        assert self._kept is not None
        state, now = self._kept.session.state(), self._cameras.clock()
        if now - self._told_s < STATUS_S and state.recording is self._told_recording:
            return
        self._told_s, self._told_recording = now, state.recording
        latency = {"p50": round(state.p50_ms, 2), "p95": round(state.p95_ms, 2)}
        self._say(
            {
                "type": "status",
                "fps": round(state.fps, 2),
                "latency_ms": latency,
                "dropped": state.dropped,
                "effort": "full",
                "provider": self._cameras.run.provider,
                "paused": False,
                "recording": state.recording,
                "blur": self._cameras.config.output.blur,
                "live": True,
                "age_p50_ms": latency["p50"],
                "age_p95_ms": latency["p95"],
            }
        )

    def _hello(self, kept: Kept) -> dict[str, Any]:
        config, run = self._cameras.config, self._cameras.run
        available = config.output.session is not None
        return {
            "type": "hello",
            "version": 1,
            "session": kept.key,
            "keep_s": KEEP_S,
            "labels": list(run.labels),
            "source": {"name": "browser", "width": 0, "height": 0, "live": True, "fps": None},
            "markers": list(config.output.markers),
            "stored": {
                "recording": kept.session.state().recording,
                "available": available,
                "paths": [str(path) for path in kept.session.folders],
            },
            "can": ["marker", *(["record"] if available else [])],
            "role": "control",
            "clock": "browser",
            "settings": {
                "threshold": config.reading.threshold,
                "blur": config.output.blur,
                "mirror": config.view.mirror is not False,
                "numbers_only": config.output.numbers_only,
            },
            "model": {"name": run.model, "provider": run.provider},
            "limits": {"pixels": MOST_PIXELS},
        }

    def _take(self, kept: Kept, message: str | bytes) -> None:
        if isinstance(message, bytes):
            if self._answering is not None and not self._answering.done():
                self.outbox.close(TOO_SLOW, ONE_AT_A_TIME)
            elif self.outbox.closing is None:
                self._answering = asyncio.create_task(self._answer(kept, message, self._cameras.clock()))
            return
        try:
            self._handle(kept, parse(message))
        except OrderError as error:
            self.outbox.close(BAD_DATA, str(error))

    async def _answer(self, kept: Kept, message: bytes, received_s: float) -> None:
        try:
            picture = unpack(message)
            offset_s = kept.clock.frame(picture.captured_at, received_s)
            line = await self._cameras.work(partial(kept.session.process, picture, offset_s))
        except WireError as error:
            self._faults += 1
            self._say({"type": "refused", "text": f"A frame was refused: {error}."})
            if self._faults >= MOST_FAULTS:
                self.outbox.close(BAD_DATA, "Too many frames could not be read.")
        except FerError as error:
            self._say({"type": "notice", "text": str(error)})
        except Exception:  # such as a bug in a decoder: this page ends, the program goes on
            self.outbox.close(BROKEN, "A frame could not be processed.")
        else:
            self._faults = 0
            self.outbox.put(line)

    def _handle(self, kept: Kept, order: dict[str, Any]) -> None:
        now = self._cameras.clock()
        match order.get("type"):
            case "ping":
                sent = number(order.get("sent"), 0.0, 1e15)
                round_trip = number(order.get("rtt"), 0.0, 60_000.0)
                if sent is not None:
                    kept.clock.ping(sent / 1000, now, None if round_trip is None else round_trip / 1000)
                    self._say({"type": "pong", "sent": sent, "server": now})
            case "record":
                self._background(self._record(kept, order.get("on") is True))
            case "marker":
                self._background(self._mark(kept, order, now))
            case "stop":
                self._background(self._stop(kept))

    async def _record(self, kept: Kept, on: bool) -> None:
        try:
            self._say({"type": "notice", "text": await self._cameras.work(partial(kept.session.record, on))})
        except FerError as error:
            self._say({"type": "notice", "text": str(error)})
        self.tick()

    async def _mark(self, kept: Kept, order: dict[str, Any], now: float) -> None:
        try:
            line = await self._cameras.work(partial(kept.session.mark, mark_of(order, now)))
        except FerError as error:
            self._say({"type": "notice", "text": str(error)})
            return
        if line is None:
            self._say({"type": "notice", "text": "Markers belong to a recording; start one first."})
        else:
            self.outbox.put(line)

    async def _stop(self, kept: Kept) -> None:
        self.outbox.put(await self._cameras.finish(kept))
        self.outbox.close(FINISHED, "The camera was stopped.")

    def _background(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, message: dict[str, Any]) -> None:
        self.outbox.put(json.dumps(message, allow_nan=False, separators=(",", ":")))

    async def _send(self) -> None:
        outbox = self.outbox
        try:
            while True:
                await outbox.wake.wait()
                outbox.wake.clear()
                while outbox.texts:
                    await self._websocket.send_text(outbox.texts.popleft())
                if outbox.closing is not None:
                    await close(self._websocket, *outbox.closing)
                    return
        except GONE:
            return
