"""Network addresses: redacted for display, and repaired so that FFmpeg parses the login correctly."""

import re
from urllib.parse import quote

HIDDEN = "..."
"""Replaces the hidden parts."""

LONGEST_SHOWN = 24
"""Characters of one path segment; stream keys and tokens are longer."""

SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://(.*)", re.DOTALL)
HOST = re.compile(r"(?P<host>[\w.-]+|\[[0-9a-fA-F:.]+\])?(?::(?P<port>\d{1,5}))?")

USER = re.compile(r"[A-Za-z][\w.+-]{0,31}")
"""A user name that may be shown; anything else may well be a token."""

PLAIN = re.compile(r"[\w.~-]+")

CREDENTIAL = re.compile(r"user|admin|root|login|passw|pwd|pass\b|token|secret|key|auth|sign|session|sid\b", re.IGNORECASE)
"""Words that precede a secret in the paths of many cameras: /user=admin_password=..., /login/NAME/..., /token/..."""

STREAM_WORDS = frozenset(
    re.findall(
        r"\w+",
        "amp av axis bin bcs cam camera cgi ch channel channels dash defaultprimary fluent flv hls img index jpeg jpg live "
        "main master media mjpeg mjpg mkv motion mp mpd mpeg mpg multicast nphmotionjpeg onvif play playlist preview "
        "primary profile profiles realmonitor sdp second snapshot stream streaming streams sub track trackid ts unicast video "
        "videos videostream webm",
    )
)
"""Words in the default paths of cameras and media servers, such as h264Preview_01_main; none is a secret."""


def redact_url(text: str) -> str:
    """An address for display: scheme, user, host, port, and the parts of the path that are clearly not secret.

    A password may be in the login (and contain `@`, `#`, `?` or `/`), in the query, or in the path (`/user=a&password=b`,
    `/live/NAME/PASSWORD/1.ts`, a stream key). So the function lists what may be shown, not what must be hidden. If the end of
    the login is ambiguous, the host is hidden too. Text that is not an address is returned unchanged.
    """
    match = SCHEME.fullmatch(text)
    if match is None:
        return text
    scheme, rest = match[1], match[2]
    login, host, path, sure = _parts(rest)
    address = HOST.fullmatch(host)
    if not sure or address is None:
        return f"{scheme}://{_user(login)}{HIDDEN}"
    return f"{scheme}://{_user(login)}{host}{_path(path, last_is_key=scheme.lower().startswith('rtmp'))}"


def repair_url(url: str) -> str:
    """The address with `#`, `?`, `@`, `:` and `/` in the password escaped, so that FFmpeg can separate login and host.

    Applies only if the address can be parsed in exactly one way. The scheme is lower-cased, since FFmpeg knows no other form.
    """
    match = SCHEME.fullmatch(url)
    if match is None:
        return url
    scheme, rest = match[1].lower(), match[2]
    login, host, path, sure = _parts(rest)
    user, colon, password = login.partition(":")
    if not sure or not colon:
        return f"{scheme}://{rest}"
    escaped = ":".join(quote(part, safe="%!$&'()*+,;=~") for part in (user, password))
    return f"{scheme}://{escaped}@{host}{path}"


def _parts(rest: str) -> tuple[str, str, str, bool]:
    """Splits an address without its scheme: login, host with port, the rest, and whether the split is certain."""
    end = _find(rest, "/?#")
    login, _, host = rest[:end].rpartition("@")
    path = rest[end:]
    if "@" not in path or ":" not in rest[:end]:
        return login, host, path, True
    # a password with / ? or # in it, or an @ in the path: certain only if exactly one split is possible
    standard = HOST.fullmatch(host)
    ways: list[tuple[str, str, str]] = [(login, host, path)] if standard is not None and not login else []
    for at in (mark.start() for mark in re.finditer("@", rest)):
        behind = rest[at + 1 :]
        end = _find(behind, "/?#")
        if end and HOST.fullmatch(behind[:end]):
            ways.append((rest[:at], behind[:end], behind[end:]))
    return (*ways[0], True) if len(ways) == 1 else (login or host, "", "", False)


def _find(text: str, marks: str) -> int:
    """Index of the first of the marks; the length of the text if it has none."""
    return min((at for mark in marks if (at := text.find(mark)) >= 0), default=len(text))


def _user(login: str) -> str:
    """The user name and @, if a password follows it: a login of one part is often a token."""
    user, _, password = login.partition(":")
    if not login:
        return ""
    return f"{user}@" if password and USER.fullmatch(user) else f"{HIDDEN}@"


def _path(path: str, *, last_is_key: bool) -> str:
    """A path up to its first segment that may be secret; queries and fragments are never shown.

    A single unusual name is the name of a stream; of two, such as /anna/sesame, the second may be a password.

    Args:
        path: the part after the host.
        last_is_key: whether the last segment is a key, as in RTMP, unless it is a usual name.
    """
    if not path.startswith("/"):
        return ""
    parts = path[: _find(path, "?#;")][1:].split("/")
    unusual = next((i for i, part in enumerate(parts) if not _is_usual(part)), None)
    if unusual is None:
        return "/" + "/".join(parts)
    name, *behind = parts[unusual:]
    harmless = _is_name(name) and not (last_is_key and unusual > 0)
    if behind:
        harmless = harmless and len(behind) == 1 and not behind[0].isdecimal() and (_is_usual(behind[0]) or _is_file(behind[0]))
    return "/" + "/".join(parts if harmless else [*parts[:unusual], HIDDEN])


def _is_usual(part: str) -> bool:
    words = re.findall(r"[A-Za-z]+|[0-9]+|.", part.lower(), re.DOTALL)
    return all(
        word in STREAM_WORDS or word in "-_." or len(word) <= (4 if word.isdecimal() else word.isalpha()) for word in words
    )


def _is_name(part: str) -> bool:
    return len(part) <= LONGEST_SHOWN and PLAIN.fullmatch(part) is not None and CREDENTIAL.search(part) is None


def _is_file(part: str) -> bool:
    return _is_name(part) and "." in part
