"""python -m benchmarks.delay: how long a frame takes from its capture to a program that receives OSC, MQTT or LSL."""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import camera_runs, suite
from benchmarks.camera import Camera
from benchmarks.camera_runs import CameraRun
from benchmarks.payloads_programs import Delay, Heard
from benchmarks.record import Record, Spread
from benchmarks.suite import Outcome
from realtime.errors import ConfigError, SourceLostError
from realtime.records import FrameRecord, records

BROKER = "mosquitto"
BROKER_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
RUN = "run"
"""Name of the session."""

START_S = 30.0
"""Extra time of a run beyond twice that of its frames."""


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    run = CameraRun.of(args)
    warm_up = round(args.warm_up * args.fps)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        run.encode(folder, console)
        where = {"osc": str(_free_port()), "mqtt": str(stack.enter_context(_broker(folder))), "lsl": f"delay-{os.getpid()}"}
        for how, target in where.items():
            stack.enter_context(_receiver(how, target, folder / how))
        source = stack.enter_context(Camera(folder, args.fps))
        console.print(f"{args.warm_up:g} s of warm-up, {args.seconds:g} s", style="dim")
        _run(source.url, where, warm_up + round(args.seconds * args.fps), folder, args)
        frames = [record for record in records(folder / RUN / "frames.jsonl") if isinstance(record, FrameRecord)]
        heard = {how: _arrivals(folder / how) for how in where}
    counted = frames[warm_up:]
    outcome = Outcome(
        benchmark="delay",
        command=run.command("delay"),
        about=run.about,
        result=Delay(
            clip=run.actor.name,
            width=run.size.width,
            height=run.size.height,
            faces=args.faces,
            frames=len(counted),
            dropped=counted[-1].dropped - counted[0].dropped,
            processed_ms=Spread.of([frame.latency_ms for frame in counted]),
            receivers=tuple(summary(how, counted, arrivals) for how, arrivals in heard.items()),
        ),
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, run.classifier, args, console)


def summary(how: str, frames: list[FrameRecord], arrivals: Mapping[int, float]) -> Heard:
    """One receiver's figures.

    Args:
        frames: those that count.
        arrivals: perf_counter by the frame's index.

    Raises:
        SourceLostError: none of them arrived.
    """
    delays = [1000 * (arrivals[frame.index] - (frame.captured_at or 0.0)) for frame in frames if frame.index in arrivals]
    sent = [1000 * (arrivals[f.index] - (f.captured_at or 0.0)) - f.latency_ms for f in frames if f.index in arrivals]
    if not delays:
        raise SourceLostError(f"{how}: no frame arrived; run fer-cam with --{how} and look at its messages")
    return Heard(how, len(delays), Spread.of(delays), Spread.of(sent))


def _run(url: str, where: Mapping[str, str], frames: int, folder: Path, args: argparse.Namespace) -> None:
    """fer-cam as a session with every live output, a trigger for each and a port for markers.

    Raises:
        SourceLostError: it fails.
    """
    outputs = ["--osc", f"127.0.0.1:{where['osc']}", "--mqtt", f"mqtt://127.0.0.1:{where['mqtt']}/cam", "--lsl", where["lsl"]]
    outputs += ["--trigger", "faces >= 1 wait 1s: osc:/seen", "--trigger", "faces >= 1 wait 1s: mqtt:cam/seen"]
    outputs += ["--marker-port", str(_free_port()), "--session", str(folder / RUN)]
    options = ["--no-display", "--quiet", "--max-frames", str(frames), "--model", args.model, "--threads", str(args.threads)]
    command = [sys.executable, "-m", "realtime", "--source", url, *outputs, *options]
    try:
        limit_s = START_S + 2 * frames / args.fps
        subprocess.run(command, check=True, env=suite.environment(), timeout=limit_s)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise SourceLostError("fer-cam did not come to its end; its own message stands above") from error


def _arrivals(log: Path) -> dict[int, float]:
    """When each frame arrived first."""
    entries = np.fromfile(log, dtype="<f8").reshape(-1, 2)
    return {int(index): float(at) for index, at in entries[::-1]}


@contextmanager
def _receiver(how: str, where: str, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.receivers", how, where, str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=suite.environment()) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise ConfigError(f"the receiver of {how} did not start; pip install 'fer-cam[{how}]' brings what it needs")
            yield
        finally:
            process.kill()


@contextmanager
def _broker(folder: Path) -> Iterator[int]:
    """A broker on loopback; its port."""
    program = shutil.which(BROKER) or shutil.which(BROKER, path=BROKER_FOLDERS)
    if program is None:
        raise ConfigError(f"{BROKER} is not installed; apt-get install mosquitto brings it")
    port = _free_port()
    config = folder / "broker.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
    with subprocess.Popen(
        [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            for line in process.stderr or ():
                if "running" in line:
                    break
            yield port
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def table(measured: Record[Delay]) -> Table:
    """The result for the terminal."""
    result = measured.result
    shown = Table(
        title=f"{result.width}x{result.height}, faces: {result.faces}, n = {result.frames}, dropped: {result.dropped}"
    )
    for column in ("", "arrived", "capture to receipt p50 ms", "p95", "p99", "after processing p50 ms", "p95"):
        shown.add_column(column, justify="left" if column == "" else "right")
    for heard in result.receivers:
        values = (heard.delay_ms.p50, heard.delay_ms.p95, heard.delay_ms.p99, heard.sending_ms.p50, heard.sending_ms.p95)
        shown.add_row(heard.what, str(heard.frames), *(f"{ms:.2f}" for ms in values))
    return shown


def _plot(measured: Record[Delay], path: Path) -> None:
    from benchmarks import plots_programs

    plots_programs.delay(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser(
        "delay", "Capture to receipt of live data on loopback: OSC, MQTT and LSL, each in a process of its own."
    )
    camera_runs.add_options(parser, size="1280x720", seconds=60)
    return parser


if __name__ == "__main__":
    sys.exit(main())
