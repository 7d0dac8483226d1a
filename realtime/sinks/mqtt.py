"""MQTT, for home automation and dashboards. The guide `stage` lists the topics."""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo
from realtime.endpoints import Broker
from realtime.records import FrameRecord, Marker, to_line
from realtime.sinks.base import DataSink
from realtime.sinks.live import LargestFace, Lines, missing
from realtime.sinks.paths import OutputPaths

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessageInfo

ONLINE, OFFLINE = "online", "offline"
"""Of the topic `status`, in the words that Home Assistant expects."""

KEEP_ALIVE_S = 15
"""The broker publishes the last will after one and a half times as long without a message."""

RETRY_S = (1, 30)
"""The shortest and the longest pause between two attempts to connect; it doubles meanwhile."""

CONNECT_S = 5.0
LAST_MESSAGE_S = 0.5
"""How long an attempt to connect may take, and the last message when the connection is closed."""


class BrokerConnection:
    """A connection that is made, and made again, in the background. Nothing here waits for the broker, except `close`.

    Args:
        broker: where to connect to.
        lines: receives notices for the user.
        status_topic: where `online` is retained, and `offline` when the connection ends or breaks; None for nowhere.
        on_connected: called on the connection's own thread after every connection.

    Raises:
        SinkError: paho-mqtt is missing.
    """

    def __init__(
        self,
        broker: Broker,
        lines: Lines,
        *,
        status_topic: str | None = None,
        on_connected: Callable[[], None] = lambda: None,
    ) -> None:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise missing("--mqtt", "paho-mqtt", "mqtt") from error
        self._broker = broker
        self._lines = lines
        self._status_topic = status_topic
        self._on_connected = on_connected
        self._said: str | None = None
        self._up = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect_timeout = CONNECT_S
        self._client.reconnect_delay_set(*RETRY_S)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set_context(ssl.create_default_context())
        if status_topic is not None:
            self._client.will_set(status_topic, OFFLINE, retain=True)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._unreachable
        self._client.on_disconnect = self._disconnected
        self._client.connect_async(broker.host, broker.port, KEEP_ALIVE_S)
        self._client.loop_start()

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the connection."""
        return self._up.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Waits until connected; returns whether it is."""
        return self._up.wait(timeout_s)

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> "MQTTMessageInfo":
        """Leaves a message for the connection's thread, at most once delivered (QoS 0); lost while not connected."""
        return self._client.publish(topic, payload, retain=retain)

    def close(self) -> None:
        """Says `offline` and disconnects, in bounded time; may be called twice."""
        if self._status_topic is not None and self.connected:
            with suppress(RuntimeError, ValueError):  # the connection breaks at this moment: the broker publishes the last will
                self.publish(self._status_topic, OFFLINE, retain=True).wait_for_publish(LAST_MESSAGE_S)
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: "Client", data: object, flags: object, reason: Any, properties: object) -> None:
        if reason.is_failure:
            self._say(f"the MQTT broker {self._broker} refused the connection ({reason}); check user and password")
            return
        self._up.set()
        if self._status_topic is not None:
            self.publish(self._status_topic, ONLINE, retain=True)
        self._on_connected()
        if self._said is not None:
            self._lines.say(f"connected to the MQTT broker {self._broker}")
        self._said = None

    def _unreachable(self, client: "Client", data: object) -> None:
        doubt = ", or its certificate is not trusted" if self._broker.tls else ""
        self._say(f"cannot reach the MQTT broker {self._broker}{doubt}; trying again in the background")

    def _disconnected(self, client: "Client", data: object, flags: object, reason: Any, properties: object) -> None:
        if not self._up.is_set():  # it hung up before it had accepted the connection
            if self._said is None:
                self._unreachable(client, data)
            return
        self._up.clear()
        if self._said is None:
            self._say(f"the MQTT broker {self._broker} is gone ({reason}); trying again in the background")

    def _say(self, text: str) -> None:
        """Says each thing once until it changes."""
        if text != self._said:
            self._lines.say(text)
        self._said = text


class MqttSink(DataSink):
    """Publishes the newest frame as soon as the one before is on its way, and the label of the largest face as it changes.

    Args:
        broker: where, and below which topic.
        run: whose frames come.
        lines: receives notices for the user.

    Raises:
        SinkError: paho-mqtt is missing.
    """

    essential = False
    newest = True
    marks = True

    def __init__(self, broker: Broker, run: RunInfo, lines: Lines | None = None) -> None:
        self._topic = broker.topic
        self._run = run
        self._leader = LargestFace()
        self._lines = lines or Lines()
        self._state: dict[str, Any] | None = None
        self._under_way: MQTTMessageInfo | None = None
        self._connection = BrokerConnection(broker, self._lines, status_topic=f"{self._topic}/status", on_connected=self._renew)

    def write(self, record: FrameRecord) -> None:
        """Publishes a frame; nothing while not connected, or while the frame before still waits for the network."""
        self._update_state(record)
        if not self._connection.connected or not self._free():
            return
        line = json.loads(to_line(record, self._run)) | {"utc": record.captured_utc}
        self._under_way = self._connection.publish(f"{self._topic}/frame", _json(line))

    def mark(self, marker: Marker) -> None:
        """Publishes a marker."""
        self._connection.publish(f"{self._topic}/marker", to_line(marker, self._run))

    def notices(self) -> tuple[str, ...]:
        """That the broker cannot be reached, or is back."""
        return self._lines.take()

    def close(self, summary: object) -> None:
        """Says `offline` and disconnects."""
        self._connection.close()

    def _update_state(self, record: FrameRecord) -> None:
        leader = self._leader.of(record)
        label, faces = None if leader is None else leader.label, len(record.faces)
        if self._state is not None and (self._state["label"], self._state["faces"]) == (label, faces):
            return
        confidence = None if leader is None else leader.confidence
        self._state = {"label": label, "confidence": confidence, "faces": faces, "utc": record.captured_utc}
        self._publish_state(self._state)

    def _renew(self) -> None:
        """After a connection was made: the broker may have an old label, and what was under way is lost."""
        self._under_way = None
        if self._state is not None:
            self._publish_state(self._state)

    def _publish_state(self, state: dict[str, Any]) -> None:
        self._connection.publish(f"{self._topic}/state", _json(state), retain=True)

    def _free(self) -> bool:
        """Whether the frame before has been handed to the network: a slow one would otherwise pile up frames in memory."""
        last = self._under_way
        return last is None or last.rc != 0 or last.is_published()


def _send_at_once(client: "Client", data: object, sock: Any) -> None:
    """Turns Nagle's algorithm off: a frame would wait for the acknowledgement of the one before, for up to 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """MQTT messages, if they are wanted; see `base.Plan`."""
    if config.mqtt is None:
        return None
    broker = Broker.parse(config.mqtt, "mqtt")
    return lambda: MqttSink(broker, run)
