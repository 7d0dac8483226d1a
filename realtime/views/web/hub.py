"""The run as the server's loop knows it: the newest frame and state, and the browsers that follow them."""

import asyncio
import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from realtime.config import BROWSER, Config
from realtime.datatypes import RunInfo, Summary
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.meter import percentiles
from realtime.records import Header, Marker, to_line
from realtime.views.base import Action
from realtime.views.web.access import Role
from realtime.views.web.shot import Encoder, Shot

STATUS_S = 0.5
"""Time between two messages about the state."""

MOST_TEXTS = 64
"""Most messages that wait for one browser; with more it is too slow."""

MOST_AGES = 64
"""Frames over which the age is measured."""

ACK_S = 10.0
"""A page that has not drawn a frame for this long is too slow; its connection is closed."""

TOO_SLOW, TOO_SLOW_TEXT = 4408, "This page is too slow: it did not draw a frame within 10 s."
PROGRAM_ENDS, PROGRAM_ENDS_TEXT = 1001, "fer-cam ends."
FINISHED = 1000

OF_WINDOWS = frozenset({Action.FULLSCREEN, Action.DETAILS, Action.HELP})
"""Actions that concern a window only; a page has its own."""

OF_LESSONS = frozenset({Action.LESSON, Action.NEXT_FACE, Action.PANEL})
"""Actions that show faces."""

CAN = tuple(action.value for action in Action if action not in OF_WINDOWS)


class Follower:
    """One browser's view of the run: every message in order, and the newest frame only.

    Args:
        role: only the role in control gets paths.
        data_only: takes lines of data alone, no state and no notices.
    """

    def __init__(self, role: Role = Role.WATCH, *, data_only: bool = False) -> None:
        self.role = role
        self.data_only = data_only
        self.texts: deque[str] = deque()
        self.closing: tuple[int, str] | None = None
        """Code and reason with which the connection is to be closed, after the waiting messages."""
        self.busy_since: float | None = None
        """When the frame was sent that the page has not drawn yet."""
        self.ages_s: deque[float] = deque(maxlen=MOST_AGES)
        self.seen = 0
        """Number of the newest frame that was sent."""
        self.wake = asyncio.Event()

    def put(self, text: str) -> None:
        """Queues a message; a browser that takes too few is closed."""
        if self.closing is None:
            if len(self.texts) >= MOST_TEXTS:
                self.close(TOO_SLOW, TOO_SLOW_TEXT)
            else:
                self.texts.append(text)
            self.wake.set()

    def close(self, code: int, reason: str) -> None:
        """Closes the connection after the waiting messages; the first reason counts."""
        if self.closing is None:
            self.closing = (code, reason)
            self.wake.set()


class Hub:
    """Publishes a run to every follower. Used on the server's loop only.

    Args:
        config: of the run.
        encoder: of the run.
        clock: seconds, the clock of `Frame.captured_at`.
    """

    def __init__(self, config: Config, encoder: Encoder, clock: Callable[[], float] = time.perf_counter) -> None:
        self.config = config
        self.encoder = encoder
        self.clock = clock
        self.run: RunInfo = encoder.run
        self.images = not config.output.numbers_only
        self.shot: Shot | None = None
        self.status: Status | None = None
        self.summary: Summary | None = None
        self.ended = False
        self._followers: set[Follower] = set()
        self._count = 0
        self._first: tuple[float | None, str | None] | None = None
        self._said_at = -math.inf

    @property
    def followers(self) -> int:
        """Number of browsers that follow."""
        return len(self._followers)

    def join(self, follower: Follower) -> None:
        """Begins to publish to a browser."""
        self._followers.add(follower)
        if self.ended:
            self._say_goodbye([follower])
        follower.wake.set()

    def leave(self, follower: Follower) -> None:
        """Stops publishing to a browser; may be called twice."""
        self._followers.discard(follower)

    def header(self) -> str:
        """The header of the data."""
        first = self.encoder.recorder.first
        return to_line(Header(self.run, *first), self.run)

    def publish(self, painted: Painted, status: Status, markers: Iterable[Marker] = ()) -> None:
        """A frame or a change of state. Called for the same frame again when only the state has changed."""
        if self.shot is None or not self.shot.shows(painted):
            self._count += 1
            self.shot = Shot(self._count, painted, self.encoder)
        for marker in markers:
            self._tell(to_line(marker, self.run), data=True)
        changed = self.status is None or _switches(self.status) != _switches(status)
        self.status = status
        if changed or self.clock() - self._said_at >= STATUS_S:
            self.say_status()
        for follower in self._followers:
            follower.wake.set()

    def say_status(self) -> None:
        """Sends the state to every page."""
        self._said_at = self.clock()
        for follower in self._followers:
            if not follower.data_only:
                follower.put(self.status_text(follower))

    def notice(self, text: str) -> None:
        """Sends a line to the viewers."""
        self._tell(_json({"type": "notice", "text": text}))

    def tick(self) -> None:
        """Called from time to time: closes browsers that are too slow."""
        now = self.clock()
        for follower in self._followers:
            if follower.busy_since is not None and now - follower.busy_since > ACK_S:
                follower.close(TOO_SLOW, TOO_SLOW_TEXT)
        if self.status is not None and now - self._said_at >= STATUS_S:
            self.say_status()

    def end(self, summary: Summary | None) -> None:
        """Sends the summary, if the run came to its end, and closes every connection."""
        if not self.ended:
            self.ended, self.summary = True, summary
            self._say_goodbye(list(self._followers))

    def hello(self, role: Role) -> dict[str, Any]:
        """The first message to a page."""
        source, reading = self.run.source, self.config.reading
        status, view = self.status, self.config.view
        return {
            "type": "hello",
            "version": 1,
            "labels": list(self.run.labels),
            "source": {
                "name": source.name,
                "width": source.width,
                "height": source.height,
                "live": source.live,
                "fps": source.fps,
            },
            "markers": list(self.config.output.markers),
            "stored": self._stored(role),
            "can": self._can() if role is Role.CONTROL else [],
            "role": role.value,
            "clock": "server",
            "settings": {
                "threshold": reading.threshold,
                "blur": self.config.output.blur if status is None else status.blur,
                "mirror": source.live if view.mirror is None else view.mirror,
                "numbers_only": not self.images,
            },
            "model": {"name": self.run.model, "provider": self.run.provider},
        }

    def status_text(self, follower: Follower) -> str:
        """The state, as one page sees it."""
        status = self.status
        assert status is not None
        age = percentiles(tuple(follower.ages_s)) if status.live and follower.ages_s else None
        return _json(
            {
                "type": "status",
                "fps": round(status.fps, 2),
                "latency_ms": {"p50": round(status.latency_ms.p50, 2), "p95": round(status.latency_ms.p95, 2)},
                "dropped": status.dropped,
                "effort": status.effort.name,
                "provider": self.run.provider,
                "paused": status.paused,
                "recording": status.session,
                "blur": status.blur,
                "lesson": self.lesson,
                "live": status.live,
                "stored": self._stored(follower.role),
                "age_p50_ms": None if age is None else round(age.p50, 2),
                "age_p95_ms": None if age is None else round(age.p95, 2),
                "position": status.position,
                "profile": status.profile,
                "calibrating": status.calibrating,
                "watchers": sum(not each.data_only for each in self._followers),
            }
        )

    @property
    def lesson(self) -> bool:
        """Whether pages show the paper's steps."""
        return self.status is not None and self.status.lesson and self.images

    @property
    def finished(self) -> tuple[Path, ...]:
        """The folders of sessions that have ended, and can be downloaded."""
        status = self.status
        if status is None:
            return ()
        return status.sessions[:-1] if status.session else status.sessions

    def _can(self) -> list[str]:
        """Names of the actions that make sense in this run."""
        if self.config.source.location == BROWSER:
            return [Action.QUIT.value]
        without = {Action.SNAPSHOT} if not self.images else set()
        if not self.images or self.config.output.blur:
            without |= OF_LESSONS
        if self.config.output.session is None:
            without |= {Action.RECORD, Action.STOP_RECORDING}
        return [name for name in CAN if name not in without]

    def _stored(self, role: Role) -> dict[str, Any]:
        """Whether a session is recorded, whether one can be, whether anything is stored at all, and where."""
        status = self.status
        paths = () if status is None else status.stored
        return {
            "recording": status is not None and status.session,
            "available": self.config.output.session is not None,
            "anything": bool(paths),
            "paths": [str(path) for path in paths] if role is Role.CONTROL else [],
            "finished": [path.name for path in self.finished] if role is Role.CONTROL else [],
        }

    def _tell(self, text: str, *, data: bool = False) -> None:
        for follower in self._followers:
            if data or not follower.data_only:
                follower.put(text)

    def _say_goodbye(self, followers: Iterable[Follower]) -> None:
        for follower in followers:
            if self.summary is None:
                follower.close(PROGRAM_ENDS, PROGRAM_ENDS_TEXT)
            else:
                follower.put(to_line(self.summary, self.run))
                follower.close(FINISHED, PROGRAM_ENDS_TEXT)


def _switches(status: Status) -> tuple[object, ...]:
    """The parts of a state whose change is told at once."""
    return (
        *(status.paused, status.session, status.blur, status.lesson),
        *(status.effort, status.stored, status.profile, status.calibrating),
    )


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
