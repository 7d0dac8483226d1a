"""python -m benchmarks.latency [--video CLIP | --matrix]: milliseconds per frame and stage, compared with the tutorial loop."""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import cells, ours, suite, tutorial
from benchmarks.payloads import Latency, Matrix
from benchmarks.record import Clip, Record
from benchmarks.steps import OURS, THEIRS, Steps, timings
from benchmarks.suite import Outcome, Size
from realtime.config import Config
from realtime.model.session import locate

SIZES = ("640x360", "1280x720", "1920x1080")
FACES = (0, 1, 4, 16)


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    suite.at_least("--repeats", args.repeats, 1)
    if args.matrix:
        _measure_matrix(args, console)
    else:
        _measure_clip(args, console)


def _measure_clip(args: argparse.Namespace, console: Console) -> None:
    config = Config.of(source=args.video, model=args.model, threads=args.threads)
    full_precision = locate(args.full_precision)
    classifier = ours.load(config)
    clip, info = ours.clip_of(config)
    fresh: list[Steps] = []
    other: list[Steps] = []
    for turn in range(args.repeats + 1):
        console.print(f"pass {turn} of {args.repeats}" if turn else "warm-up", style="dim")
        # in turns, so that noise affects both sides
        passes = (
            ours.play(config, classifier),
            tutorial.play(clip, full_precision, classifier.spec.mean, classifier.spec.std),
        )
        if turn:
            fresh += passes[0]
            other += passes[1]
    name = "demo" if args.video == "demo" else info.name
    faces = sum(steps.faces for steps in fresh) / len(fresh)
    outcome = Outcome(
        benchmark="latency",
        command=f"python -m benchmarks.latency --video {name} --repeats {args.repeats}",
        about=Path(info.name).stem,
        result=Latency(
            clip=Clip(info.name, info.width, info.height, len(fresh) // args.repeats, faces),
            repeats=args.repeats,
            timings=(*timings(OURS, fresh), *timings(THEIRS, other)),
        ),
        table=table,
        plot=lambda measured, path: _plot(measured, fresh, other, path),
    )
    suite.finish(outcome, classifier, args, console)


def _measure_matrix(args: argparse.Namespace, console: Console) -> None:
    sizes = [Size.parse(text) for text in args.sizes]
    bench = cells.Bench.of(args)
    with tempfile.TemporaryDirectory() as folder:
        measured = tuple(bench.measure(size, faces, Path(folder), console) for size in sizes for faces in args.faces)
    outcome = Outcome(
        benchmark="latency-matrix",
        command=f"python -m benchmarks.latency --matrix {bench.options} --sizes {' '.join(args.sizes)} "
        f"--faces {' '.join(str(n) for n in args.faces)}",
        about=bench.about,
        result=Matrix(bench.source, args.repeats, measured),
        table=matrix_table,
        plot=_plot_matrix,
    )
    suite.finish(outcome, bench.classifier, args, console)


def table(measured: Record[Latency]) -> Table:
    """The result for the terminal."""
    clip = measured.result.clip
    shown = Table(
        title=f"{clip.name}  {clip.width}x{clip.height}  {clip.frames} frames, {clip.faces_per_frame:.2f} faces per frame"
    )
    for column in ("", "stage", "p50 ms", "p95 ms", "p99 ms", "frames/s"):
        shown.add_column(column, justify="left" if column in ("", "stage") else "right")
    for timing in measured.result.timings:
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


def matrix_table(measured: Record[Matrix]) -> Table:
    """The result for the terminal: one row per scene with medians of our stages and of both sides' frames."""
    result = measured.result
    stages = [timing.stage for timing in result.cells[0].timings if timing.what == OURS][:-1]
    shown = Table(title=f"fer-cam on scenes made of {result.source}: median ms per frame")
    for column in ("size", "faces", "seen", *stages, "frame", "p99", "tutorial", "p99", "times"):
        shown.add_column(column, justify="left" if column == "size" else "right")
    for cell in result.cells:
        mine, other = cell.timing(OURS), cell.timing(THEIRS)
        shown.add_row(
            f"{cell.width}x{cell.height}",
            str(cell.faces),
            f"{cell.seen[0]:.1f}",
            *(f"{cell.timing(OURS, stage).p50_ms:.2f}" for stage in stages),
            *(f"{ms:.2f}" for ms in (mine.p50_ms, mine.p99_ms, other.p50_ms, other.p99_ms)),
            f"{other.p50_ms / mine.p50_ms:.1f}",
            end_section=cell.faces == result.cells[-1].faces,
        )
    return shown


def _plot(measured: Record[Latency], fresh: list[Steps], other: list[Steps], path: Path) -> None:
    from benchmarks import plots

    plots.latency(measured, {OURS: [steps.total for steps in fresh], THEIRS: [steps.total for steps in other]}, path)


def _plot_matrix(measured: Record[Matrix], path: Path) -> None:
    from benchmarks import plots

    plots.matrix(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("latency", "Milliseconds per frame and stage.")
    suite.add_full_precision(parser)
    suite.add_face(parser)
    parser.add_argument("--video", default="demo", metavar="CLIP", help="a video file (default: the demo clip)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="measured passes over a clip (default: 3)")
    parser.add_argument("--matrix", action="store_true", help="measure scenes of all sizes and numbers of faces")
    parser.add_argument(
        "--sizes", nargs="+", default=SIZES, metavar="WxH", help="sizes of the scenes (default: 360p, 720p, 1080p)"
    )
    parser.add_argument(
        "--faces", nargs="+", type=int, default=FACES, metavar="N", help="numbers of faces in the scenes (default: 0 1 4 16)"
    )
    parser.add_argument("--frames", type=int, default=90, metavar="N", help="frames of each scene (default: 90)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
