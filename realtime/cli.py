"""The command line of fer-cam: selects the command, and turns errors into one line and an exit code."""

import argparse
import difflib
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import NoReturn, Protocol, cast

from realtime import __version__
from realtime.errors import ConfigError, FerError, SourceOpenError
from realtime.printable import printable

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells expect."""

COMMANDS = {
    "run": "recognize expressions from a camera, file or URL; the default",
    "calibrate": "make a person's profile from five seconds of their resting face",
    "batch": "many recordings into one Parquet dataset, on all cores or a cluster",
    "report": "an HTML report of a recording: data quality, timeline, expressions, markers",
    "faces": "cut labelled faces out of a recording, for a network of your own",
    "export": "a session as files for other programs, laid out like BIDS",
    "doctor": "check this computer: cameras, screen, network, encoders, latency",
    "evaluate": "judge a network on labelled faces; needs a checkout",
    "bench": "measure milliseconds per frame; needs a checkout",
    "guide": "read the user guides here in the terminal",
}
"""Every command, by the name of its module in `realtime.commands`, with its purpose. Add a new command here."""

DEFAULT = "run"


class Command(Protocol):
    """The interface of the modules in `realtime.commands`."""

    def add_options(self, parser: argparse.ArgumentParser, /) -> None:
        """Adds what `main` understands."""

    def main(self, args: argparse.Namespace, /) -> int:
        """Does it; returns the exit code."""


def load(name: str) -> Command:
    """The command of that name: only the one that is used is imported."""
    return cast(Command, import_module(f"realtime.commands.{name}"))


def main(argv: list[str] | None = None, load: Callable[[str], Command] = load) -> int:
    """Runs fer-cam; returns the exit code."""
    _occupy_standard_streams()
    words = sys.argv[1:] if argv is None else argv
    named = bool(words) and words[0] in COMMANDS
    name, words = (words[0], words[1:]) if named else (DEFAULT, words)
    command = load(name)
    parser = _Parser(
        prog=f"fer-cam {name}" if named else "fer-cam",
        description=_description(name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_options(parser)
    parser.add_argument("--version", action="version", version=f"fer-cam {__version__}")
    verbose = False
    try:
        args, rest = parser.parse_known_args(words)
        if rest and not hasattr(args, "passed_on"):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        args.passed_on = rest  # a command that hands them on takes any
        verbose = getattr(args, "verbose", False)
        _quieten(verbose)
        return command.main(args)
    except FerError as error:
        if verbose and sys.stderr is not None:
            print(printable(traceback.format_exc(), keep="\n"), file=sys.stderr, end="")
        hint = "" if named or not isinstance(error, SourceOpenError) else _hint(words)
        _say(f"{error}{hint}")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _description(name: str) -> str:
    if name != DEFAULT:
        return f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}."
    commands = "\n".join(f"  fer-cam {command:<9} {purpose}" for command, purpose in COMMANDS.items())
    return f"Real-time facial expression recognition: camera or clip in, labelled video and data out.\n\ncommands:\n{commands}"


def _hint(words: list[str]) -> str:
    """A suggestion if the source cannot be opened and looks like a misspelt command."""
    close = difflib.get_close_matches(words[0], COMMANDS, n=1, cutoff=0.7) if words else []
    return f"; did you mean the command: fer-cam {close[0]}" if close else ""


def _say(text: str) -> None:
    """Prints one line on stderr; does nothing if stderr is closed."""
    if sys.stderr is not None:
        print(printable(f"fer-cam: {text}"), file=sys.stderr)


def _occupy_standard_streams() -> None:
    """Connects closed standard streams to the null device. Otherwise the next opened file gets their number, and FFmpeg and
    OpenCV, which log to number 2, would write into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)


def _quieten(verbose: bool) -> None:
    """Sets variables that OpenCV reads when it is imported, to silence its messages."""
    os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")  # else Windows takes up to minutes to open a camera
    if not verbose:
        os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class _Parser(argparse.ArgumentParser):
    """Reports usage errors like all other errors: as one line, instead of after a page of options."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; {self.prog} --help lists the options")


if __name__ == "__main__":
    sys.exit(main())
