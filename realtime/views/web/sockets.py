"""Helpers for WebSockets: receiving, closing, and the errors of one that is gone."""

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from realtime.views.web.hub import Follower
from realtime.views.web.lesson import Panel

GONE = (WebSocketDisconnect, RuntimeError, OSError)
"""What sending to a closed connection raises, by the moment at which it was closed."""

NO_COOKIE, NO_COOKIE_TEXT = 4401, "Open the link that fer-cam printed in its terminal."
WRONG_ROLE, WRONG_ROLE_TEXT = 4403, "This page may only watch."
TOO_MANY, TOO_MANY_TEXT = 4408, "Too many pages are open; close some."


async def received(websocket: WebSocket) -> str | bytes | None:
    """The next message; None when the connection is closed."""
    message = await websocket.receive()
    if message["type"] != "websocket.receive":
        return None
    text = message.get("text")
    return text if isinstance(text, str) else bytes(message.get("bytes") or b"")


async def delivered(websocket: WebSocket, follower: Follower) -> bool:
    """Waits until a follower is woken and sends its waiting messages; False if the connection was closed after them."""
    await follower.wake.wait()
    follower.wake.clear()
    while follower.texts:
        await websocket.send_text(follower.texts.popleft())
    if follower.closing is None:
        return True
    await close(websocket, *follower.closing)
    return False


async def send_panel(websocket: WebSocket, panel: Panel) -> None:
    """Sends the lesson view."""
    await websocket.send_text(panel.text)
    if panel.image is not None:
        await websocket.send_bytes(panel.image)


async def close(websocket: WebSocket, code: int, reason: str) -> None:
    """Closes a WebSocket; does nothing if it is already closed."""
    if websocket.application_state is not WebSocketState.DISCONNECTED:
        try:
            await websocket.close(code, reason)
        except GONE:
            return
