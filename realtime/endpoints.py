"""Addresses of receivers of live data, parsed from one word of the command line."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from realtime.errors import ConfigError

HOST_PORT = re.compile(r"(?:(?P<host>[^\s:/@\[\]]+)|\[(?P<ipv6>[0-9A-Fa-f:.%]+)\]):(?P<port>\d{1,5})")
HIGHEST_PORT = 65_535

MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
"""The schemes of a broker, and the port that each has if none is given."""

TOPIC = "fer-cam"
"""The topic if none is given."""

BROKER_FORM = "give mqtt://HOST/TOPIC, or mqtts:// with TLS, and USER:PASSWORD@ before the host if the broker wants a login"


@dataclass(frozen=True)
class Endpoint:
    """A receiver of UDP messages.

    Attributes:
        host: a name or an address, IPv6 without its brackets.
        port: 1 to 65535.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, setting: str) -> "Endpoint":
        """HOST:PORT, such as 127.0.0.1:9000 or [::1]:9000.

        Raises:
            ConfigError: it is something else; `setting` is at fault.
        """
        match = HOST_PORT.fullmatch(text)
        if match is None or not 1 <= int(match["port"]) <= HIGHEST_PORT:
            raise ConfigError(f"{text}: give HOST:PORT, such as 127.0.0.1:9000", setting)
        return cls(match["host"] or match["ipv6"], int(match["port"]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Broker:
    """An MQTT broker, the login there, and the topic that a run's own topics are below.

    Attributes:
        topic: without a slash at either end.
        user, password: None where none is given; the password is left out of `repr`.
    """

    scheme: str
    host: str
    port: int
    topic: str
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, text: str, setting: str) -> "Broker":
        """mqtt://USER:PASSWORD@HOST:PORT/TOPIC; only scheme and host are needed.

        Raises:
            ConfigError: it is something else; the message leaves the text out, since a password may be in it.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")  # fails here instead of on the connection's thread
        except ValueError as error:  # a port that is no number, a bracket that is not closed, an impossible host
            raise ConfigError(f"cannot read the address; {BROKER_FORM}", setting) from error
        if parts.scheme not in MQTT_PORTS or not host or port == 0:
            raise ConfigError(f"is not the address of a broker; {BROKER_FORM}", setting)
        if "?" in text or "#" in text or "@" in parts.path:
            raise ConfigError("has a ? or # (or an @ behind a /); in a password write %3F, %23, %40 and %2F instead", setting)
        topic = unquote(parts.path).strip("/") or TOPIC
        check_topic(topic, setting)
        login = tuple(None if part is None else unquote(part) for part in (parts.username, parts.password))
        return cls(parts.scheme, host, port or MQTT_PORTS[parts.scheme], topic, *login)

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "mqtts"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Broker({self}/{self.topic})"


def check_topic(topic: str, setting: str) -> None:
    """Whether messages can be published to a topic.

    Raises:
        ConfigError: it has a wildcard or a control character, or is empty.
    """
    if not topic or re.search(r"[+#\x00-\x1f]", topic):
        raise ConfigError("has an invalid topic; leave out +, # and control characters", setting)
