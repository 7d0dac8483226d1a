"""Checks every request: its Host and Origin, its token or cookie, and the role that these give.

All secrets derive from one of 256 bits, so nothing is stored, and a program that is restarted with the same
`FER_CAM_TOKEN` accepts the cookies and links of the previous one.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from enum import StrEnum

from realtime.errors import ConfigError
from realtime.views.web.address import Address

VARIABLE = "FER_CAM_TOKEN"
"""Environment variable that keeps the links the same after a restart; unlike an option, it does not show in the list of
processes."""

SHORTEST_TOKEN = 32
"""Characters; a shorter one may be guessed."""

TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_TOKEN},256}}")

LONGEST_COOKIES = 8192
"""Longest Cookie header, in characters; browsers send at most about this many."""


class Role(StrEnum):
    """What a browser may do."""

    CONTROL = "control"
    WATCH = "watch"
    """See everything, change nothing."""


class Access:
    """Checks requests to one server.

    Args:
        address: where the server listens, and under which names.
        secret: the token of the page; None makes one of 256 bits.

    Raises:
        ConfigError: the secret is too short.
    """

    def __init__(self, address: Address, secret: str | None = None) -> None:
        if secret is not None and not TOKEN.fullmatch(secret):
            raise ConfigError(f"{VARIABLE} must have at least {SHORTEST_TOKEN} letters or digits; try: openssl rand -hex 32")
        self._address = address
        self._secret = secret or secrets.token_hex(32)
        self._tokens = {Role.CONTROL: self._secret, Role.WATCH: self._derived("token watch")}
        self._cookies = {role: self._derived(f"cookie {role}") for role in Role}

    def token(self, role: Role) -> str:
        """The token that gives a role."""
        return self._tokens[role]

    def role_of_token(self, token: str) -> Role | None:
        """The role that a token gives."""
        return _match(self._tokens, token)

    def role_of(self, cookie_headers: Iterable[str]) -> Role | None:
        """The highest role that the cookies of a request give."""
        # SimpleCookie drops every cookie after a malformed one of another program
        pairs = [pair.strip() for header in cookie_headers if len(header) <= LONGEST_COOKIES for pair in header.split(";")]
        for role in Role:
            wanted = f"{self._name(role)}={self._cookies[role]}"
            if any(_same(pair, wanted) for pair in pairs):
                return role
        return None

    def set_cookie(self, role: Role) -> str:
        """The header that gives a browser its role, until it is closed.

        The port is part of the name, since browsers share cookies among the ports of a host.
        """
        secure = "; Secure" if self._address.tls else ""
        return f"{self._name(role)}={self._cookies[role]}; Path=/; HttpOnly; SameSite=Strict{secure}"

    def host_is_ours(self, hosts: Sequence[str]) -> bool:
        """Whether a request names this server: with DNS rebinding, the Host is another one."""
        return len(hosts) == 1 and hosts[0] in self._address.hosts

    def origin_is_ours(self, origins: Sequence[str]) -> bool:
        """Whether a page of this server made the request. Comparing Origin with Host would allow DNS rebinding."""
        return len(origins) == 1 and origins[0] in self._address.origins

    def _name(self, role: Role) -> str:
        return f"fer-cam-{role}-{self._address.port}"

    def _derived(self, purpose: str) -> str:
        digest = hmac.digest(self._secret.encode(), purpose.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _match(secrets_by_role: dict[Role, str], given: str) -> Role | None:
    """Compares with every secret."""
    equal = [_same(secret, given) for secret in secrets_by_role.values()]
    return next((role for role, same in zip(secrets_by_role, equal, strict=True) if same), None)


def _same(one: str, other: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
