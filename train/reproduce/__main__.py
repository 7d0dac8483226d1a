"""python -m train.reproduce --data ckplus48.zip --out DIR [--only ROW] [--quick]"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from realtime.errors import ConfigError, FerError
from realtime.model import session
from train.data import ckplus
from train.extra import EXTRA
from train.failed import failed

with EXTRA:
    from train.reproduce import costs, illustrations, report, rows, run, tradeoff
    from train.reproduce.results import SplitResult
    from train.reproduce.rows import FIGURES, TRADE_OFF, Row
    from train.reproduce.run import Settings

INTERRUPTED = 130

QUICK_STEP = 16
"""With --quick the algorithms run on every 16th image."""


def _run_row(
    row: Row, settings: Settings, tell: Callable[[SplitResult], None], on_step: Callable[[int, int, int, float], None]
) -> None:
    run.run(row, settings, tell, on_step)


def main(argv: list[str] | None = None, run_row: Callable[..., None] = _run_row) -> int:
    """Runs the missing rows and shows all results; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    console = Console(stderr=True)
    try:
        EXTRA.require()
        chosen = rows.find(args.only)
        faces = ckplus.load_ckplus(args.data)
        out = args.out / "quick" if args.quick else args.out
        webcam = args.webcam or session.locate("ferplus")
        settings = Settings(faces, out, webcam, args.quick, " ".join(("python -m train.reproduce", *words)))
        _check(chosen, settings)
        extras = set(args.only or (FIGURES, TRADE_OFF))
        if FIGURES in extras:
            _draw(settings, console)
        _run(chosen, settings, console, run_row)
        if TRADE_OFF in extras and tradeoff.read(settings.results) is None:
            costs.measure(faces, quick=args.quick, tell=lambda what: _say(console, what)).write(settings.results)
        page = report.publish(out, quick=args.quick)
        Console().print(report.table(report.read(settings.results), quick=args.quick))
        _say(console, f"all results: {page}")
    except FerError as error:
        return failed("reproduce", error, console)
    except KeyboardInterrupt:
        _say(console, "stopped; run the same command again to continue")
        return INTERRUPTED
    return 0


def _check(chosen: tuple[Row, ...], settings: Settings) -> None:
    """Checks up front what would otherwise fail after hours: missing classes, results of other data, impossible splits.

    Raises:
        ConfigError: one of these.
    """
    faces = settings.faces
    absent = [label for i, label in enumerate(faces.labels) if i not in faces.classes()]
    if absent:
        raise ConfigError(f"--data has no images of {', '.join(absent)}; CK+48 has seven classes: get it again")
    for row in rows.ROWS:
        run.stored(row, settings)
    for row in chosen:
        for number in run.splits_of(row, quick=settings.quick):
            run.part(row, number, faces, quick=settings.quick)


def _draw(settings: Settings, console: Console) -> None:
    """Writes Figures 2 to 5 and the counts of both algorithms; skips existing files."""
    faces, out = settings.faces, settings.out
    if illustrations.read(settings.results) and (out / "faces").is_dir():
        return
    _say(console, f"{FIGURES}: 2 to 4 into {out / 'faces'} (they show faces), 5 into {settings.results}")
    illustrations.draw_faces(faces, "CK+48", out / "faces")
    illustrations.draw_layers(len(faces.labels), settings.results)
    _say(console, f"{FIGURES}: Algorithms 1 and 2 on every image")
    seen = faces.where(np.arange(len(faces)) % QUICK_STEP == 0) if settings.quick else faces
    illustrations.write(illustrations.search(seen), settings.results)


def _run(chosen: tuple[Row, ...], settings: Settings, console: Console, run_row: Callable[..., None]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[now]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars = {row.name: _bar(progress, row, settings) for row in chosen}
        for row in chosen:
            bar = bars[row.name]

            def tell(done: SplitResult, row: Row = row, bar: TaskID = bar) -> None:
                progress.update(bar, advance=1, now="")
                _say(
                    console,
                    f"{row.name}  {done.split}: {done.right} of {done.n} right ({done.accuracy:.2%}), {done.seconds:.0f} s",
                )

            def on_step(epoch: int, step: int, steps: int, loss: float, bar: TaskID = bar) -> None:
                progress.update(bar, now=f"epoch {epoch}, step {step} of {steps}, loss {loss:.3f}")

            run_row(row, settings, tell, on_step)


def _bar(progress: Progress, row: Row, settings: Settings) -> TaskID:
    wanted = len(run.splits_of(row, quick=settings.quick))
    known = run.stored(row, settings)
    return progress.add_task(row.name, total=wanted, completed=len(known.splits) if known else 0, now="")


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train.reproduce", description="Reproduce every result of the paper beside the published number."
    )
    parser.add_argument("--data", type=Path, required=True, help="CK+48: ckplus48.zip, or the unpacked folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for results, plots and runs; a second run continues")
    parser.add_argument("--only", action="append", default=[], metavar="ROW", help="run only this row; repeatable")
    parser.add_argument("--quick", action="store_true", help="a trial in minutes: one split, one epoch, few images")
    parser.add_argument("--webcam", type=Path, metavar="ONNX", help="the FER+ network (default: the bundled one)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
