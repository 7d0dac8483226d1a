"""Drives a headless Chromium over its debugging pipe: opens a file, counts its requests, runs a line, takes a screenshot."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LAUNCH = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads its commands from number 3 and answers on number 4."""

NAMES = ("chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """Where Chromium is installed, if it is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One tab. Messages are JSON, each ended by a zero byte."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb", buffering=0)
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer; what happens meanwhile is kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._commands.write(json.dumps(message | ({"sessionId": self._session} if self._session else {})).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def wait(self, method: str) -> None:
        """Waits for an event, which may have come already."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def open(self, path: Path, *, size_wh: tuple[int, int] = (1400, 900), dark: bool = False) -> None:
        """Shows a file in a window of this size, until it is drawn."""
        self._session = None  # the browser itself
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.resize(size_wh)
        self.events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired")
        self.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

    def resize(self, size_wh: tuple[int, int]) -> None:
        """Another size of the window."""
        self.call("Emulation.setDeviceMetricsOverride", width=size_wh[0], height=size_wh[1], deviceScaleFactor=1, mobile=False)

    def run(self, line: str) -> Any:
        """The value of a line of JavaScript."""
        answer = self.call("Runtime.evaluate", expression=line, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def requests(self) -> list[str]:
        """Addresses that the page asked for, apart from itself."""
        return [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"][
            1:
        ]

    def errors(self) -> list[str]:
        """What went wrong in its programs."""
        return [str(event["params"]) for event in self.events if event["method"] == "Runtime.exceptionThrown"]

    def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._answers.fileno(), 1 << 20)
            assert data, "Chromium has gone"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(line))

    def close(self) -> None:
        """Closes the pipe, at which Chromium ends."""
        self._commands.close()
        self._answers.close()


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """A browser with a new profile, ended at the end."""
    found = program()
    assert found is not None
    reads, commands = os.pipe()
    answers, writes = os.pipe()
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe")
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(reads), str(writes), found, *options, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(reads, writes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(reads)
    os.close(writes)
    browser = Chromium(commands, answers)
    try:
        yield browser
    finally:
        browser.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
