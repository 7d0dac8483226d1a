"""python -m benchmarks.scaling: cost of an additional face and of more pixels."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import cells, suite
from benchmarks.payloads import Cell, Scaling, Slope
from benchmarks.record import Record
from benchmarks.steps import OURS, THEIRS
from benchmarks.suite import Outcome, Size
from realtime.errors import ConfigError

SIZES = ("480x270", "640x360", "960x540", "1280x720", "1600x900", "1920x1080")
FACES = (0, 1, 2, 4, 8, 16)


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    suite.at_least("--repeats", args.repeats, 1)
    size = Size.parse(args.size)
    sizes = [Size.parse(text) for text in args.sizes]
    if len(set(args.faces)) < 2 or len(set(args.sizes)) < 2:
        raise ConfigError("a line needs two points: give at least two --faces and two --sizes")
    bench = cells.Bench.of(args)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # constant face size and frame size, so that only the number of faces changes
        by_faces = tuple(bench.measure(size, faces, folder, console) for faces in args.faces)
        by_pixels = tuple(bench.measure(each, args.with_faces, folder, console) for each in sizes)
    faces = " ".join(str(n) for n in args.faces)
    outcome = Outcome(
        benchmark="scaling",
        command=f"python -m benchmarks.scaling {bench.options} --size {size} --faces {faces} "
        f"--sizes {' '.join(args.sizes)} --with-faces {args.with_faces}",
        about=bench.about,
        result=Scaling(
            source=bench.source,
            repeats=args.repeats,
            by_faces=by_faces,
            by_pixels=by_pixels,
            slopes=tuple(slope(what, by_faces, by_pixels) for what in (OURS, THEIRS)),
        ),
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, bench.classifier, args, console)


def slope(what: str, by_faces: Sequence[Cell], by_pixels: Sequence[Cell]) -> Slope:
    """Fits lines to one side's medians, without the scene without faces, which is a different task."""
    crowded = [cell for cell in by_faces if cell.faces] if sum(cell.faces > 0 for cell in by_faces) > 1 else list(by_faces)
    per_face = _line([cell.faces for cell in crowded], [cell.timing(what).p50_ms for cell in crowded])
    megapixels = [cell.width * cell.height / 1e6 for cell in by_pixels]
    per_megapixel = _line(megapixels, [cell.timing(what).p50_ms for cell in by_pixels])
    return Slope(what, round(per_face, 3), round(per_megapixel, 3))


def _line(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Least-squares slope."""
    return float(np.polyfit(xs, ys, 1)[0])


def table(measured: Record[Scaling]) -> Table:
    """The result for the terminal: one row per scene, then the slopes."""
    result = measured.result
    shown = Table(title=f"median ms per frame, scenes made of {result.source}")
    for column in ("size", "faces", "seen", OURS, "p99", THEIRS, "p99"):
        shown.add_column(column, justify="left" if column == "size" else "right")
    for group in (result.by_faces, result.by_pixels):
        for cell in group:
            mine, other = cell.timing(OURS), cell.timing(THEIRS)
            figures = (f"{ms:.2f}" for ms in (mine.p50_ms, mine.p99_ms, other.p50_ms, other.p99_ms))
            size = f"{cell.width}x{cell.height}"
            shown.add_row(size, str(cell.faces), f"{cell.seen[0]:.1f}", *figures, end_section=cell is group[-1])
    mine_slope, other_slope = result.slopes
    shown.add_row("one more face", "", "", f"{mine_slope.ms_per_face:.2f}", "", f"{other_slope.ms_per_face:.2f}", "")
    pixels = (f"{mine_slope.ms_per_megapixel:.2f}", "", f"{other_slope.ms_per_megapixel:.2f}", "")
    shown.add_row("one more megapixel", "", "", *pixels)
    return shown


def _plot(measured: Record[Scaling], path: Path) -> None:
    from benchmarks import plots

    plots.scaling(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("scaling", "Cost by number of faces and by number of pixels.")
    suite.add_full_precision(parser)
    suite.add_face(parser)
    parser.add_argument("--video", default="demo", metavar="CLIP", help="the clip with the face (default: the demo clip)")
    parser.add_argument("--size", default="1280x720", metavar="WxH", help="size for the series by faces (default: 1280x720)")
    parser.add_argument("--faces", nargs="+", type=int, default=FACES, metavar="N", help="default: 0 1 2 4 8 16")
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="WxH", help="default: 480x270 to 1920x1080")
    parser.add_argument("--with-faces", type=int, default=1, metavar="N", help="faces for the series by size (default: 1)")
    parser.add_argument("--frames", type=int, default=90, metavar="N", help="frames of each scene (default: 90)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="measured passes over each (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
