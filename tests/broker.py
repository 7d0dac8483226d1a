"""A real MQTT broker on loopback, and a subscriber that waits for messages."""

import queue
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from realtime.sinks.live import Lines

LIMIT_S = 20.0


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def broker(folder: Path, port: int | None = None, login: tuple[str, str] | None = None) -> Iterator[int]:
    """mosquitto with a configuration of its own; gives its port. The test is skipped where it is missing."""
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin")
    if mosquitto is None:
        pytest.skip("mosquitto is not installed")
    port = free_port() if port is None else port
    config = folder / "mosquitto.conf"
    lines = [f"listener {port} 127.0.0.1", f"allow_anonymous {'true' if login is None else 'false'}", "user root"]
    if login is not None:
        passwords = folder / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, *login], check=True, timeout=LIMIT_S, capture_output=True)
        lines.append(f"password_file {passwords}")
    config.write_text("\n".join(lines) + "\n")
    with subprocess.Popen([mosquitto, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            while "running" not in (line := process.stderr.readline()):
                assert line, "the broker ended"
            yield port
        finally:
            process.terminate()


class HeardLines(Lines):
    """Lines for the user that a test can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._heard: queue.Queue[str] = queue.Queue()

    def say(self, text: str) -> None:
        super().say(text)
        self._heard.put(text)

    def next(self) -> str:
        """The next line, however it was taken."""
        return self._heard.get(timeout=LIMIT_S)


class Subscriber:
    """Hears everything on a broker, also what is retained there."""

    def __init__(self, port: int, login: tuple[str, str] | None = None) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self._messages: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        if login is not None:
            self._client.username_pw_set(*login)
        subscribed: queue.Queue[bool] = queue.Queue()
        self._client.on_subscribe = lambda *_: subscribed.put(True)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("#")
        self._client.loop_start()
        assert subscribed.get(timeout=LIMIT_S)

    def _hear(self, client: object, data: object, message: Any) -> None:
        self._messages.put((message.topic, message.payload.decode(), message.retain))

    def next(self, topic: str) -> str:
        """The next message on a topic; those on others before it are dropped."""
        return self.retained(topic)[0]

    def retained(self, topic: str) -> tuple[str, bool]:
        """The same, and whether the broker had kept it."""
        while True:
            heard, payload, kept = self._messages.get(timeout=LIMIT_S)
            if heard == topic:
                return payload, kept

    def until(self, topic: str, payload: str) -> list[tuple[str, str]]:
        """Topics and payloads up to a certain message."""
        heard: list[tuple[str, str]] = []
        while (topic, payload) not in heard:
            heard.append(self._messages.get(timeout=LIMIT_S)[:2])
        return heard

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
