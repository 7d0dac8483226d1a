"""Runs in front of the simulated network camera: their options, their scene, and the command that repeats them."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks import camera, cells, ours, scenes, suite
from benchmarks.scenes import Actor, Scene
from benchmarks.suite import Size
from realtime.config import Config
from realtime.model.classifier import Classifier


def add_options(parser: argparse.ArgumentParser, *, size: str, seconds: float, counted: str = "counted") -> None:
    """Adds the options for `CameraRun.of`.

    Args:
        size, seconds: their defaults.
        counted: help for the seconds.
    """
    suite.add_face(parser)
    suite.add_loop(parser)
    parser.add_argument("--video", default="demo", metavar="CLIP", help="whose face it is (default: the demo clip's)")
    parser.add_argument("--size", default=size, metavar="WxH", help=f"of the images (default: {size})")
    parser.add_argument("--faces", type=int, default=1, metavar="N", help="in the image (default: 1)")
    parser.add_argument("--fps", type=float, default=30.0, metavar="F", help="images a second (default: 30)")
    parser.add_argument("--seconds", type=float, default=seconds, metavar="S", help=f"{counted} (default: {seconds:g})")
    parser.add_argument("--warm-up", type=float, default=3.0, metavar="S", help="not counted (default: 3)")


@dataclass(frozen=True, eq=False)
class CameraRun:
    """The options of a run, and what they name.

    Attributes:
        args: the options.
        size: of the images.
        classifier: fer-cam's network.
        actor: the face.
    """

    args: argparse.Namespace
    size: Size
    classifier: Classifier
    actor: Actor

    @classmethod
    def of(cls, args: argparse.Namespace) -> "CameraRun":
        """Checks the options and loads what they name.

        Raises:
            FerError: an option is out of range, or the network or the clip cannot be used.
        """
        suite.at_least("--seconds", args.seconds, 1)
        suite.at_least("--warm-up", args.warm_up, 0)
        suite.at_least("--fps", args.fps, 1)
        suite.at_least("--loop", args.loop, 1)
        size = Size.parse(args.size)
        config = Config.of(source=args.video, model=args.model, threads=args.threads)
        return cls(args, size, ours.load(config), cells.actor(config))

    @property
    def about(self) -> str:
        """The subject for the name of the result."""
        return f"{self.size}-{self.args.faces}-faces"

    def encode(self, folder: Path, console: Console) -> None:
        """Writes the camera's images."""
        console.print("encoding the camera's images", style="dim")
        scene = Scene(self.size, self.args.faces, round(self.args.loop * self.args.fps), self.args.face)
        camera.encode(scenes.compose(scene, self.actor), folder)

    def command(self, benchmark: str) -> str:
        """The command that repeats the run."""
        args = self.args
        return (
            f"python -m benchmarks.{benchmark} --video {self.actor.name} --size {self.size} --faces {args.faces} "
            f"--fps {args.fps:g} --seconds {args.seconds:g} --warm-up {args.warm_up:g}{suite.scene_options(args)}"
        )
