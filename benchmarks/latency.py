"""python -m benchmarks.latency [--video CLIP]: milliseconds per frame and stage, beside the tutorial's loop."""

import argparse
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import record, tutorial
from benchmarks.record import Clip, Machine, Record, Timing
from realtime import overlay
from realtime.capture import open_feed
from realtime.classifier import Classifier
from realtime.config import Config
from realtime.datatypes import StageSeconds
from realtime.detector import HaarDetector
from realtime.errors import ConfigError, FerError
from realtime.pipeline import Pipeline
from realtime.session import locate
from realtime.version import current_commit

OURS, THEIRS = "fer-cam", "tutorial loop"
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Steps:
    """Seconds that one frame took in fer-cam."""

    decode: float
    stages: StageSeconds
    draw: float
    faces: int

    @property
    def total(self) -> float:
        """The whole frame, from the file to the picture that is shown."""
        return self.decode + self.stages.total + self.draw


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    args = _parser().parse_args(argv)
    console = Console()
    try:
        if args.repeats < 1:
            raise ConfigError(f"--repeats {args.repeats}: give at least 1")
        _measure(args, console)
    except FerError as error:
        Console(stderr=True).print(f"benchmarks.latency: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _measure(args: argparse.Namespace, console: Console) -> None:
    config = Config(source=args.video, model=args.model, threads=args.threads)
    full_precision = locate(args.full_precision)
    classifier = Classifier.load(config.model, config.threads)
    with closing(open_feed(config)) as feed:
        info = feed.info
        clip = Path(info.path) if info.path else None
    if clip is None or not clip.is_file():
        raise ConfigError(f"--video {args.video}: give a video file")
    ours: list[Steps] = []
    theirs: list[tutorial.Steps] = []
    for turn in range(args.repeats + 1):
        console.print(f"pass {turn} of {args.repeats}" if turn else "warm-up", style="dim")
        # the two sides take turns, so that a noisy machine is noisy for both
        fresh = play(config, classifier)
        other = tutorial.play(clip, full_precision, classifier.spec.mean, classifier.spec.std)
        if turn:
            ours += fresh
            theirs += other
    name = "demo" if args.video == "demo" else info.name
    measured = Record(
        benchmark="latency",
        command=f"python -m benchmarks.latency --video {name} --repeats {args.repeats}",
        date=record.now(),
        commit=current_commit(),
        machine=Machine.this(),
        versions=record.versions(),
        threads=classifier.threads,
        model=classifier.name,
        clip=Clip(info.name, info.width, info.height, len(ours) // args.repeats, sum(s.faces for s in ours) / len(ours)),
        repeats=args.repeats,
        timings=_timings(ours, theirs),
    )
    console.print(table(measured))
    title = args.name or f"latency-{Path(info.name).stem}--{measured.machine.slug}"
    console.print(f"wrote {measured.write(args.out, title)}", soft_wrap=True)
    _plot(measured, ours, theirs, args.out / f"{title}.png", console)


def play(config: Config, classifier: Classifier) -> list[Steps]:
    """One pass of fer-cam over a clip, every frame drawn, nothing shown or saved."""
    steps: list[Steps] = []
    with closing(open_feed(config)) as feed:
        pipeline = Pipeline(HaarDetector(config.min_face), classifier, config, temporal=feed.info.temporal)
        while True:
            started = time.perf_counter()
            frame = feed.next(1.0)
            if frame is None:
                return steps
            decoded = time.perf_counter()
            result = pipeline.process(frame)
            processed = time.perf_counter()
            overlay.draw(result)
            drawn = time.perf_counter()
            steps.append(Steps(decoded - started, result.stages, drawn - processed, len(result.faces)))


def _timings(ours: list[Steps], theirs: list[tutorial.Steps]) -> tuple[Timing, ...]:
    return (
        Timing.of(OURS, "decode", [s.decode for s in ours]),
        Timing.of(OURS, "detect", [s.stages.detect for s in ours]),
        Timing.of(OURS, "preprocess", [s.stages.preprocess for s in ours]),
        Timing.of(OURS, "classify", [s.stages.classify for s in ours]),
        Timing.of(OURS, "track and smooth", [s.stages.track for s in ours]),
        Timing.of(OURS, "draw", [s.draw for s in ours]),
        Timing.of(OURS, "frame", [s.total for s in ours]),
        Timing.of(THEIRS, "decode", [s.decode for s in theirs]),
        Timing.of(THEIRS, "detect", [s.detect for s in theirs]),
        Timing.of(THEIRS, "classify", [s.classify for s in theirs]),
        Timing.of(THEIRS, "draw", [s.draw for s in theirs]),
        Timing.of(THEIRS, "frame", [s.total for s in theirs]),
    )


def table(measured: Record) -> Table:
    """The result for the terminal."""
    clip = measured.clip
    title = f"{clip.name}  {clip.width}x{clip.height}  {clip.frames} frames, {clip.faces_per_frame:.2f} faces a frame"
    shown = Table(title=title, caption=f"{measured.machine.cpu}, {measured.machine.cores} cores, {measured.threads} threads")
    for column in ("", "stage", "p50 ms", "p95 ms", "p99 ms", "frames/s"):
        shown.add_column(column, justify="left" if column in ("", "stage") else "right")
    for timing in measured.timings:
        whole = timing.stage == "frame"
        rate = f"{1000 / timing.mean_ms:.1f}" if whole else ""
        shown.add_row(
            timing.what,
            timing.stage,
            *(f"{ms:.2f}" for ms in (timing.p50_ms, timing.p95_ms, timing.p99_ms)),
            rate,
            style="bold" if whole else None,
            end_section=whole,
        )
    return shown


def _plot(measured: Record, ours: list[Steps], theirs: list[tutorial.Steps], path: Path, console: Console) -> None:
    try:
        from benchmarks import plots
    except ModuleNotFoundError as error:
        console.print(f"no plot: {error.name} is not installed; pip install 'fer-cam[benchmarks]' brings it", soft_wrap=True)
        return
    plots.latency(measured, {OURS: [s.total for s in ours], THEIRS: [s.total for s in theirs]}, path)
    console.print(f"wrote {path}", soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description="Milliseconds per frame and stage.")
    parser.add_argument("--video", default="demo", metavar="CLIP", help="a video file (default: the demo clip)")
    parser.add_argument("--model", default="auto", metavar="PATH", help="the network of fer-cam")
    parser.add_argument("--full-precision", default="full", metavar="PATH", help="the network of the tutorial loop")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="threads of fer-cam's network")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="counted passes over the clip (default: 3)")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="where JSON and plot go")
    parser.add_argument("--name", metavar="NAME", help="their name, without suffix (default: clip and machine)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
