"""python -m benchmarks.throughput: frames per second of files without output, with --jsonl and with --save."""

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import cells, ours, peers, scenes, suite, tutorial
from benchmarks.payloads import FileSpeed, Throughput
from benchmarks.record import Clip, Record, Spread
from benchmarks.scenes import Scene
from benchmarks.steps import OURS, THEIRS
from benchmarks.suite import Outcome, Size
from realtime.config import Config
from realtime.model.classifier import Classifier
from realtime.model.session import locate
from realtime.run import run

NOTHING, JSONL, SAVE = "nothing saved", "--jsonl", "--save"
VIDEO = "a video saved"
QUIET = -1

Rival = Callable[[Path], object]
"""Another program's loop over a clip, already loaded."""

BESIDE = {NOTHING: NOTHING, VIDEO: VIDEO, JSONL: NOTHING, SAVE: VIDEO}
"""Output of fer-cam -> the tutorial loop's output to compare with; it has no JSONL."""


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    suite.at_least("--repeats", args.repeats, 1)
    rivals = _rivals() if args.fer else {}
    config = Config.of(model=args.model, threads=args.threads, display=False, verbosity=QUIET, overwrite=True)
    full_precision = locate(args.full_precision)
    classifier = ours.load(config)
    sizes = [Size.parse(text) for text in args.sizes]
    speeds: list[FileSpeed] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.video is not None:
            clips = [Path(args.video)]
        else:
            actor = cells.actor(config.but(source="demo"))
            plural = "" if args.faces == 1 else "s"
            clips = [
                scenes.write_video(
                    Scene(size, args.faces, args.frames), actor, folder / f"{size}, {args.faces} face{plural}.mp4"
                )
                for size in sizes
            ]
        for clip in clips:
            console.print(f"{clip.name}: warm-up and {args.repeats} passes", style="dim")
            speeds += play(config.but(source=str(clip)), classifier, full_precision, args.repeats, folder, rivals)
    chosen = (
        f"--video {Path(args.video).name}"
        if args.video is not None
        else f"--sizes {' '.join(str(size) for size in sizes)} --faces {args.faces} --frames {args.frames}"
    )
    outcome = Outcome(
        benchmark="throughput",
        command=f"python -m benchmarks.throughput {chosen} --repeats {args.repeats}{' --fer' if args.fer else ''}",
        about=Path(args.video).stem if args.video is not None else f"{args.faces}-faces",
        result=Throughput(args.repeats, tuple(speeds)),
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, classifier, args, console)


def _rivals() -> dict[str, Rival]:
    detector = peers.fer_detector()
    return {peers.name(): lambda clip: peers.play(clip, detector)}


def play(
    config: Config,
    classifier: Classifier,
    full_precision: Path,
    repeats: int,
    folder: Path,
    rivals: Mapping[str, Rival] | None = None,
) -> tuple[FileSpeed, ...]:
    """Runs all sides over one clip with every output, in turns; the first turn is warm-up.

    Raises:
        FerError: unusable clip.
    """
    clip, info = ours.clip_of(config)
    seen = [steps.faces for steps in ours.play(config, classifier)]
    about = Clip(clip.stem, info.width, info.height, len(seen), round(sum(seen) / len(seen), 3))
    spec = classifier.spec
    mean, std = spec.mean, spec.std
    sides: dict[tuple[str, str], Callable[[], object]] = {
        (THEIRS, NOTHING): partial(tutorial.play, clip, full_precision, mean, std),
        (THEIRS, VIDEO): partial(tutorial.save, clip, full_precision, mean, std, folder / "theirs.mp4", info.fps or 30.0),
        (OURS, NOTHING): partial(_run, config),
        (OURS, JSONL): partial(_run, config.but(jsonl=str(folder / "rows.jsonl"))),
        (OURS, SAVE): partial(_run, config.but(save=folder / "ours.mp4")),
        **{(name, NOTHING): partial(rival, clip) for name, rival in (rivals or {}).items()},
    }
    taken: dict[tuple[str, str], list[float]] = {side: [] for side in sides}
    for _ in range(repeats + 1):
        for side, once in sides.items():
            started = time.perf_counter()
            once()
            taken[side].append(time.perf_counter() - started)
    spreads = {side: Spread.of(seconds[1:]) for side, seconds in taken.items()}
    return tuple(
        FileSpeed(
            about, what, output, run_s, _rate(len(seen), run_s), round(spreads[THEIRS, BESIDE[output]].p50 / run_s.p50, 2)
        )
        for (what, output), run_s in spreads.items()
    )


def _run(config: Config) -> None:
    """A whole run of the program, including loading the network, without its terminal output."""
    with contextlib.redirect_stderr(io.StringIO()):
        run(config)


def _rate(frames: int, run_s: Spread) -> float:
    return round(frames / run_s.p50, 1)


def table(measured: Record[Throughput]) -> Table:
    """The result for the terminal."""
    shown = Table(title="whole runs, from opening the file to closing the outputs")
    for column in ("clip", "frames", "", "output", "median s", "frames/s", "files/s", "times the tutorial loop"):
        shown.add_column(column, justify="left" if column in ("clip", "", "output") else "right")
    last = ""
    for speed in measured.result.speeds:
        if last and last != speed.clip.name:
            shown.add_section()
        last = speed.clip.name
        cells_of = (
            f"{speed.run_s.p50:.2f}",
            f"{speed.frames_per_s:.1f}",
            f"{1 / speed.run_s.p50:.3f}",
            f"{speed.times_faster:.1f}",
        )
        style = "bold" if speed.what == OURS and speed.output == NOTHING else None
        shown.add_row(speed.clip.name, str(speed.clip.frames), speed.what, speed.output, *cells_of, style=style)
    return shown


def _plot(measured: Record[Throughput], path: Path) -> None:
    from benchmarks import plots

    plots.throughput(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("throughput", "Frames per second of files, without output and with each kind of output.")
    suite.add_full_precision(parser)
    parser.add_argument("--video", metavar="CLIP", help="a video file (default: scenes made of the demo clip)")
    parser.add_argument("--sizes", nargs="+", default=("640x360", "1280x720"), metavar="WxH", help="sizes of the scenes")
    parser.add_argument("--faces", type=int, default=1, metavar="N", help="faces in the scenes (default: 1)")
    parser.add_argument("--frames", type=int, default=300, metavar="N", help="frames of each scene (default: 300)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="measured passes over a clip (default: 3)")
    parser.add_argument("--fer", action="store_true", help="also PyPI's fer, if it is installed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
