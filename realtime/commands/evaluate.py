"""`fer-cam evaluate`: the door to `python -m train.evaluate`."""

import argparse

from realtime.commands import doors

MODULE = "train.evaluate"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what `main` understands."""
    doors.add_words(parser, MODULE)


def main(args: argparse.Namespace) -> int:
    """Judges a network; returns the exit code.

    Raises:
        ConfigError: this is no checkout.
    """
    return doors.open_door(MODULE, "train", args.passed_on)
