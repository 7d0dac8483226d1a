"""The view of the player: hands frames to the server's thread, and takes the actions of pages. Nothing waits for a browser."""

import asyncio
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from realtime.config import Config
from realtime.datatypes import RunInfo, Summary
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.errors import ConfigError, SinkError
from realtime.model.classifier import Classifier
from realtime.recorder import Recorder
from realtime.records import Marker
from realtime.views.base import Action, Mark
from realtime.views.web import access as doors
from realtime.views.web.address import listen, tls_context
from realtime.views.web.hub import Hub
from realtime.views.web.orders import Control
from realtime.views.web.shot import Encoder

GOODBYE_STEP_S = 0.02


class WebView:
    """Shows a run in browsers.

    Args:
        config: of the run.
        run: its facts.
        classifier: shared with the sessions of browsers' cameras.
        secret: the token of the page; None makes one.

    Raises:
        ConfigError: the port is taken, or the certificate cannot be read.
        SinkError: an optional library is missing.
    """

    paced = True

    def __init__(self, config: Config, run: RunInfo, classifier: Classifier, secret: str | None = None) -> None:
        try:
            from realtime.views.web.cameras import Cameras
            from realtime.views.web.routes import Site, application
            from realtime.views.web.server import WebServer
        except ImportError as error:
            library = (error.name or "a library").partition(".")[0]
            raise SinkError(f"--serve needs {library}; install it with: pip install 'fer-cam[web]'") from error
        secret = secret or os.environ.get(doors.VARIABLE)
        if secret is None and config.view.verbosity < 0:
            raise ConfigError(f"--quiet hides the link of the page; leave it out, or set {doors.VARIABLE}")
        tls = tls_context(config.web)
        listener, self.address = listen(config.web)
        try:
            self._access = doors.Access(self.address, secret)
            self._encoder = Encoder(run, Recorder(run))
            self._hub = Hub(config, self._encoder)
            self._control = Control(self._hub.clock)
            self._cameras = Cameras(config, run, classifier)
            site = Site(self._access, self._hub, self._control, self._cameras)
            self._server = WebServer(application(site, self._access, self.address.url), listener, tls, self._tick)
        except BaseException:
            listener.close()
            raise
        self._lock = threading.Lock()
        self._newest: tuple[Painted, Status] | None = None
        self._markers: deque[Marker] = deque()
        self._marker: Marker | None = None
        self._first = True
        self._summary: Summary | None = None
        self._closed = False
        self._server.start()

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Purpose and address of each page, with its token."""
        url = self.address.url
        return (
            ("page", f"{url}/#token={self._access.token(doors.Role.CONTROL)}"),
            ("overlay, to watch only", f"{url}/overlay#token={self._access.token(doors.Role.WATCH)}"),
        )

    @property
    def encoded(self) -> int:
        """Number of images that were encoded."""
        return self._encoder.jpegs

    @property
    def followers(self) -> int:
        """Number of pages and streams that follow the run."""
        return self._hub.followers

    @property
    def sessions(self) -> tuple[Path, ...]:
        """Folders that browsers' cameras were recorded to, once the view is closed."""
        return self._cameras.folders

    def due(self) -> bool:
        """Always: a browser that connects later gets the newest frame at once, and nothing is drawn while nobody watches."""
        return not self._closed

    def show(self, painted: Painted, status: Status) -> None:
        """Leaves a frame for the server's thread, replacing one that was not taken."""
        if self._first:
            self._first = False
            self._encoder.recorder.record(painted.result)  # the data count from here, even if this frame is never taken
        with self._lock:
            idle, self._newest = self._newest is None, (painted, status)
            if status.marker is not self._marker and status.marker is not None:
                self._marker = status.marker
                self._markers.append(status.marker)
        if idle:
            self._server.call(self._publish)

    def poll(self, wait_ms: int) -> Action | Mark | None:
        """The next action of the page in control."""
        try:
            return self._control.actions.get(timeout=wait_ms / 1000) if wait_ms > 0 else self._control.actions.get_nowait()
        except queue.Empty:
            return None

    def notice(self, text: str) -> None:
        """Passes it on to every page."""
        self._server.call(lambda: self._hub.notice(text))

    def finish(self, summary: Summary, paths: Sequence[Path]) -> None:
        """Sends the summary and ends the server."""
        self._summary = summary
        self.close()

    def close(self) -> None:
        """Closes every connection and ends the server in bounded time; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._server.stop(self._goodbye)
        self._encoder.close()
        self._cameras.close()

    def _publish(self) -> None:
        with self._lock:
            newest, self._newest = self._newest, None
            markers = tuple(self._markers)
            self._markers.clear()
        if newest is not None:
            self._hub.publish(*newest, markers)

    def _tick(self) -> None:
        self._hub.tick()
        self._cameras.tick()

    async def _goodbye(self) -> None:
        """Tells every page that the run has ended, and waits until they have heard it."""
        self._publish()
        self._hub.end(self._summary)
        await self._cameras.end()
        while self._hub.followers:
            await asyncio.sleep(GOODBYE_STEP_S)


Opener = Callable[[Config, RunInfo, Classifier], WebView]
