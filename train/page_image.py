"""python -m train.page_image --of page --out realtime/guides/page.jpg

Serves the demo clip as `fer-cam --serve` does and saves what Chromium shows of the page, the page on a phone, its lesson view,
or the overlay above the clip: the images in the guide.
"""

import argparse
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.errors import ConfigError, FerError, SinkError
from realtime.sources import EQUIPMENT
from realtime.views.web.access import VARIABLE

SIZES_WH = {"page": (1280, 860), "phone": (390, 844), "lesson": (1280, 1070), "overlay": (640, 480)}
"""Of the windows, pixels; the overlay's is that of the clip."""

LINK = re.compile(r"(page|overlay)[^:]*: (http\S+)")
MOMENT_S = 15
"""Position in the clip: two people with two expressions, and some history."""

OVERLAY = "?size=0.6&place=bottom"
WAIT_S = 120

QUALITY = 80
END_S = 10.0


@contextmanager
def served() -> Iterator[dict[str, str]]:
    """A server of the demo clip; yields the links of its page and of its overlay.

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
            links: dict[str, str] = {}
            for line in process.stderr or ():
                links |= LINK.findall(line)
                if len(links) == 2:
                    break
            else:
                raise SinkError("fer-cam --serve did not start; run it and look at its message")
            yield links
        finally:
            process.terminate()
            process.communicate(timeout=END_S)


def save(of: str, path: Path, chromium: str | None) -> None:
    """Saves the image.

    Args:
        of: a key of SIZES_WH.
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
    width, height = SIZES_WH[of]
    with served() as links, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(links["page"])
        if of == "lesson":
            page.get_by_role("button", name="Lesson view").click()
        page.locator("#chips", has_text=f"0:{MOMENT_S}").wait_for(timeout=1000 * WAIT_S)
        if of == "overlay":
            page.goto(links["overlay"].replace("#", f"{OVERLAY}#"))
            page.locator("section").nth(1).wait_for()
            _save_above_clip(page, path)
        else:
            page.screenshot(path=path, type="jpeg", quality=QUALITY)
        browser.close()


def _save_above_clip(page: Any, path: Path) -> None:
    """Saves the transparent page above the image of the clip that it is about."""
    png = np.frombuffer(page.screenshot(omit_background=True), np.uint8)
    drawn = np.asarray(cv2.imdecode(png, cv2.IMREAD_UNCHANGED))
    clip = cv2.VideoCapture(str(EQUIPMENT.demo))
    clip.set(cv2.CAP_PROP_POS_MSEC, 1000 * MOMENT_S)
    alpha = drawn[..., 3:] / 255
    image = drawn[..., :3] * alpha + clip.read()[1] * (1 - alpha)
    cv2.imwrite(str(path), image.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def main(argv: list[str] | None = None) -> int:
    """Saves the image; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.page_image", description="Save an image of the page.")
    parser.add_argument("--of", choices=SIZES_WH, default="page", help="what is saved (default: page)")
    parser.add_argument("--out", type=Path, required=True, help="the image, .jpg; an existing one is replaced")
    parser.add_argument("--chromium", metavar="PROGRAM", help="such as /usr/bin/chromium (default: playwright's own)")
    args = parser.parse_args(argv)
    try:
        save(args.of, args.out, args.chromium)
    except FerError as error:
        print(f"train.page_image: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
