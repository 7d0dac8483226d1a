"""`fer-cam bench`: the door to `python -m benchmarks.latency`."""

import argparse

from realtime.commands import doors

MODULE = "benchmarks.latency"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what `main` understands."""
    doors.add_words(parser, MODULE)


def main(args: argparse.Namespace) -> int:
    """Measures this machine; returns the exit code.

    Raises:
        ConfigError: this is no checkout.
    """
    return doors.open_door(MODULE, "benchmarks", args.passed_on)
