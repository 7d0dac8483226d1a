"""All checks in their order, and what they mean together."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import cast

from realtime import __version__
from realtime.checkup import clock
from realtime.checkup.check import Check, Status, Value
from realtime.printable import printable

FORMAT = 1
"""Version of the JSON."""

BUG = 1
"""Exit code of a check that fails by itself."""

ORDER = ("system", "libraries", "cameras", "screen", "network", "files", "latency")
"""The modules of this folder, as they are run; the clocks come last, so that time has passed."""

Subject = Callable[[], Iterable[Check]]


def subjects() -> dict[str, Subject]:
    """Every subject by its name. Each is imported only when its turn comes: a library may be missing."""
    started = clock.read()
    return {**{name: partial(_load, name) for name in ORDER}, "clock": partial(clock.checks, started)}


def examine(subjects: dict[str, Subject], home: Path, begin: Callable[[str], None]) -> Iterator[Check]:
    """Runs the checks, fit to be shown and to be sent to somebody.

    Args:
        subjects: by name.
        home: the user's home folder, which becomes `~`.
        begin: called with the name of each subject before its checks.
    """
    for name, checks in subjects.items():
        begin(name)
        for check in _guarded(name, checks):
            yield _shown(check, partial(redact, home=home))


def _guarded(name: str, checks: Subject) -> Iterator[Check]:
    """The checks of a subject; a library that cannot be imported, or a bug, costs this subject only."""
    try:
        yield from checks()
    except ImportError as error:
        yield Check.warning(
            name, f"not checked: {str(error).strip().partition(chr(10))[0]}", "follow the remedies above, then check again"
        )
    except Exception as error:
        yield Check.failure(name, f"the check itself failed: {type(error).__name__}: {error}", "please report it", BUG)


def _load(name: str) -> Iterable[Check]:
    return cast(Iterable[Check], import_module(f"realtime.checkup.{name}").checks())


def redact(text: str, home: Path) -> str:
    """The text with `~` for the home folder, and without control characters."""
    for folder in {home, home.resolve()}:
        if folder != Path(folder.anchor):  # some services live in /
            text = re.sub(rf"{re.escape(str(folder))}(?![\w.-])", "~", text)
    return printable(text)


def _shown(check: Check, redacted: Callable[[str], str]) -> Check:
    def plain(value: Value) -> Value:
        if isinstance(value, str):
            return redacted(value)
        return [redacted(item) for item in value] if isinstance(value, Sequence) else value

    values = tuple((name, plain(value)) for name, value in check.values)
    return replace(check, found=redacted(check.found), remedy=redacted(check.remedy), values=values)


def status(checks: Sequence[Check]) -> Status:
    """The worst of them."""
    order = list(Status)
    return max((check.status for check in checks), key=order.index, default=Status.OK)


def exit_code(checks: Sequence[Check]) -> int:
    """That of the first failure; 0 if there is none."""
    return next((check.exit_code for check in checks if check.exit_code), 0)


def command(checks: Sequence[Check]) -> str:
    """How to start fer-cam here: with the options that the checks ask for."""
    flags: dict[tuple[str, ...], None] = {}
    for check in checks:
        flags |= {check.flags: None}
    return " ".join(["fer-cam", *(word for words in flags for word in words)])


def to_json(checks: Sequence[Check]) -> str:
    """The checks for programs, as the guide describes them."""
    return json.dumps(
        {
            "format": FORMAT,
            "version": __version__,
            "status": status(checks),
            "exit_code": exit_code(checks),
            "command": command(checks),
            "checks": [
                {
                    "name": check.name,
                    "status": check.status,
                    "found": check.found,
                    "remedy": check.remedy,
                    "values": dict(check.values),
                }
                for check in checks
            ],
        },
        indent=2,
        ensure_ascii=False,
    )
