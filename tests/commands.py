"""The command `run` with what is behind it exchanged: a test's own run, a test's own cameras."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from realtime.commands import run as command
from realtime.config import Config
from realtime.sources.camera import CameraInfo


def _ends(_: Config) -> int:
    return 0


@dataclass
class RunCommand:
    """`fer-cam run`: keeps the configs that it is asked to run, and hands them to `behind`."""

    behind: Callable[[Config], int] = _ends
    cameras: Sequence[CameraInfo] = ()
    asked: list[Config] = field(default_factory=list)

    def load(self, name: str) -> "RunCommand":
        """For `cli.main`."""
        assert name == "run"
        return self

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        command.add_options(parser)

    def main(self, args: argparse.Namespace) -> int:
        return command.main(args, self._run, lambda: self.cameras)

    def _run(self, config: Config) -> int:
        self.asked.append(config)
        return self.behind(config)

    def fer_cam(self, *arguments: str) -> int:
        """The program with this command in it."""
        from realtime import cli

        return cli.main(list(arguments), self.load)
