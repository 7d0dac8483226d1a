"""The addresses of the server. Every request passes `Gate` first."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files
from mimetypes import guess_type

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from realtime.views.web import sockets, streams
from realtime.views.web.access import Access, Role
from realtime.views.web.camera import CameraPage
from realtime.views.web.cameras import Cameras
from realtime.views.web.hub import Hub
from realtime.views.web.orders import Control
from realtime.views.web.watch import WatchPage

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every response: nothing is loaded from elsewhere, no page can frame this one, and no other origin can read anything."""

MOST_PAGES = 64
"""Most WebSockets and streams at once."""

MOST_BODY = 1024
BODY_S = 5.0
"""Limits of a request's body: bytes, and seconds until it is complete."""

PAGES = {"/": "index.html", "/overlay": "overlay.html"}

FOLDERS = ("realtime.views.web", "realtime.report")
"""Packages whose assets a page may load; the report has uPlot."""


DOWNLOADS = frozenset({"frames.jsonl", "faces.csv", "events.tsv", "session.json", "video.mp4"})
"""Files of a session; a page gets no others."""


class Gate:
    """Refuses requests under a foreign name or from a foreign page, and adds HEADERS to every answer.

    Args:
        app: gets the requests that pass.
        access: decides.
        url: of the page, for the refusal.
    """

    def __init__(self, app: ASGIApp, access: Access, url: str) -> None:
        self._app = app
        self._access = access
        self._url = url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send_with_headers).send_denial_response(refusal)
        else:
            await refusal(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._access.host_is_ours(headers.getlist("host")):
            return PlainTextResponse(f"This page is at {self._url} only.", HTTPStatus.FORBIDDEN)
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not reads and not self._access.origin_is_ours(headers.getlist("origin")):
            return PlainTextResponse(f"Only the page at {self._url} may do this.", HTTPStatus.FORBIDDEN)
        return None


class Site:
    """The endpoints.

    Args:
        access: tokens and cookies.
        hub: publishes the server's source.
        control: the page that may act.
        cameras: the sessions of browsers' cameras.
    """

    def __init__(self, access: Access, hub: Hub, control: Control, cameras: Cameras) -> None:
        self._access = access
        self._hub = hub
        self._control = control
        self._cameras = cameras
        self._assets = {
            file.name: file for package in reversed(FOLDERS) for file in (files(package) / "assets").iterdir() if file.is_file()
        }

    def routes(self) -> list[Route | WebSocketRoute]:
        """All of them."""
        return [
            *(Route(path, self._page(name)) for path, name in PAGES.items()),
            Route("/assets/{name}", self._asset),
            Route("/session", self._exchange, methods=["POST"]),
            Route("/me", self._me),
            Route("/events", self._events),
            Route("/video.mjpg", self._video),
            Route("/download/{folder}/{name}", self._download),
            WebSocketRoute("/watch", self._watch),
            WebSocketRoute("/camera", self._camera),
        ]

    def _page(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def page(request: Request) -> Response:
            return self._file(name)

        return page

    async def _asset(self, request: Request) -> Response:
        return self._file(str(request.path_params["name"]))

    def _file(self, name: str) -> Response:
        """A file by its exact name: nothing else can be read."""
        file = self._assets.get(name)
        if file is None:
            return PlainTextResponse("There is no such file.", HTTPStatus.NOT_FOUND)
        return Response(file.read_bytes(), media_type=guess_type(name)[0] or "application/octet-stream")

    async def _exchange(self, request: Request) -> Response:
        """A token for a cookie."""
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
            token = json.loads(body)["token"]
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("The request took too long.", HTTPStatus.REQUEST_TIMEOUT, {"Connection": "close"})
        except (ValueError, KeyError, TypeError, RecursionError):
            return PlainTextResponse('Send {"token": "..."}.', HTTPStatus.BAD_REQUEST, {"Connection": "close"})
        role = self._access.role_of_token(token) if isinstance(token, str) else None
        if role is None:
            return PlainTextResponse("The link is not valid; open the one that fer-cam printed.", HTTPStatus.FORBIDDEN)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Set-Cookie": self._access.set_cookie(role)})

    async def _me(self, request: Request) -> Response:
        role = self._role(request)
        return _unknown() if role is None else JSONResponse({"role": role.value})

    async def _events(self, request: Request) -> Response:
        if self._role(request) is None:
            return _unknown()
        return _crowded() if self._full else streams.events(self._hub)

    async def _video(self, request: Request) -> Response:
        if self._role(request) is None:
            return _unknown()
        if not self._hub.images:
            return PlainTextResponse("fer-cam was started with --numbers-only.", HTTPStatus.FORBIDDEN)
        return _crowded() if self._full else streams.mjpeg(self._hub)

    async def _download(self, request: Request) -> Response:
        """A file of a session that has ended."""
        if self._role(request) is not Role.CONTROL:
            return _unknown()
        folders = {folder.name: folder for folder in (*self._hub.finished, *self._cameras.finished)}
        folder, name = folders.get(request.path_params["folder"]), request.path_params["name"]
        if folder is None or name not in DOWNLOADS or not (folder / name).is_file():
            return PlainTextResponse("There is no such file.", HTTPStatus.NOT_FOUND)
        return FileResponse(folder / name, filename=f"{folder.name}-{name}")

    async def _watch(self, websocket: WebSocket) -> None:
        if (role := await self._admitted(websocket)) is not None:
            await WatchPage(websocket, role, self._hub, self._control).serve()

    async def _camera(self, websocket: WebSocket) -> None:
        role = await self._admitted(websocket)
        if role is Role.CONTROL:
            await CameraPage(websocket, self._cameras).serve()
        elif role is not None:
            await sockets.close(websocket, sockets.WRONG_ROLE, sockets.WRONG_ROLE_TEXT)

    async def _admitted(self, websocket: WebSocket) -> Role | None:
        """The role of an accepted connection; None if it was closed."""
        await websocket.accept()
        role = self._access.role_of(websocket.headers.getlist("cookie"))
        if role is None:
            await sockets.close(websocket, sockets.NO_COOKIE, sockets.NO_COOKIE_TEXT)
        elif self._full:
            await sockets.close(websocket, sockets.TOO_MANY, sockets.TOO_MANY_TEXT)
            return None
        return role

    @property
    def _full(self) -> bool:
        return self._hub.followers + self._cameras.pages >= MOST_PAGES

    def _role(self, request: Request) -> Role | None:
        return self._access.role_of(request.headers.getlist("cookie"))


def application(site: Site, access: Access, url: str) -> ASGIApp:
    """The whole server."""
    return Gate(Starlette(routes=site.routes()), access, url)


async def _body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        ValueError: it is too long.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise ValueError("too long")
    return body


def _unknown() -> Response:
    return PlainTextResponse("Open the link that fer-cam printed in its terminal.", HTTPStatus.UNAUTHORIZED)


def _crowded() -> Response:
    return PlainTextResponse("Too many pages are open; close some.", HTTPStatus.SERVICE_UNAVAILABLE)
