"""The WebSocket /watch: the server's source on a page, and the page's requests.

Each page has one frame in flight and gets the newest one after it has drawn that: a slow page skips frames and delays nobody.
"""

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket

from realtime.views.web.access import Role
from realtime.views.web.hub import Follower, Hub
from realtime.views.web.orders import Control, OrderError, number, parse
from realtime.views.web.sockets import GONE, delivered, received, send_panel

BAD_DATA = 1003


class WatchPage:
    """One page that watches.

    Args:
        websocket: accepted.
        role: what the page may do.
        hub: publishes the run.
        control: the page that may act.
    """

    def __init__(self, websocket: WebSocket, role: Role, hub: Hub, control: Control) -> None:
        self.role = role
        self._websocket = websocket
        self._hub = hub
        self._control = control
        self._follower = Follower(role)
        self._images = True
        self._taught: tuple[int, int | None, bool] | None = None

    async def serve(self) -> None:
        """Serves it until it disconnects or is closed."""
        self._say(self._hub.hello(self.role))
        if self._hub.status is not None:
            self._follower.put(self._hub.status_text(self._follower))
        self._control.join(self)
        self._hub.join(self._follower)
        sender = asyncio.create_task(self._send())
        try:
            await self._receive()
        finally:
            self._control.leave(self)
            self._hub.leave(self._follower)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def told_control(self) -> None:
        """Tells it who is in control."""
        holder = self._control.holder
        self._say({"type": "control", "mine": holder is self, "free": holder is None})

    def _say(self, message: dict[str, Any]) -> None:
        self._follower.put(json.dumps(message, allow_nan=False, separators=(",", ":")))

    async def _send(self) -> None:
        try:
            while await delivered(self._websocket, self._follower):
                await self._send_frame()
                await self._send_lesson()
        except GONE:
            return

    async def _send_frame(self) -> None:
        """Sends the newest frame, if the page has drawn the one before."""
        follower, shot = self._follower, self._hub.shot
        if shot is None or shot.number <= follower.seen or follower.busy_since is not None:
            return
        follower.seen, follower.busy_since = shot.number, self._hub.clock()
        self._in_flight = shot
        image = await shot.image() if self._images and self._hub.images else None
        await self._websocket.send_text(shot.message)
        if image is not None:
            await self._websocket.send_bytes(image)

    async def _send_lesson(self) -> None:
        """Sends the paper's steps for the frame that was sent, again when another face of it is chosen."""
        shot, status = self._hub.shot, self._hub.status
        if shot is None or status is None or not self._hub.lesson or not self._images or shot.number != self._follower.seen:
            return
        wanted = shot.number, status.chosen, status.paused
        if wanted == self._taught:
            return
        self._taught = wanted
        panel = await shot.lesson(status.chosen, exact=status.paused)
        await send_panel(self._websocket, panel)

    async def _receive(self) -> None:
        while (message := await received(self._websocket)) is not None:
            try:
                if isinstance(message, bytes):
                    raise OrderError("this connection takes no images")
                self._handle(parse(message))
            except OrderError as error:
                self._follower.close(BAD_DATA, str(error))

    def _handle(self, order: dict[str, Any]) -> None:
        match order.get("type"):
            case "ack":
                self._drawn(order.get("frame"))
            case "ping":
                self._say({"type": "pong", "sent": number(order.get("sent"), 0.0, 1e15), "server": self._hub.clock()})
            case "images":
                self._images = order.get("on") is True
            case "take-over":
                self._refuse(self._control.take_over(self))
            case "action" | "marker" | "record":
                self._refuse(self._control.act(self, order))

    def _drawn(self, index: object) -> None:
        follower = self._follower
        if follower.busy_since is None or index != self._in_flight.index:
            return
        follower.ages_s.append(self._hub.clock() - self._in_flight.captured_at)
        follower.busy_since = None
        follower.wake.set()

    def _refuse(self, reason: str | None) -> None:
        if reason is not None:
            self._say({"type": "refused", "text": reason})
