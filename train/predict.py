"""python -m train.predict IMAGE [--model auto|PATH] [--out panel.png]

Reads a single image: the expressions of every face in percent and, with --out, a panel with the intermediate steps.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from realtime.datatypes import SourceInfo
from realtime.errors import ConfigError, FerError
from realtime.lesson.reading import FaceReading, ImageReading
from realtime.model.classifier import Classifier
from realtime.sinks import paths
from realtime.sources.images import ImageFiles
from train.extra import EXTRA
from train.failed import failed
from train.paper.single import read

INTERRUPTED = 130
"""Exit code after Ctrl-C, the same as fer-cam's."""

BAR_LENGTH = 30
"""Bar width of 100 %, characters."""

PANEL_SUFFIX = ".png"

Read = Callable[[NDArray[np.uint8], Classifier], ImageReading]


def show(reading: ImageReading, name: str, console: Console) -> None:
    """Prints one table per face: expressions by decreasing probability."""
    for number, face in enumerate(reading.faces, start=1):
        title = f"{name}: {_whereabouts(face, number, reading)}"
        title = title.encode(console.encoding, "replace").decode(console.encoding)  # Windows pipes lack characters
        console.print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
        console.print(_table(face, reading, ascii_only=console.options.ascii_only))


def _panel(reading: ImageReading, title: str, path: Path) -> None:
    from realtime.sinks.panel import panel  # matplotlib takes a second to load

    panel(reading, title, path)


def save_panel(
    reading: ImageReading, source: SourceInfo, out: Path, draw: Callable[[ImageReading, str, Path], None] = _panel
) -> Path:
    """Draws the panel into a new file and returns its path: `out`, with a number if it exists. Never overwrites a file.

    Args:
        reading: the image.
        source: the image file; a panel in a folder is named after it.
        out: a file, or a folder.
        draw: draws the panel with a title into a file.

    Raises:
        SinkError: it cannot be written.
    """
    path = paths.OutputPaths(source).place(out, PANEL_SUFFIX)
    try:
        draw(reading, source.name, path)
    except BaseException:
        if path.is_file():
            path.unlink()  # only reserved the name
        raise
    return path


def main(argv: list[str] | None = None, read: Read = read) -> int:
    """Reads one image; returns the exit code."""
    args = _parser().parse_args(argv)
    words = Console(stderr=True)
    try:
        _check(args.image, args.out)
        if args.out is not None:
            with EXTRA:  # before reading the image: a panel needs matplotlib
                import realtime.sinks.panel  # noqa: F401
            EXTRA.require()
        with closing(ImageFiles(args.image)) as source:
            frame = source.read()
            assert frame is not None, "a single image that opens can be read once"
            reading = read(frame.image, Classifier.load(args.model))
            if reading.note:
                words.print(f"train.predict: {reading.note}", markup=False, highlight=False, soft_wrap=True)
            show(reading, source.info.name, Console())
            if args.out is not None:
                path = save_panel(reading, source.info, args.out)
                words.print(f"train.predict: panel saved as {path}", markup=False, highlight=False, soft_wrap=True)
    except FerError as error:
        return failed("predict", error, words)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _check(image: Path, out: Path | None) -> None:
    if image.is_dir():
        raise ConfigError(f"{image} is a folder; give one image")
    if out is not None and not out.is_dir() and out.suffix.lower() not in ("", PANEL_SUFFIX):
        raise ConfigError(f"--out {out}: the panel is a PNG; give a name that ends in {PANEL_SUFFIX}")


def _table(face: FaceReading, reading: ImageReading, *, ascii_only: bool) -> Table:
    table = Table("expression", caption=f"shown as: {face.label}   ({reading.model})")
    table.add_column("%", justify="right")
    table.add_column("", min_width=BAR_LENGTH)
    stroke = "#" if ascii_only else "█"
    for index in face.probs.argsort(kind="stable")[::-1]:
        style = "bold" if index == face.best else None
        p = float(face.probs[index])
        table.add_row(reading.labels[index], f"{100 * p:.1f}", stroke * round(BAR_LENGTH * p), style=style)
    return table


def _whereabouts(face: FaceReading, number: int, reading: ImageReading) -> str:
    if reading.note:
        return "the whole image"
    x1, y1, x2, _ = (round(float(value)) for value in face.box_xyxy)
    return f"face {number} of {len(reading.faces)}, {x2 - x1} px wide at ({x1}, {y1})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.predict", description="Read the expressions in a single image.")
    parser.add_argument("image", type=Path, help="an image: a photograph with faces, or the crop of one face")
    parser.add_argument("--model", default="auto", help="auto, int8, full, fast, or an .onnx file (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="draw a panel here: original, equalized, edges, regions, bars (PNG)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
