"""python -m train.page_image --out realtime/guides/page.jpg

Serves the demo clip as `fer-cam --serve` does and saves what Chromium shows of the page: the image in the guide.
"""

import argparse
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realtime.errors import ConfigError, FerError, SinkError
from realtime.sources import EQUIPMENT
from realtime.views.web.access import VARIABLE

SIZE_WH = (1280, 860)
MOMENT_S = 15.0
"""Seconds after the page is open: two people with two expressions, and some history."""

QUALITY = 80
END_S = 10.0


@contextmanager
def served() -> Iterator[str]:
    """A server of the demo clip; yields the link of its page.

    Raises:
        SinkError: it does not start.
    """
    token = secrets.token_hex(32)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--serve", str(port), "--no-display"]
    command = [sys.executable, "-m", "realtime", str(EQUIPMENT.demo), *options]
    environment = os.environ | {VARIABLE: token}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            if not any("page: " in line for line in process.stderr or ()):
                raise SinkError("fer-cam --serve did not start; run it and look at its message")
            yield f"http://127.0.0.1:{port}/#token={token}"
        finally:
            process.terminate()
            process.communicate(timeout=END_S)


def save(path: Path, chromium: str | None) -> None:
    """Saves the image.

    Args:
        path: of a JPEG; an existing one is replaced.
        chromium: the browser's program; None takes that of playwright.

    Raises:
        ConfigError: playwright is not installed.
        SinkError: the server does not start.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise ConfigError("playwright is not installed; pip install -e '.[dev]' installs it") from error
    with served() as link, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": SIZE_WH[0], "height": SIZE_WH[1]})
        page.goto(link)
        page.wait_for_timeout(1000 * MOMENT_S)
        page.screenshot(path=path, type="jpeg", quality=QUALITY)
        browser.close()


def main(argv: list[str] | None = None) -> int:
    """Saves the image; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.page_image", description="Save an image of the page.")
    parser.add_argument("--out", type=Path, required=True, help="the image, .jpg; an existing one is replaced")
    parser.add_argument("--chromium", metavar="PROGRAM", help="such as /usr/bin/chromium (default: playwright's own)")
    args = parser.parse_args(argv)
    try:
        save(args.out, args.chromium)
    except FerError as error:
        print(f"train.page_image: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
