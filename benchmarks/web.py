"""python -m benchmarks.web: how long frames take to reach the page of --serve, and from a browser's camera and back."""

import argparse
import json
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import camera_runs, suite
from benchmarks.browsers import SLOW_S
from benchmarks.camera import Camera
from benchmarks.camera_runs import CameraRun
from benchmarks.payloads_programs import Served, Web
from benchmarks.record import Record, Spread
from benchmarks.suite import Outcome
from realtime.config import BROWSER
from realtime.errors import SourceLostError
from realtime.views.web.access import VARIABLE

START_S = 30.0
END_S = 10.0
LINK = re.compile(r"page: (https?://[^/\s]+)")


@dataclass(frozen=True)
class Case:
    """Clients of one kind at a time.

    Attributes:
        kind: of benchmarks.browsers.
        slow: so many of them take a second for each image; they are not counted.
    """

    kind: str
    count: int
    slow: int = 0

    @property
    def what(self) -> str:
        """For tables."""
        noun = {"watch": "page", "camera": "browser's camera"}[self.kind]
        several = {"watch": "pages", "camera": "browsers' cameras"}[self.kind]
        fast = self.count - self.slow
        return f"{fast} {noun if fast == 1 else several}" + (
            f" beside {self.slow} that takes {SLOW_S:g} s" if self.slow else ""
        )


CASES = (Case("watch", 1), Case("watch", 4), Case("watch", 16), Case("watch", 2, slow=1), Case("camera", 1), Case("camera", 4))


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    run = CameraRun.of(args)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        run.encode(folder, console)
        source = stack.enter_context(Camera(folder, args.fps))
        rows = []
        for case in CASES:
            console.print(f"{case.what}: {args.warm_up:g} s of warm-up, {args.seconds:g} s", style="dim")
            rows.append(_serve(case, source.url if case.kind == "watch" else BROWSER, folder, args))
    outcome = Outcome(
        benchmark="web",
        command=run.command("web"),
        about=run.about,
        result=Web(run.actor.name, run.size.width, run.size.height, args.faces, args.fps, args.seconds, tuple(rows)),
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, run.classifier, args, console)


def _serve(case: Case, location: str, folder: Path, args: argparse.Namespace) -> Served:
    """One case, with a server of its own."""
    token = secrets.token_hex(32)
    with _server(location, token, args) as (url, process):
        command = [sys.executable, "-m", "benchmarks.browsers", case.kind, url, "--count", str(case.count)]
        command += ["--slow", str(case.slow), "--images", str(folder), "--size", args.size, "--fps", str(args.fps)]
        command += ["--warm-up", str(args.warm_up), "--seconds", str(args.seconds)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=suite.environment() | {VARIABLE: token}
        ) as clients:
            lines = clients.stdout or iter(())
            if next(iter(lines), "") != "counting\n":
                raise SourceLostError(f"{case.what}: the clients did not start; their own message stands above")
            before = _cpu_s(process)
            result = next(iter(lines), "")
            spent = _cpu_s(process) - before
    if not result:
        raise SourceLostError(f"{case.what}: the clients did not come to their end; their own message stands above")
    return served(case, json.loads(result), args.seconds, spent)


def served(case: Case, delays_ms: Sequence[Sequence[float]], seconds: float, cpu_s: float) -> Served:
    """The figures of a case; slow clients are not counted.

    Args:
        delays_ms: of each client, the slow ones first.

    Raises:
        SourceLostError: no frame came.
    """
    fast = delays_ms[case.slow :]
    together = [delay for client in fast for delay in client]
    if not all(fast):
        raise SourceLostError(f"{case.what}: a client got no frame")
    fps = min(len(client) for client in fast) / seconds
    return Served(case.what, len(fast), round(fps, 2), Spread.of(together), round(100 * cpu_s / seconds, 1))


@contextmanager
def _server(location: str, token: str, args: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """fer-cam with its page; yields the address and the process for psutil.

    Raises:
        SourceLostError: it does not start.
    """
    psutil = suite.library("psutil", "web")
    options = ["--serve", "--no-display", "--model", args.model, "--threads", str(args.threads)]
    command = [sys.executable, "-m", "realtime", "--device" if location == BROWSER else "--source", location, *options]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=suite.environment() | {VARIABLE: token}
    ) as process:
        try:
            link = next((found for line in process.stderr or () if (found := LINK.search(line))), None)
            if link is None:
                raise SourceLostError("fer-cam --serve did not start; run it and look at its message")
            yield link[1], psutil.Process(process.pid)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=END_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _cpu_s(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def table(measured: Record[Web]) -> Table:
    """The result for the terminal."""
    result = measured.result
    shown = Table(
        title=f"{result.width}x{result.height}, faces: {result.faces}, {result.fps:g} frames/s, {result.seconds:g} s each"
    )
    for column in ("", "frames/s each", "delay p50 ms", "p95", "p99", "CPU % of a core"):
        shown.add_column(column, justify="left" if column == "" else "right")
    for row in result.rows:
        delay = row.delay_ms
        values = (row.fps, delay.p50, delay.p95, delay.p99, row.cpu_percent)
        shown.add_row(row.what, *(f"{value:.1f}" for value in values))
    return shown


def _plot(measured: Record[Web], path: Path) -> None:
    from benchmarks import plots_programs

    plots_programs.web(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser(
        "web", "From capture to the page, and from a browser's camera and back, for several clients on loopback."
    )
    camera_runs.add_options(parser, size="640x480", seconds=20, counted="counted for each row")
    return parser


if __name__ == "__main__":
    sys.exit(main())
