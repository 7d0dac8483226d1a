"""Runs triggers: checks conditions on every frame, and runs actions on a thread of their own."""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo
from realtime.endpoints import Broker, Endpoint
from realtime.errors import SinkError
from realtime.records import FrameRecord
from realtime.sinks.actions import Actions
from realtime.sinks.base import DataSink
from realtime.sinks.live import Lines
from realtime.sinks.paths import OutputPaths
from realtime.sinks.watch import Firing, Watch
from realtime.triggers import FACES, Trigger

MOST_WAITING = 16
"""Firings that wait for their action; more are dropped and reported."""

JOIN_S = 2.0
"""How long the end of a run waits for the actions."""

POLL_S = 0.1
"""How often running commands are checked."""


class Actor(Protocol):
    """The interface of `Actions`."""

    def act(self, firing: Firing) -> None: ...

    def look(self) -> None: ...

    def close(self) -> None: ...


class TriggerSink(DataSink):
    """Follows every trigger, and leaves the action of what fires to a thread.

    Args:
        triggers: the conditions.
        actor: carries out the actions, and is closed, on the thread; its SinkError or OSError becomes a notice.
        lines: receives notices for the user.
    """

    essential = False

    def __init__(self, triggers: Sequence[Trigger], actor: Actor, lines: Lines) -> None:
        self._watches = [Watch(trigger) for trigger in triggers]
        self._actor = actor
        self._lines = lines
        self._waiting: queue.Queue[Firing] = queue.Queue(MOST_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="triggers", daemon=True)
        self._thread.start()

    def write(self, record: FrameRecord) -> None:
        """Follows the conditions; never waits."""
        for watch in self._watches:
            firing = watch.update(record)
            if firing is None:
                continue
            try:
                self._waiting.put_nowait(firing)
                self._lines.say(str(firing))
            except queue.Full:
                self._lines.say(f"{firing}; nothing done, since {MOST_WAITING} others wait")

    def notices(self) -> tuple[str, ...]:
        """Notices of fired triggers and failed actions."""
        return self._lines.take()

    def close(self, summary: object) -> None:
        """Waits for the actions of what fired, in bounded time; may be called twice."""
        self._closing.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            with suppress(queue.Empty):
                self._act(self._waiting.get(timeout=POLL_S))
            self._actor.look()
        self._actor.close()

    def _act(self, firing: Firing) -> None:
        try:
            self._actor.act(firing)
        except (SinkError, OSError) as error:
            self._lines.say(f"trigger {firing.trigger.condition}: {firing.trigger.action} failed: {error}")


def _open(triggers: Sequence[Trigger], config: OutputConfig, run: RunInfo) -> DataSink:
    for trigger in triggers:
        if trigger.name not in (FACES, *run.labels):
            raise SinkError(f"--trigger {trigger.condition}: the network knows {', '.join(run.labels)}; give one of them")
    osc = None if config.osc is None else Endpoint.parse(config.osc, "osc")
    broker = None if config.mqtt is None else Broker.parse(config.mqtt, "mqtt")
    lines = Lines()
    return TriggerSink(triggers, Actions((trigger.action for trigger in triggers), osc, broker, lines), lines)


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """Triggers, if there are any; see `base.Plan`."""
    if not config.triggers:
        return None
    triggers = [Trigger.parse(text) for text in config.triggers]
    return lambda: _open(triggers, config, run)
