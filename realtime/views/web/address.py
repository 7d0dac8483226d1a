"""The address that the server listens on, and the exact names by which it may be reached."""

import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from ipaddress import ip_address

from realtime.config import WebConfig
from realtime.errors import ConfigError

PORT = 8765
"""The port if none is named; another free one if it is taken."""

BACKLOG = 128


@dataclass(frozen=True)
class Address:
    """The address of a server.

    Attributes:
        host: the first of the names, for links.
        names: host names and addresses, IPv6 in brackets.
        port: TCP.
        tls: whether connections are encrypted.
    """

    host: str
    names: tuple[str, ...]
    port: int
    tls: bool

    @property
    def scheme(self) -> str:
        """Of links."""
        return "https" if self.tls else "http"

    @property
    def url(self) -> str:
        """The address of the page, without a slash at its end."""
        return f"{self.scheme}://{self._with_port(self.host)}"

    @property
    def hosts(self) -> frozenset[str]:
        """Every Host header that a browser sends to this server."""
        return frozenset(self._with_port(name) for name in self.names)

    @property
    def origins(self) -> frozenset[str]:
        """Every Origin header of a page of this server."""
        return frozenset(f"{self.scheme}://{host}" for host in self.hosts)

    def _with_port(self, name: str) -> str:
        return name if self.port == (443 if self.tls else 80) else f"{name}:{self.port}"


def listen(config: WebConfig) -> tuple[socket.socket, Address]:
    """Opens the port; returns it with its address.

    Raises:
        ConfigError: the address is not one of this machine, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(config.bind, config.serve or PORT, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigError(f"{config.bind}: no such address; give one of this machine", "bind") from error
    family, _, _, _, place = found[0]
    for port in (config.serve,) if config.serve else (PORT, 0):
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio leaves Nagle on: 50 ms a frame
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((place[0], port, *place[2:]))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if port == PORT and not config.serve:
                continue
            if port:
                raise ConfigError(f"{port}: cannot listen there ({error.strerror}); give another port", "serve") from error
            raise ConfigError(f"{config.bind}: cannot listen there ({error.strerror})", "bind") from error
        listener.setblocking(False)
        names = _names(config.bind, str(place[0]))
        return listener, Address(names[0], names, listener.getsockname()[1], config.tls_cert is not None)
    raise AssertionError("port 0 was tried")


def tls_context(config: WebConfig) -> ssl.SSLContext | None:
    """The certificate and its key, loaded.

    Raises:
        ConfigError: they cannot be read.
    """
    if config.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(
            config.tls_cert, config.tls_key, password=lambda: ""
        )  # otherwise OpenSSL asks for it on the terminal
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"cannot be read ({error.strerror or error}); give PEM files", "tls_cert", "tls_key") from error
    return context


def _names(bind: str, resolved: str) -> tuple[str, ...]:
    """The names of a server, the one for links first."""
    at = ip_address(resolved.partition("%")[0])
    if at.is_unspecified:
        names = [*_own_addresses(), socket.gethostname().lower(), "127.0.0.1", "localhost"]
    elif at.is_loopback:
        names = [resolved, "localhost"]
    else:
        names = [bind.lower(), resolved]
    return tuple(dict.fromkeys(f"[{name}]" if ":" in name else name for name in names))


def _own_addresses() -> list[str]:
    """The addresses of this machine on its networks, that of the default route first; nothing is sent."""
    found: list[str] = []
    with suppress(OSError), closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.connect(("192.0.2.1", 9))
        found.append(str(probe.getsockname()[0]))
    with suppress(OSError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)]
    return found
