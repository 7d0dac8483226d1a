"""The options of `fer-cam run` for the page in browsers."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def add(parser: argparse.ArgumentParser, defaults: Mapping[str, Any]) -> None:
    """Adds them."""
    web = parser.add_argument_group("browser (fer-cam guide browser)")
    web.add_argument(
        "--serve",
        type=_port,
        nargs="?",
        const=0,
        metavar="PORT",
        help="a page for browsers on this machine (default port: 8765)",
    )
    web.add_argument("--bind", metavar="ADDRESS", default=defaults["bind"], help="serve at this address of the machine")
    web.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate for an encrypted connection, PEM")
    web.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, PEM")
    web.add_argument("--insecure", action="store_true", help="serve at another address unencrypted")


def _port(text: str) -> int:
    """A TCP port. argparse reports the error."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no port; if it is the source, put it before --serve")
    return int(text)
