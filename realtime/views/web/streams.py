"""Streams for other programs: /events, the lines of the data as Server-Sent Events, and /video.mjpg, the annotated video."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.responses import StreamingResponse

from realtime.views.web.hub import Follower, Hub

BOUNDARY = "fer-cam"
QUIET_S = 5.0
"""After this long without a line a comment is sent, so that a disconnected reader is noticed."""


def events(hub: Hub) -> StreamingResponse:
    """Header, frames, markers and summary as they come; a slow reader skips frames."""
    return StreamingResponse(_lines(hub), media_type="text/event-stream")


def mjpeg(hub: Hub) -> StreamingResponse:
    """The newest image, one after the other."""
    return StreamingResponse(_parts(hub), media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}")


@asynccontextmanager
async def _following(hub: Hub) -> AsyncIterator[Follower]:
    follower = Follower(data_only=True)
    hub.join(follower)
    try:
        yield follower
    finally:
        hub.leave(follower)


async def _lines(hub: Hub) -> AsyncIterator[str]:
    begun = False
    async with _following(hub) as follower:
        while True:
            if not await _woken(follower):
                yield ": nothing new\n\n"
                continue
            if not begun and (hub.shot is not None or follower.closing is not None):
                begun = True
                yield f"data: {hub.header()}\n\n"
            while follower.texts:
                yield f"data: {follower.texts.popleft()}\n\n"
            if follower.closing is not None:
                return
            shot = hub.shot
            if shot is not None and shot.number > follower.seen:
                follower.seen = shot.number
                yield f"data: {shot.line}\n\n"


async def _parts(hub: Hub) -> AsyncIterator[bytes]:
    async with _following(hub) as follower:
        while True:
            await _woken(follower)
            follower.texts.clear()
            if follower.closing is not None:
                return
            shot = hub.shot
            if shot is not None and shot.number > follower.seen:
                follower.seen = shot.number
                jpeg = await shot.drawn()
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                yield head.encode() + jpeg + b"\r\n"


async def _woken(follower: Follower) -> bool:
    """Waits until there is something new; False after QUIET_S without it."""
    try:
        async with asyncio.timeout(QUIET_S):
            await follower.wake.wait()
    except TimeoutError:
        return False
    follower.wake.clear()
    return True
