"""Actions of triggers: commands, OSC and MQTT messages. All of it runs on the thread of the triggers."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterable

from realtime.endpoints import Broker, Endpoint
from realtime.errors import SinkError
from realtime.sinks.live import Lines
from realtime.sinks.mqtt import BrokerConnection
from realtime.sinks.osc import OscMessage, OscSender
from realtime.sinks.watch import Firing
from realtime.triggers import Action, Kind, Trigger

CONNECTED_S = 1.0
"""How long an MQTT message waits for the connection, which is made in the background when a run begins."""

COMMANDS_S = 0.5
"""How long the end of a run waits for commands, to report those that fail. They may go on after it."""


class Actions:
    """Everything that triggers can do in one run.

    Args:
        actions: all actions of the run; only the connections they need are opened.
        osc: the receiver of OSC messages.
        broker: of MQTT messages.
        lines: receives notices for the user.

    Raises:
        SinkError: a program or an optional library is missing, or the host does not exist.
    """

    def __init__(self, actions: Iterable[Action], osc: Endpoint | None, broker: Broker | None, lines: Lines) -> None:
        kinds = set()
        for action in actions:
            kinds.add(action.kind)
            if action.kind is Kind.COMMAND and shutil.which(action.words[0]) is None:
                raise SinkError(
                    f"--trigger: program {action.words[0]} not found; give its full path, or shell: before a shell command"
                )
        self._commands = Commands(lines)
        self._osc = OscSender(osc) if osc is not None and Kind.OSC in kinds else None
        quiet = Lines()  # the output of --mqtt says the same of the same broker
        self._mqtt = BrokerConnection(broker, quiet) if broker is not None and Kind.MQTT in kinds else None

    def act(self, firing: Firing) -> None:
        """Carries out the action of a firing.

        Raises:
            OSError: the command cannot be started, or the message cannot be sent.
            SinkError: the broker is not connected.
        """
        action = firing.trigger.action
        if action.kind is Kind.OSC and self._osc is not None:
            self._osc.send([OscMessage(action.target, (firing.value, firing.face or 0))])
        elif action.kind is Kind.MQTT and self._mqtt is not None:
            self._publish(self._mqtt, firing)
        else:
            self._commands.start(firing)

    def look(self) -> None:
        """Reports commands that have failed since the last call."""
        self._commands.look()

    def close(self) -> None:
        """Ends the connections, in bounded time."""
        self._commands.finish()
        if self._osc is not None:
            self._osc.close()
        if self._mqtt is not None:
            self._mqtt.close()

    def _publish(self, connection: BrokerConnection, firing: Firing) -> None:
        if not connection.wait(CONNECTED_S):
            raise SinkError("the broker is not connected")
        trigger = firing.trigger
        facts = {"trigger": trigger.condition, "value": firing.value, "face": firing.face, "utc": firing.frame.captured_utc}
        connection.publish(trigger.action.target, json.dumps(facts))


class Commands:
    """Runs commands, one at a time for each trigger, and reports those that fail.

    A command gets the facts in its environment (FER_CAM_TRIGGER, FER_CAM_VALUE, FER_CAM_FACE); what it prints is dropped.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._running: dict[Trigger, subprocess.Popen[bytes]] = {}

    def start(self, firing: Firing) -> None:
        """Starts the command of a firing, unless that of the one before still runs.

        Raises:
            OSError: it cannot be started.
        """
        self.look()
        trigger = firing.trigger
        if trigger in self._running:
            self._lines.say(f"trigger {trigger.condition}: {trigger.action} still runs; not started again")
            return
        facts = {"TRIGGER": trigger.condition, "VALUE": f"{firing.value:g}", "FACE": str(firing.face or "")}
        shell = trigger.action.kind is Kind.SHELL
        self._running[trigger] = subprocess.Popen(
            trigger.action.target if shell else trigger.action.words,
            shell=shell,
            env=os.environ | {f"FER_CAM_{name}": value for name, value in facts.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # stdout is for data
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that Ctrl-C ends only the run
        )

    def look(self) -> None:
        """Reports commands that have failed since the last call."""
        for trigger, process in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            del self._running[trigger]
            if code:
                self._lines.say(f"trigger {trigger.condition}: {trigger.action} ended with code {code}")

    def finish(self, limit_s: float = COMMANDS_S) -> None:
        """Waits a moment for the commands that run; they may go on after that."""
        until = time.monotonic() + limit_s
        while self._running and time.monotonic() < until:
            process = next(iter(self._running.values()))
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                break
            self.look()
