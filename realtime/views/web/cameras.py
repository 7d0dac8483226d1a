"""The sessions of all browsers' cameras, on threads that they share.

A session outlives its connection by a few seconds, so that a dropped one leaves a gap in the data and not two recordings.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from realtime.config import Config
from realtime.datatypes import RunInfo
from realtime.model.classifier import Classifier
from realtime.views.web.clock import BrowserClock
from realtime.views.web.hub import FINISHED, PROGRAM_ENDS_TEXT, Follower
from realtime.views.web.tracking import CameraSession
from realtime.workers import Workers

MOST_CAMERAS = 8
MOST_THREADS = 4
KEEP_S = 10.0
"""How long a session waits for its browser to come back."""

TAKEN_OVER = "This camera goes on in another connection."

T = TypeVar("T")


class Page(Protocol):
    """A page that sends images of its camera.

    Attributes:
        outbox: messages to it.
    """

    outbox: Follower

    def tick(self) -> None:
        """Called from time to time."""


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
        self.page: Page | None = None
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
        self._ending: set[CameraSession] = set()
        self._folders: list[Path] = []
        self._count = 0
        # each session has one frame in it at most, so they take turns
        self._workers = Workers(min(MOST_THREADS, os.cpu_count() or 1), "web camera")
        self._endings: set[asyncio.Task[object]] = set()

    def attach(self, page: Page, key: str | None) -> Kept | None:
        """The session of a page: the one it had, or a new one; None if there are too many."""
        kept = None if key is None else self._sessions.get(key)
        if kept is None:
            if len(self._sessions) >= MOST_CAMERAS and not self._make_room():
                return None
            self._count += 1
            kept = Kept(CameraSession(f"browser-{self._count}", self.config, self.run, self._classifier, self.clock))
            self._sessions[kept.key] = kept
        elif kept.page is not None:
            kept.page.outbox.close(FINISHED, TAKEN_OVER)
        kept.page = page
        return kept

    def detach(self, page: Page, kept: Kept) -> None:
        """Takes a page away that has disconnected; its session waits for it."""
        if kept.page is page:
            kept.page, kept.gone_s = None, self.clock()

    @property
    def pages(self) -> int:
        """Number of cameras that are connected."""
        return sum(kept.page is not None for kept in self._sessions.values())

    async def work(self, job: Callable[[], T]) -> T:
        """Runs a job of a session on a thread."""
        return await asyncio.wrap_future(self._workers.submit(job))

    async def finish(self, kept: Kept) -> str:
        """Ends a session; returns the line of its summary."""
        self._forget(kept)
        return await self._end(kept.session)

    def tick(self) -> None:
        """Called from time to time: ends sessions whose browser has not come back."""
        for kept in list(self._sessions.values()):
            if kept.page is not None:
                kept.page.tick()
            elif self.clock() - kept.gone_s > KEEP_S:
                self._end_in_background(kept)

    async def end(self) -> None:
        """Sends every page its summary at the end of the program."""
        for kept in list(self._sessions.values()):
            page = kept.page
            summary = await self.finish(kept)
            if page is not None:
                page.outbox.put(summary)
                page.outbox.close(FINISHED, PROGRAM_ENDS_TEXT)

    def close(self) -> None:
        """Ends every session, and the threads in bounded time; called on the main thread, after the loop has ended."""
        for kept in list(self._sessions.values()):
            self._forget(kept)
        for session in list(self._ending):
            session.end()
            self._keep_folders(session)
        self._workers.close()

    def _make_room(self) -> bool:
        """Ends the session whose browser has been away for longest; False if none is."""
        away = [kept for kept in self._sessions.values() if kept.page is None]
        if away:
            self._end_in_background(min(away, key=lambda kept: kept.gone_s))
        return bool(away)

    def _end_in_background(self, kept: Kept) -> None:
        self._forget(kept)  # at once: the browser may come back before it has ended
        ending: asyncio.Task[object] = asyncio.create_task(self._end(kept.session))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    def _forget(self, kept: Kept) -> None:
        if self._sessions.pop(kept.key, None) is not None:
            self._ending.add(kept.session)

    async def _end(self, session: CameraSession) -> str:
        """Ends a session and keeps only its folders, since a page may come and go often in a day."""
        summary = await self.work(session.end)
        self._keep_folders(session)
        return summary

    def _keep_folders(self, session: CameraSession) -> None:
        if session in self._ending:
            self._ending.remove(session)
            self._folders += session.folders

    @property
    def finished(self) -> tuple[Path, ...]:
        """The folders of recordings that have ended, and can be downloaded."""
        return (*self._folders, *(folder for kept in self._sessions.values() for folder in kept.session.state.finished))

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the recordings of sessions that have ended."""
        return tuple(self._folders)
