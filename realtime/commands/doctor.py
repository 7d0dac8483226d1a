"""`fer-cam doctor`: what works on this computer, and what to do about the rest."""

import argparse
from pathlib import Path

EPILOG = """\
The exit code is 0 if nothing failed, otherwise that of the first failure: 3 camera, 4 network, 5 outputs.
Nothing is sent anywhere, no image is kept, and your home folder is written as ~.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what `main` understands."""
    parser.epilog = EPILOG
    parser.add_argument("--json", action="store_true", help="print the results as JSON, for programs")


def main(args: argparse.Namespace) -> int:
    """Checks this computer; returns the exit code."""
    from rich.console import Console

    from realtime.checkup import examination, table

    home = Path("~").expanduser()
    if args.json:
        checks = tuple(examination.examine(examination.subjects(), home, lambda _: None))
        print(examination.to_json(checks))
        return examination.exit_code(checks)
    with Console(stderr=True).status("checking ...") as progress:
        checks = tuple(examination.examine(examination.subjects(), home, lambda name: progress.update(f"checking: {name} ...")))
    table.show(checks, Console())
    return examination.exit_code(checks)
