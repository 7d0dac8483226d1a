"""python -m benchmarks.startup: time from process start to the first labelled frame, and peak memory."""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import ours, suite
from benchmarks.payloads import Started, Startup
from benchmarks.record import Clip, Record, Spread
from benchmarks.steps import OURS, THEIRS
from benchmarks.suite import Outcome
from realtime.config import Config
from realtime.errors import ConfigError
from realtime.labels import UNCERTAIN
from realtime.model.session import locate

CHILD = """
import runpy, sys
memory = sys.argv.pop(1)
code = 0
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
except SystemExit as end:
    code = end.code
try:
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
except (OSError, StopIteration):
    peak = ""
open(memory, "w").write(peak)
sys.exit(code)
"""
"""Runs the unchanged program and then writes its peak memory to a file. Not ru_maxrss: on Linux a new process inherits
it from its parent."""

LIMIT_S = 120.0
"""Timeout of a start, seconds; then the process is killed."""


@dataclass(frozen=True)
class Start:
    """One start: seconds to the first frame and to the first label, and peak memory (10^6 bytes, or None)."""

    first_frame_s: float
    first_label_s: float
    peak_mb: float | None


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    suite.at_least("--repeats", args.repeats, 1)
    suite.at_least("--frames", args.frames, 1)
    config = Config.of(source=args.video, model=args.model, threads=args.threads, max_frames=args.frames)
    full_precision = locate(args.full_precision)
    classifier = ours.load(config)
    clip, info = ours.clip_of(config)
    options = ["--model", args.model, "--threads", str(args.threads), "--max-frames", str(args.frames)]
    mine = ["realtime.cli", "--video", str(clip), "--no-display", "--quiet", "--jsonl", "-", *options]
    spec = classifier.spec
    other = ["benchmarks.tutorial", str(clip), str(full_precision), str(spec.mean), str(spec.std), str(args.frames)]
    starts: dict[str, list[Start]] = {OURS: [], THEIRS: []}
    for turn in range(args.repeats + 1):
        console.print(f"start {turn} of {args.repeats}" if turn else "warm-up", style="dim")
        for what, command in ((OURS, mine), (THEIRS, other)):
            start = begin(command)
            if turn:
                starts[what].append(start)
    name = "demo" if args.video == "demo" else info.name
    faces = [steps.faces for steps in ours.play(config, classifier)]
    outcome = Outcome(
        benchmark="startup",
        command=f"python -m benchmarks.startup --video {name} --frames {args.frames} --repeats {args.repeats}",
        about=Path(info.name).stem,
        result=Startup(
            clip=Clip(info.name, info.width, info.height, len(faces), round(sum(faces) / len(faces), 3)),
            repeats=args.repeats,
            sides=tuple(_side(what, several) for what, several in starts.items()),
        ),
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, classifier, args, console)


def begin(command: Sequence[str]) -> Start:
    """Runs a module as a process and reads its standard output to the end.

    Raises:
        ConfigError: it fails, or labels no face.
    """
    with tempfile.TemporaryDirectory() as folder:
        memory = Path(folder) / "peak"
        first_frame_s = first_label_s = None
        full = [sys.executable, "-c", CHILD, str(memory), *command]
        started = time.perf_counter()
        with subprocess.Popen(full, stdout=subprocess.PIPE, text=True, env=suite.environment()) as process:
            limit = threading.Timer(LIMIT_S, process.kill)
            limit.start()
            for line in process.stdout or ():
                now = time.perf_counter() - started
                if first_frame_s is None and is_frame(line):
                    first_frame_s = now
                if first_label_s is None and has_label(line):
                    first_label_s = now
            process.wait()
            limit.cancel()
        if process.returncode != 0 or first_frame_s is None:
            raise ConfigError(f"{command[0]} ended with exit code {process.returncode}; give another clip")
        if first_label_s is None:
            raise ConfigError(f"{command[0]} labelled no face; give a clip with a face, or more --frames")
        peak = memory.read_text(encoding="utf-8")
        return Start(first_frame_s, first_label_s, int(peak) * 1024 / 1e6 if peak else None)


def is_frame(line: str) -> bool:
    """Whether a line of output reports a frame, in JSONL or in the tutorial loop's format."""
    return line.strip() in ("frame", "label") or (line.startswith("{") and json.loads(line)["type"] == "frame")


def has_label(line: str) -> bool:
    """Whether a line of output reports a face with an expression."""
    if line.strip() == "label":
        return True
    return is_frame(line) and line.startswith("{") and any(face["label"] != UNCERTAIN for face in json.loads(line)["faces"])


def _side(what: str, starts: Sequence[Start]) -> Started:
    peaks = [start.peak_mb for start in starts if start.peak_mb is not None]
    return Started(
        what=what,
        first_frame_s=Spread.of([start.first_frame_s for start in starts]),
        first_label_s=Spread.of([start.first_label_s for start in starts]),
        peak_mb=Spread.of(peaks) if peaks else None,
    )


def table(measured: Record[Startup]) -> Table:
    """The result for the terminal."""
    result = measured.result
    shown = Table(
        title=f"from process start, {result.clip.name} {result.clip.width}x{result.clip.height}, n = {result.repeats}"
    )
    for column in ("", "first frame s", "first label s", "slowest s", "peak memory MB"):
        shown.add_column(column, justify="left" if column == "" else "right")
    for side in result.sides:
        shown.add_row(
            side.what,
            f"{side.first_frame_s.p50:.2f}",
            f"{side.first_label_s.p50:.2f}",
            f"{side.first_label_s.max:.2f}",
            f"{side.peak_mb.max:.0f}" if side.peak_mb else "-",
        )
    return shown


def _plot(measured: Record[Startup], path: Path) -> None:
    from benchmarks import plots

    plots.startup(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("startup", "Process start to the first labelled frame, and peak memory.")
    suite.add_full_precision(parser)
    parser.add_argument("--video", default="demo", metavar="CLIP", help="a video file (default: the demo clip)")
    parser.add_argument("--frames", type=int, default=150, metavar="N", help="frames before memory is read (default: 150)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="measured starts per side (default: 5)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
