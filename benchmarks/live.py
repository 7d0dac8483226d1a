"""python -m benchmarks.live: age of displayed images, drops and CPU time with a network camera."""

import argparse
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import camera_runs, ours, stamp, suite, tutorial
from benchmarks.camera import Camera, Sent
from benchmarks.camera_runs import CameraRun
from benchmarks.payloads import Live, Watched
from benchmarks.record import Record, Spread
from benchmarks.steps import OURS, THEIRS
from benchmarks.suite import Outcome
from realtime.config import Config
from realtime.datatypes import Effort
from realtime.errors import SourceLostError
from realtime.governor import EFFORTS
from realtime.model.classifier import Classifier
from realtime.model.session import locate


@dataclass(frozen=True)
class View:
    """One displayed image: the number read from it, or None, and perf_counter when it was drawn."""

    place: int | None
    drawn_at: float
    effort: Effort | None = None


@dataclass(frozen=True)
class Views:
    """The images that one side displayed.

    Attributes:
        views: all of them; the measurement starts at index `warm_up`.
        cpu_s: CPU time of the process during the measurement.
        dropped: drops during the measurement by the program's own count, or None.
    """

    views: tuple[View, ...]
    warm_up: int
    cpu_s: float
    dropped: int | None

    @property
    def seconds(self) -> float:
        """Duration of the measurement."""
        return self.views[-1].drawn_at - self.views[self.warm_up].drawn_at


@dataclass(frozen=True, eq=False)
class Drawn:
    """One image as displayed by a side.

    Attributes:
        image: uint8 (H,W,3), with the camera's number; fer-cam's without labels, which may cover the number.
        drawn_at: perf_counter.
        dropped: drops so far, if the side counts them.
        effort: the effort for this frame, if the side has a governor.
    """

    image: NDArray[np.uint8]
    drawn_at: float
    dropped: int | None
    effort: Effort | None = None


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    full_precision = locate(args.full_precision)
    run = CameraRun.of(args)
    sides: list[Watched] = []
    rates: list[float] = []
    ages: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        run.encode(Path(folder), console)
        for what in (OURS,) if args.alone else (OURS, THEIRS):
            console.print(f"{what}: {args.warm_up:g} s of warm-up, {args.seconds:g} s", style="dim")
            with Camera(Path(folder), args.fps) as source:  # one per side: the log is for a single client
                if what == OURS:
                    images = _ours(Config.of(source=source.url, model=args.model, threads=args.threads), run.classifier)
                else:
                    images = _theirs(source.url, full_precision, run.classifier)
                with closing(images):
                    views = view(images, args.warm_up, args.seconds)
                sent = source.sent()
            ages[what] = ages_ms(views, sent)
            rates.append(round((len(sent.times) - 1) / float(sent.times[-1] - sent.times[0]), 2))
            sides.append(summary(what, views, sent))
    outcome = Outcome(
        benchmark="live",
        command=run.command("live") + (" --alone" if args.alone else ""),
        about=run.about,
        result=Live(run.actor.name, run.size.width, run.size.height, args.faces, args.fps, tuple(rates), tuple(sides)),
        table=table,
        plot=lambda measured, path: _plot(measured, ages, path),
    )
    suite.finish(outcome, run.classifier, args, console)


def view(images: Iterator[Drawn], warm_up_s: float, seconds: float) -> Views:
    """Consumes images for a time; measures after the warm-up.

    Raises:
        SourceLostError: the images end earlier.
    """
    views: list[View] = []
    began = time.perf_counter()
    counted = False
    warm_up, cpu_s, dropped = 0, 0.0, 0
    for drawn in images:
        views.append(View(stamp.read(drawn.image), drawn.drawn_at, drawn.effort))
        if not counted and drawn.drawn_at - began >= warm_up_s:
            counted, warm_up, cpu_s, dropped = True, len(views) - 1, time.process_time(), drawn.dropped or 0
        if counted and drawn.drawn_at - views[warm_up].drawn_at >= seconds:
            since = None if drawn.dropped is None else drawn.dropped - dropped
            return Views(tuple(views), warm_up, time.process_time() - cpu_s, since)
    raise SourceLostError("the benchmark's own camera ended too early; run it again")


def ages_ms(views: Views, sent: Sent) -> list[float]:
    """Age of each measured image with a readable number, milliseconds."""
    shown = sent.sendings([view.place for view in views.views])
    counted = list(zip(views.views, shown, strict=True))[views.warm_up :]
    return [1000 * (view.drawn_at - float(sent.times[n])) for view, n in counted if n is not None]


def summary(what: str, views: Views, sent: Sent) -> Watched:
    """One side's figures.

    Raises:
        SourceLostError: no readable number.
    """
    ages = ages_ms(views, sent)
    if not ages:
        raise SourceLostError(f"{what}: no image's number could be read; report this")
    shown = sent.sendings([view.place for view in views.views])[views.warm_up :]
    known = {n for n in shown if n is not None}
    unreadable = shown.count(None)
    return Watched(
        what=what,
        frames=len(shown),
        seconds=round(views.seconds, 3),
        fps=round((len(shown) - 1) / views.seconds, 2),
        cpu_share=round(views.cpu_s / views.seconds, 4),
        dropped=views.dropped,
        never_shown=max(0, max(known) - min(known) + 1 - len(known) - unreadable),
        unreadable=unreadable,
        effort=_least(views),
        age_ms=Spread.of(ages),
    )


def _least(views: Views) -> str | None:
    """The lowest effort in the measurement."""
    done = [view.effort for view in views.views[views.warm_up :] if view.effort is not None]
    return max(done, key=EFFORTS.index).name if done else None


def _ours(config: Config, classifier: Classifier) -> Generator[Drawn]:
    """Images as the program displays them, including its HUD."""
    for shown in ours.watch(config, classifier, hud=True):
        yield Drawn(shown.result.frame.image, shown.drawn_at, shown.dropped, shown.result.effort)


def _theirs(url: str, model: Path, classifier: Classifier) -> Generator[Drawn]:
    for looked in tutorial.Loop(model, classifier.spec.mean, classifier.spec.std).watch(url):
        yield Drawn(looked.image, looked.drawn_at, None)


def table(measured: Record[Live]) -> Table:
    """The result for the terminal."""
    result = measured.result
    title = f"{result.width}x{result.height}, {result.fps:g} images a second sent, faces: {result.faces}"
    shown = Table(title=title)
    columns = (
        "",
        "shown/s",
        "age p50 ms",
        "p95",
        "p99",
        "most",
        "dropped",
        "never shown",
        "unreadable",
        "CPU, of a core",
        "least effort",
    )
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
            side.effort or "-",
        )
    return shown


def _plot(measured: Record[Live], ages: dict[str, list[float]], path: Path) -> None:
    from benchmarks import plots

    plots.live(measured, ages, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("live", "Age of what is shown, drops and processor time in front of a network camera.")
    suite.add_full_precision(parser)
    camera_runs.add_options(parser, size="1280x720", seconds=60, counted="counted, on each side")
    parser.add_argument("--alone", action="store_true", help="without the tutorial loop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
