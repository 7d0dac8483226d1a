"""python -m benchmarks.soak: an hour with a camera; checks for leaks of memory, threads and files."""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import camera, cells, ours, scenes, suite
from benchmarks.camera import Camera
from benchmarks.payloads import Sample, Soak
from benchmarks.record import Record
from benchmarks.scenes import Scene
from benchmarks.suite import Outcome, Size
from realtime.config import Config
from realtime.errors import ConfigError, SourceLostError

SETTLE_S = 60.0
SETTLE_PART = 0.2
"""Start of the comparison: after the first minute, or after the first fifth of a short run."""

END_PART = 0.1
LOOK_S = 1.0
MOST_SAMPLES = 400

ALLOWED_PERCENT = 2.0
"""Memory growth that is not a leak: the allocator's pages fluctuate."""

START_S = 30.0


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code, 1 if the program grew."""
    passed: list[bool] = []
    code = suite.main(_parser(), lambda args, console: passed.append(_measure(args, console)), argv)
    return code or (0 if all(passed) else 1)


def _measure(args: argparse.Namespace, console: Console) -> bool:
    if args.minutes <= 0 or args.speed <= 0 or args.fps <= 0:
        raise ConfigError("give --minutes, --speed and --fps above 0")
    psutil = suite.library("psutil", "soak")
    size = Size.parse(args.size)
    config = Config.of(source=args.video, model=args.model, threads=args.threads)
    classifier = ours.load(config)
    scene = Scene(size, args.faces, max(1, round(args.loop * args.fps)), args.face)
    actor = cells.actor(config)
    seconds = 60 * args.minutes / args.speed
    with tempfile.TemporaryDirectory() as folder:
        camera.encode(scenes.compose(scene, actor), Path(folder))
        with Camera(Path(folder), args.fps * args.speed) as source:
            options = ["--model", args.model, "--threads", str(args.threads), "--no-display", "--quiet", "--jsonl", "-"]
            command = [sys.executable, "-m", "realtime.cli", "--source", source.url, *options]
            console.print(f"{seconds:.0f} s of {args.minutes:g} minutes at {args.speed:g} times speed", style="dim")
            samples = watch(command, seconds, psutil)
    settled, ended = compared(samples)
    growth = 100 * (ended.rss_mb / settled.rss_mb - 1)
    outcome = Outcome(
        benchmark="soak",
        command=f"python -m benchmarks.soak --video {actor.name} --size {size} --faces {args.faces} --fps {args.fps:g} "
        f"--minutes {args.minutes:g} --speed {args.speed:g}{suite.scene_options(args)}",
        about=f"{args.minutes:g}-minutes",
        result=Soak(
            source=actor.name,
            width=size.width,
            height=size.height,
            fps=args.fps,
            minutes=args.minutes,
            speed=args.speed,
            allowed_percent=ALLOWED_PERCENT,
            settled=settled,
            ended=ended,
            growth_percent=round(growth, 3),
            passed=verdict(settled, ended),
            samples=thinned(samples),
        ),
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, classifier, args, console)
    return outcome.result.passed


def watch(command: Sequence[str], seconds: float, psutil: Any) -> tuple[Sample, ...]:
    """Runs the program, samples it from outside for `seconds` after its first frame, and stops it.

    Raises:
        SourceLostError: it ends too early, or does not start.
    """
    samples: list[Sample] = []
    frames = _Rows()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=suite.environment()) as process:
        reader = threading.Thread(target=frames.count, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            if not frames.first.wait(START_S):
                raise SourceLostError(f"fer-cam gave no frame within {START_S:g} s; run it again")
            seen = psutil.Process(process.pid)
            began = time.perf_counter()
            step = min(LOOK_S, seconds / 50)
            while (t := time.perf_counter() - began) < seconds:
                try:
                    with seen.oneshot():
                        rss_mb = round(seen.memory_info().rss / 1e6, 3)
                        threads = seen.num_threads()
                    handles = seen.num_handles() if sys.platform == "win32" else seen.num_fds()
                except psutil.Error:  # the process has just ended
                    process.wait(START_S)
                if process.poll() is not None:
                    code = process.returncode
                    raise SourceLostError(f"fer-cam ended after {t:.0f} s with exit code {code}; see its output")
                samples.append(Sample(round(t, 3), rss_mb, threads, handles, frames.number))
                time.sleep(step)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(START_S)
            process.kill()  # no effect on a process that has ended
            reader.join(START_S)
    return tuple(samples)


class _Rows:
    """Drains the program's output, so that its pipe never fills, and counts the frames."""

    def __init__(self) -> None:
        self.number = 0
        self.first = threading.Event()

    def count(self, rows: Any) -> None:
        for row in rows:
            if row.startswith(b'{"type":"frame"'):
                self.number += 1
                self.first.set()


def compared(samples: Sequence[Sample]) -> tuple[Sample, Sample]:
    """The samples to compare: medians just after the first minute, and of the last tenth."""
    last = samples[-1].t_s
    settle_s, part_s = min(SETTLE_S, SETTLE_PART * last), END_PART * last
    early = [sample for sample in samples if settle_s <= sample.t_s <= settle_s + part_s]
    return _middle(early or samples[:1]), _middle([sample for sample in samples if sample.t_s >= last - part_s])


def verdict(settled: Sample, ended: Sample) -> bool:
    """Whether nothing grew."""
    steady = ended.rss_mb <= settled.rss_mb * (1 + ALLOWED_PERCENT / 100)
    return steady and ended.threads <= settled.threads and ended.handles <= settled.handles


def thinned(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Reduces the samples to what a plot needs."""
    return tuple(samples[:: -(-len(samples) // MOST_SAMPLES)])


def _middle(samples: Sequence[Sample]) -> Sample:
    """Medians of memory, threads and handles, at the time of the last."""
    rss_mb, threads, handles = (
        float(np.median([getattr(sample, name) for sample in samples])) for name in ("rss_mb", "threads", "handles")
    )
    return Sample(samples[-1].t_s, round(rss_mb, 3), round(threads), round(handles), samples[-1].frames)


def table(measured: Record[Soak]) -> Table:
    """The result for the terminal, with the verdict."""
    result = measured.result
    word = "nothing grew" if result.passed else "IT GREW"
    shown = Table(title=f"{result.minutes:g} minutes at {result.speed:g} times speed, {result.ended.frames} frames: {word}")
    for column in ("", "after the first minute", "at the end", "change"):
        shown.add_column(column, justify="left" if column == "" else "right")
    first, last = result.settled, result.ended
    shown.add_row("resident memory MB", f"{first.rss_mb:.1f}", f"{last.rss_mb:.1f}", f"{result.growth_percent:+.2f} %")
    shown.add_row("threads", str(first.threads), str(last.threads), f"{last.threads - first.threads:+d}")
    shown.add_row("open files", str(first.handles), str(last.handles), f"{last.handles - first.handles:+d}")
    return shown


def _plot(measured: Record[Soak], path: Path) -> None:
    from benchmarks import plots

    plots.soak(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("soak", "A long run on a looped clip as a live source: memory, threads and open files.")
    parser.add_argument("--video", default="demo", metavar="CLIP", help="the clip with the face (default: the demo clip)")
    parser.add_argument("--size", default="640x360", metavar="WxH", help="image size (default: 640x360)")
    parser.add_argument("--faces", type=int, default=1, metavar="N", help="faces in the image (default: 1)")
    parser.add_argument("--fps", type=float, default=30.0, metavar="F", help="frame rate of the camera (default: 30)")
    parser.add_argument("--minutes", type=float, default=60.0, metavar="M", help="duration in media time (default: 60)")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="speed factor (default: 1)")
    suite.add_face(parser)
    suite.add_loop(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
