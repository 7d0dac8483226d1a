"""python -m benchmarks.live: how old the pictures shown of a network camera are, what is dropped, and what it costs."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import camera, cells, ours, scenes, stamp, suite, tutorial
from benchmarks.camera import Camera, Sent
from benchmarks.payloads import Live, Watched
from benchmarks.record import Record, Spread
from benchmarks.scenes import Scene
from benchmarks.steps import OURS, THEIRS
from benchmarks.suite import Outcome, Size
from realtime.classifier import Classifier
from realtime.config import Config
from realtime.errors import SourceLostError
from realtime.session import locate

LOOP_S = 10.0
"""Length of the loop: longer than any age, so that a number stands for one picture alone."""

NO_NUMBER = -1


@dataclass
class Views:
    """The pictures that one side showed after its warm-up.

    Attributes:
        places: number read from each, or NO_NUMBER; drawn_at: perf_counter of each.
        seconds, cpu_s: from the first to the last, by the clock and by the processor.
        dropped: by the program's own count, or None.
    """

    places: list[int] = field(default_factory=list)
    drawn_at: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0
    dropped: int | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture as a side shows it, and how many that side has dropped so far, if it counts."""

    image: NDArray[np.uint8]
    drawn_at: float
    dropped: int | None


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    suite.at_least("--seconds", args.seconds, 1)
    suite.at_least("--warm-up", args.warm_up, 0)
    suite.at_least("--fps", args.fps, 1)
    size = Size.parse(args.size)
    config = Config(source=args.video, model=args.model, threads=args.threads)
    full_precision = locate(args.full_precision)
    classifier = ours.load(config)
    scene = Scene(size, args.faces, round(LOOP_S * args.fps))
    actor = cells.actor(config)
    sides: list[Watched] = []
    rates: list[float] = []
    ages: dict[str, list[float]] = {}
    for what in (OURS,) if args.alone else (OURS, THEIRS):
        console.print(f"{what}: {args.warm_up:g} s of warm-up, {args.seconds:g} s", style="dim")
        # a camera each: the second client must not find the first one's pictures in the log
        with tempfile.TemporaryDirectory() as folder:
            camera.encode(scenes.compose(scene, actor), Path(folder))
            with Camera(Path(folder), args.fps) as source:
                if what == OURS:
                    pictures = _ours(Config(source=source.url, model=args.model, threads=args.threads), classifier)
                else:
                    pictures = _theirs(source.url, full_precision, classifier)
                views = view(pictures, args.warm_up, args.seconds)
                sent = source.sent()
        ages[what] = ages_ms(views, sent)
        rates.append(round((len(sent.times) - 1) / float(sent.times[-1] - sent.times[0]), 2))
        sides.append(summary(what, views, sent))
    outcome = Outcome(
        benchmark="live",
        command=f"python -m benchmarks.live --video {actor.name} --size {size} --faces {args.faces} --fps {args.fps:g} "
        f"--seconds {args.seconds:g} --warm-up {args.warm_up:g}" + (" --alone" if args.alone else ""),
        about=f"{size}-{args.faces}-faces",
        result=Live(actor.name, size.width, size.height, args.faces, args.fps, tuple(rates), tuple(sides)),
        table=table,
        plot=lambda measured, path: _plot(measured, ages, path),
    )
    suite.finish(outcome, classifier, args, console)


def view(pictures: Iterator[Picture], warm_up_s: float, seconds: float) -> Views:
    """Looks at pictures for a time, and counts those after the warm-up.

    Raises:
        SourceLostError: they end before.
    """
    views = Views()
    began = time.perf_counter()
    counted_from: tuple[float, float] | None = None
    dropped_before = 0
    for picture in pictures:
        now = picture.drawn_at
        if counted_from is None:
            if now - began < warm_up_s:
                continue
            counted_from = (now, time.process_time())
            dropped_before = picture.dropped or 0
        number = stamp.read(picture.image)
        views.places.append(NO_NUMBER if number is None else number)
        views.drawn_at.append(now)
        views.dropped = None if picture.dropped is None else picture.dropped - dropped_before
        views.seconds = now - counted_from[0]
        views.cpu_s = time.process_time() - counted_from[1]
        if views.seconds >= seconds:
            return views
    raise SourceLostError("the benchmark's own camera ended too early; run it again")


def ages_ms(views: Views, sent: Sent) -> list[float]:
    """Age of each picture whose number could be read, milliseconds."""
    ages = []
    for place, drawn_at in zip(views.places, views.drawn_at, strict=True):
        sending = None if place == NO_NUMBER else sent.sending(place, drawn_at)
        if sending is not None:
            ages.append(1000 * (drawn_at - float(sent.times[sending])))
    return ages


def summary(what: str, views: Views, sent: Sent) -> Watched:
    """One side's figures.

    Raises:
        SourceLostError: no number could be read.
    """
    ages = ages_ms(views, sent)
    if not ages:
        raise SourceLostError(f"{what}: no picture's number could be read; report this")
    shown = [sent.sending(place, at) for place, at in zip(views.places, views.drawn_at, strict=True) if place != NO_NUMBER]
    known = sorted({n for n in shown if n is not None})
    return Watched(
        what=what,
        frames=len(views.places),
        seconds=round(views.seconds, 3),
        fps=round((len(views.places) - 1) / views.seconds, 2) if views.seconds > 0 else 0.0,
        cpu_share=round(views.cpu_s / views.seconds, 4) if views.seconds > 0 else 0.0,
        dropped=views.dropped,
        never_shown=known[-1] - known[0] + 1 - len(known) - views.places.count(NO_NUMBER),
        unreadable=views.places.count(NO_NUMBER),
        age_ms=Spread.of(ages),
    )


def _ours(config: Config, classifier: Classifier) -> Iterator[Picture]:
    """As the program shows them, the state of the program drawn too."""
    for shown in ours.watch(config, classifier, hud=True):
        yield Picture(shown.picture, shown.drawn_at, shown.dropped)


def _theirs(url: str, model: Path, classifier: Classifier) -> Iterator[Picture]:
    for looked in tutorial.Loop(model, classifier.spec.mean, classifier.spec.std).watch(url):
        yield Picture(looked.picture, looked.drawn_at, None)


def table(measured: Record[Live]) -> Table:
    """The result for the terminal."""
    result = measured.result
    title = f"{result.width}x{result.height}, {result.fps:g} pictures a second sent, faces: {result.faces}"
    shown = Table(title=title)
    columns = ("", "shown/s", "age p50 ms", "p95", "p99", "most", "dropped", "never shown", "unreadable", "CPU, of a core")
    for column in columns:
        shown.add_column(column, justify="left" if column == "" else "right")
    for side in result.sides:
        age = side.age_ms
        shown.add_row(
            side.what,
            f"{side.fps:.1f}",
            *(f"{ms:.1f}" for ms in (age.p50, age.p95, age.p99, age.max)),
            "-" if side.dropped is None else str(side.dropped),
            str(side.never_shown),
            str(side.unreadable),
            f"{100 * side.cpu_share:.0f} %",
        )
    return shown


def _plot(measured: Record[Live], ages: dict[str, list[float]], path: Path) -> None:
    from benchmarks import plots

    plots.live(measured, ages, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("live", "Age of what is shown, drops and processor time in front of a network camera.")
    suite.add_full_precision(parser)
    parser.add_argument("--video", default="demo", metavar="CLIP", help="whose face it is (default: the demo clip's)")
    parser.add_argument("--size", default="1280x720", metavar="WxH", help="of the pictures (default: 1280x720)")
    parser.add_argument("--faces", type=int, default=1, metavar="N", help="in the picture (default: 1)")
    parser.add_argument("--fps", type=float, default=30.0, metavar="F", help="pictures a second (default: 30)")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="counted, on each side (default: 60)")
    parser.add_argument("--warm-up", type=float, default=3.0, metavar="S", help="not counted (default: 3)")
    parser.add_argument("--alone", action="store_true", help="without the tutorial loop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
