"""The common command line of the benchmarks: options, errors and output files."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from rich.console import Console
from rich.table import Table

from benchmarks import record
from benchmarks.record import Machine, Record
from realtime.errors import ConfigError, FerError
from realtime.machine import current_commit
from realtime.model.classifier import Classifier
from realtime.model.providers import AUTO

RESULTS = Path(__file__).parent / "results"
INTERRUPTED = 130
WIDE = 140
"""Width of a table written to a file."""

LOOP_S = 10.0
"""Length of a network camera's loop: longer than any gap between two displayed images."""

P = TypeVar("P")
Measure = Callable[[argparse.Namespace, Console], None]


@dataclass(frozen=True)
class Size:
    """Width and height of an image, pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @classmethod
    def parse(cls, text: str) -> "Size":
        """1280x720.

        Raises:
            ConfigError: not a size, or too small for the cascade.
        """
        width, _, height = text.lower().partition("x")
        if (
            not (width.isdecimal() and height.isdecimal())
            or min(int(width), int(height)) < 96
            or int(width) % 2 + int(height) % 2
        ):
            raise ConfigError(f"size {text}: give WIDTHxHEIGHT, even and at least 96, such as 1280x720")
        return cls(int(width), int(height))


@dataclass(frozen=True)
class Outcome(Generic[P]):
    """A measurement to display and store.

    Attributes:
        benchmark, command: its name, and the command that runs it again.
        about: subject for the file name, such as "demo" or "1280x720".
        result: the payload.
        table: for the terminal.
        plot: draws the result into a file.
    """

    benchmark: str
    command: str
    about: str
    result: P
    table: Callable[[Record[P]], Table]
    plot: Callable[[Record[P], Path], None]


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """A parser with the common options."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    made.add_argument("--model", default=AUTO, metavar="PATH", help="fer-cam's network")
    made.add_argument("--threads", type=int, default=0, metavar="N", help="threads of fer-cam's network")
    made.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="folder for JSON and plot")
    made.add_argument("--name", metavar="NAME", help="file name without suffix (default: from subject, network and machine)")
    return made


def add_full_precision(made: argparse.ArgumentParser) -> None:
    """Adds the option of benchmarks with the tutorial loop."""
    made.add_argument("--full-precision", default="full", metavar="PATH", help="the tutorial loop's network")


def add_face(made: argparse.ArgumentParser) -> None:
    """Adds the option of benchmarks whose scenes have faces."""
    made.add_argument(
        "--face", type=int, default=0, metavar="PX", help="side of a face in a scene (default: a seventh of the image's height)"
    )


def add_loop(made: argparse.ArgumentParser) -> None:
    """Adds the option of benchmarks with a network camera."""
    made.add_argument(
        "--loop", type=float, default=LOOP_S, metavar="S", help=f"after so long the camera begins again (default: {LOOP_S:g})"
    )


def scene_options(args: argparse.Namespace) -> str:
    """The options of `add_face` and `add_loop`, as far as they are not the default."""
    face = f" --face {args.face}" if args.face else ""
    return face + (f" --loop {args.loop:g}" if getattr(args, "loop", LOOP_S) != LOOP_S else "")


def main(made: argparse.ArgumentParser, measure: Measure, argv: Sequence[str] | None) -> int:
    """Parses the options and measures; an error becomes one line and an exit code."""
    args = made.parse_args(argv)
    try:
        measure(args, Console(width=None if sys.stdout.isatty() else WIDE))
    except FerError as error:
        name = made.prog.removeprefix("python -m ")
        Console(stderr=True).print(f"{name}: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def environment() -> dict[str, str]:
    """This process's environment, extended so that child processes find this checkout."""
    paths = [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def library(name: str, benchmark: str) -> ModuleType:
    """A library of the extra `benchmarks`.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{benchmark} needs {name}; pip install -e '.[benchmarks]' in fer-cam's folder installs it"
        ) from error


def at_least(option: str, value: float, least: float) -> None:
    """Raises ConfigError if a value is too small."""
    if value < least:
        raise ConfigError(f"{option} {value:g}: give at least {least:g}")


def _common(args: argparse.Namespace) -> str:
    """The network options of the command line; files without folders."""
    model = "" if args.model == AUTO else f" --model {Path(args.model).name}"
    return model + (f" --threads {args.threads}" if args.threads else "")


def finish(outcome: Outcome[P], classifier: Classifier, args: argparse.Namespace, console: Console) -> None:
    """Prints the table, writes the result and its plot.

    Raises:
        SinkError: they cannot be written.
    """
    measured = Record(
        benchmark=outcome.benchmark,
        command=outcome.command + _common(args),
        date=record.now(),
        commit=current_commit(),
        machine=Machine.this(),
        versions=record.versions(),
        threads=classifier.threads,
        model=classifier.name,
        result=outcome.result,
    )
    shown = outcome.table(measured)
    shown.caption = f"{measured.machine.cpu}, {measured.machine.cores} cores, {measured.threads} threads, {measured.model}"
    console.print(shown)
    network = "" if args.model == AUTO else Path(args.model).stem
    about = "-".join(part for part in (outcome.benchmark, outcome.about, network) if part)
    title = args.name or f"{about}--{measured.machine.slug}"
    console.print(f"wrote {measured.write(args.out, title)}", soft_wrap=True)
    path = args.out / f"{title}.png"
    try:
        outcome.plot(measured, path)
    except ModuleNotFoundError as error:
        remedy = "pip install -e '.[benchmarks]' in fer-cam's folder installs it"
        console.print(f"no plot: {error.name} is not installed; {remedy}", soft_wrap=True)
    else:
        console.print(f"wrote {path}", soft_wrap=True)
