"""Measures one composed scene, both sides in turns; shared by `latency --matrix` and `scaling`."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks import ours, scenes, suite, truth, tutorial
from benchmarks.payloads import Cell
from benchmarks.scenes import Actor, Scene
from benchmarks.steps import OURS, THEIRS, Steps, timings
from benchmarks.suite import Size
from realtime.config import Config
from realtime.model.classifier import Classifier
from realtime.model.session import locate


@dataclass(frozen=True, eq=False)
class Bench:
    """Both sides, ready to measure on scenes made from one clip; `source` is its name, `face_px` the side of a face or 0."""

    config: Config
    classifier: Classifier
    full_precision: Path
    actor: Actor
    source: str
    frames: int
    repeats: int
    face_px: int

    @classmethod
    def of(cls, args: argparse.Namespace) -> "Bench":
        """From the command line.

        Raises:
            FerError: unusable clip or network.
        """
        suite.at_least("--frames", args.frames, 1)
        config = Config.of(source=args.video, model=args.model, threads=args.threads)
        full_precision = locate(args.full_precision)
        classifier = ours.load(config)
        return cls(config, classifier, full_precision, actor(config), args.video, args.frames, args.repeats, args.face)

    @property
    def about(self) -> str:
        """The clip's name in file names."""
        return Path(self.source).stem

    @property
    def options(self) -> str:
        """The command line options of the bench."""
        name = self.source if self.source == "demo" else Path(self.source).name
        return f"--video {name} --frames {self.frames} --repeats {self.repeats}" + (
            f" --face {self.face_px}" if self.face_px else ""
        )

    def measure(self, size: Size, faces: int, folder: Path, console: Console) -> Cell:
        """Writes a scene to a file in the folder and runs both sides on it."""
        scene = Scene(size, faces, self.frames, self.face_px)
        clip = scenes.write_video(scene, self.actor, folder / f"{size}-{faces}.mp4")
        config = self.config.but(source=str(clip))
        fresh: list[Steps] = []
        other: list[Steps] = []
        for turn in range(self.repeats + 1):
            console.print(f"{size}, {faces} faces: " + (f"pass {turn} of {self.repeats}" if turn else "warm-up"), style="dim")
            passes = (
                ours.play(config, self.classifier),
                tutorial.play(clip, self.full_precision, self.classifier.spec.mean, self.classifier.spec.std),
            )
            if turn:
                fresh += passes[0]
                other += passes[1]
        return Cell(
            width=size.width,
            height=size.height,
            faces=faces,
            face_px=scene.side,
            frames=len(fresh) // self.repeats,
            seen=tuple(round(sum(steps.faces for steps in side) / len(side), 3) for side in (fresh, other)),
            timings=(*timings(OURS, fresh), *timings(THEIRS, other)),
        )


def actor(config: Config) -> Actor:
    """The face of the configured clip.

    Raises:
        FerError: not a video file, or no face in it.
    """
    clip, info = ours.clip_of(config)
    return scenes.cast(clip, truth.find(info), info.name)
