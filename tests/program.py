"""Runs the whole program as a process, like a user, and reads its output and files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from tests.conftest import ROOT

LIMIT_S = 110
"""Seconds for one run, even on slow or busy machines."""


@dataclass(frozen=True)
class Done:
    """A finished run."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines with errors."""
        return complaints(self.err)


@dataclass(frozen=True)
class Video:
    """A decoded video file: its frames and their times in seconds."""

    codec: str
    size_wh: tuple[int, int]
    fps: float
    times_s: tuple[float, ...]


def complaints(err: str) -> list[str]:
    """The lines of stderr with errors."""
    return [line for line in err.splitlines() if line.startswith("fer-cam: ")]


def command(*args: str | Path) -> list[str]:
    """The command line of the program."""
    return [sys.executable, "-m", "realtime.cli", *map(str, args)]


def environment() -> dict[str, str]:
    """This process's environment, with the package importable and without a display."""
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return environment | {"PYTHONPATH": os.pathsep.join(paths)}


def fer_cam(*args: str | Path, cwd: Path) -> Done:
    """Runs the program to its end."""
    done = subprocess.run(
        command(*args), cwd=cwd, env=environment(), capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(*args: str | Path, cwd: Path) -> "Iterator[subprocess.Popen[str]]":
    """A run in the background; its data lines can be read from `stdout`. Killed at the end if still running."""
    with subprocess.Popen(
        command(*args),
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_frames(process: "subprocess.Popen[str]", count: int) -> list[dict[str, Any]]:
    """The next so many frames of `--jsonl -`, as they come."""
    assert process.stdout is not None
    frames: list[dict[str, Any]] = []
    while len(frames) < count:
        line = process.stdout.readline()
        assert line, f"ended after {len(frames)} of {count} frames: {process.stderr and process.stderr.read()}"
        row = json.loads(line)
        if row["type"] == "frame":
            frames.append(row)
    return frames


def rows(path: Path) -> list[dict[str, Any]]:
    """All lines of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def frames(path: Path) -> list[dict[str, Any]]:
    """The frames of a JSON Lines file."""
    return [row for row in rows(path) if row["type"] == "frame"]


def watch(path: Path) -> Video:
    """Decodes a whole video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times_s = tuple(float(frame.time or 0.0) for frame in container.decode(stream))
        context = stream.codec_context
        return Video(context.name, (context.width, context.height), float(stream.average_rate or 0), times_s)
