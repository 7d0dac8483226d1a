"""The WebSocket /camera: frames of a browser's camera in, their faces out, one unanswered frame at a time."""

import asyncio
import json
from collections.abc import Coroutine
from functools import partial
from typing import Any

from starlette.websockets import WebSocket

from realtime.errors import FerError
from realtime.views.base import Action
from realtime.views.web.actions import CameraActions
from realtime.views.web.cameras import KEEP_S, MOST_CAMERAS, Cameras, Kept
from realtime.views.web.hub import FINISHED, STATUS_S, TOO_SLOW, Follower
from realtime.views.web.lesson import Panel
from realtime.views.web.orders import MOST_WAITING, OrderError, mark_of, number, parse
from realtime.views.web.sockets import GONE, TOO_MANY, close, delivered, received, send_panel
from realtime.views.web.wire import MOST_PIXELS, ImageMessage, WireError, unpack

MOST_FAULTS = 20
"""Frames in a row that cannot be read; then the connection is closed."""

BAD_DATA, BROKEN = 1007, 1011
ACTIONS = frozenset({Action.BLUR.value, Action.LESSON.value, Action.NEXT_FACE.value, Action.CALIBRATE.value})
CROWDED = f"{MOST_CAMERAS} cameras are in use already; close one."
TOO_MANY_ORDERS = "Too many orders came at once."
ONE_AT_A_TIME = "A frame was sent before the one before it was answered."


class CameraPage:
    """A page that sends images of its camera.

    Args:
        websocket: accepted.
        cameras: the sessions.
    """

    def __init__(self, websocket: WebSocket, cameras: Cameras) -> None:
        self.outbox = Follower()
        self._websocket = websocket
        self._cameras = cameras
        self._kept: Kept | None = None
        self._panel: Panel | None = None
        self._answering: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults = 0
        self._told_s = 0.0
        self._told: tuple[object, ...] = ()

    async def serve(self) -> None:
        """Serves it until it disconnects or is closed."""
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
        self._pass_on_notices(self._kept)
        state, now = self._kept.session.state, self._cameras.clock()
        switches = state.recording, state.blur, state.lesson, state.profile, state.calibrating
        if now - self._told_s < STATUS_S and switches == self._told:
            return
        self._told_s, self._told = now, switches
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
                "blur": state.blur,
                "lesson": state.lesson,
                "profile": state.profile,
                "calibrating": state.calibrating,
                "live": True,
                "stored": self._stored(self._kept),
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
            "stored": self._stored(kept),
            "can": [*CameraActions.possible(config), *(["record"] if available else [])],
            "role": "control",
            "clock": "browser",
            "settings": {
                "threshold": config.reading.threshold,
                "blur": kept.session.state.blur,
                "mirror": config.view.mirror is not False,
                "numbers_only": config.output.numbers_only,
            },
            "model": {"name": run.model, "provider": run.provider},
            "limits": {"pixels": MOST_PIXELS},
        }

    def _stored(self, kept: Kept) -> dict[str, Any]:
        state = kept.session.state
        return {
            "recording": state.recording,
            "available": self._cameras.config.output.session is not None,
            "anything": state.recording,
            "paths": [str(path) for path in kept.session.folders],
            "finished": [path.name for path in state.finished],
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
        sent: ImageMessage | None = None
        try:
            sent = unpack(message)
            offset_s = kept.clock.frame(sent.captured_at, received_s)
            reply = await self._cameras.work(partial(kept.session.process, sent, offset_s))
        except (WireError, FerError) as error:
            self._faults += 1
            self._say(
                {
                    "type": "refused",
                    "frame": None if sent is None else sent.index,
                    "text": f"A frame was refused: {error}.",
                }
            )
            if self._faults >= MOST_FAULTS:
                self.outbox.close(BAD_DATA, "Too many frames could not be read.")
        except Exception:  # such as a bug in a decoder: this page is closed, the program goes on
            self.outbox.close(BROKEN, "A frame could not be processed.")
        else:
            self._faults = 0
            self._panel = reply.panel
            self.outbox.put(reply.line)
        self._pass_on_notices(kept)

    def _pass_on_notices(self, kept: Kept) -> None:
        for text in kept.session.notices():
            self._say({"type": "notice", "text": text})

    def _handle(self, kept: Kept, order: dict[str, Any]) -> None:
        now = self._cameras.clock()
        match order.get("type"):
            case "ping":
                sent = number(order.get("sent"), 0.0, 1e15)
                round_trip = number(order.get("rtt"), 0.0, 60_000.0)
                if sent is not None:
                    kept.clock.ping(sent / 1000, now, None if round_trip is None else round_trip / 1000)
                    self._say({"type": "pong", "sent": sent, "server": now})
            case "action" if (name := str(order.get("action"))) in ACTIONS & set(CameraActions.possible(self._cameras.config)):
                self._background(self._do(kept, Action(name)))
            case "record":
                self._background(self._record(kept, order.get("on") is True))
            case "marker":
                self._background(self._mark(kept, order, now))
            case "stop":
                self._background(self._stop(kept))

    async def _record(self, kept: Kept, on: bool) -> None:
        await self._cameras.work(partial(kept.session.record, on))
        self.tick()

    async def _do(self, kept: Kept, action: Action) -> None:
        self._panel = await self._cameras.work(partial(kept.session.do, action))
        self.outbox.wake.set()
        self.tick()

    async def _mark(self, kept: Kept, order: dict[str, Any], now: float) -> None:
        line = await self._cameras.work(partial(kept.session.mark, mark_of(order, now)))
        if line is not None:
            self.outbox.put(line)
        self._pass_on_notices(kept)

    async def _stop(self, kept: Kept) -> None:
        self.outbox.put(await self._cameras.finish(kept))
        self.outbox.close(FINISHED, "The camera was stopped.")

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._tasks) >= MOST_WAITING:
            work.close()
            self.outbox.close(TOO_SLOW, TOO_MANY_ORDERS)
            return
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, message: dict[str, Any]) -> None:
        self.outbox.put(json.dumps(message, allow_nan=False, separators=(",", ":")))

    async def _send(self) -> None:
        try:
            while await delivered(self._websocket, self.outbox):
                panel, self._panel = self._panel, None
                if panel is not None:
                    await send_panel(self._websocket, panel)
        except GONE:
            return
