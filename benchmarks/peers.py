"""python -m benchmarks.peers: comparison with PyPI's `fer`, if installed, on the same clip in the same run."""

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console

from benchmarks import latency, ours, suite, tutorial
from benchmarks import steps as names
from benchmarks.payloads import Latency
from benchmarks.record import Clip, Record
from benchmarks.steps import OURS, THEIRS, Part, Steps, timings
from benchmarks.suite import Outcome
from realtime.config import Config
from realtime.errors import ConfigError, SourceOpenError
from realtime.model.session import locate

FER = "fer"
READ = "detect and classify"
"""One stage: fer does both in one call."""

PACKAGES = {"pkg_resources": "setuptools<81"}
"""Module -> package, for dependencies that fer does not declare."""


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code, 2 if `fer` is not installed."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    suite.at_least("--repeats", args.repeats, 1)
    detector = fer_detector()
    config = Config.of(source=args.video, model=args.model, threads=args.threads)
    full_precision = locate(args.full_precision)
    classifier = ours.load(config)
    clip, info = ours.clip_of(config)
    spec = classifier.spec
    peer = name()
    sides: dict[str, Callable[[], list[Steps]]] = {
        OURS: lambda: ours.play(config, classifier),
        THEIRS: lambda: tutorial.play(clip, full_precision, spec.mean, spec.std),
        peer: lambda: play(clip, detector),
    }
    taken: dict[str, list[Steps]] = {what: [] for what in sides}
    for turn in range(args.repeats + 1):
        console.print(f"pass {turn} of {args.repeats}" if turn else "warm-up", style="dim")
        for what, once in sides.items():
            fresh = once()
            taken[what] += fresh if turn else []
    frames = len(taken[OURS])
    faces = sum(steps.faces for steps in taken[OURS]) / frames
    video = "demo" if args.video == "demo" else info.name
    outcome = Outcome(
        benchmark="peers",
        command=f"python -m benchmarks.peers --video {video} --repeats {args.repeats}",
        about=Path(info.name).stem,
        result=Latency(
            clip=Clip(info.name, info.width, info.height, frames // args.repeats, round(faces, 3)),
            repeats=args.repeats,
            timings=tuple(timing for what, steps in taken.items() for timing in timings(what, steps)),
        ),
        table=latency.table,
        plot=lambda measured, path: _plot(measured, taken, path),
    )
    suite.finish(outcome, classifier, args, console)


def name() -> str:
    """The name of fer in results."""
    try:
        return f"{FER} {version(FER)}"
    except PackageNotFoundError:
        return f"{FER} of unknown version"


def fer_detector() -> Any:
    """fer's detector in Haar mode, its faster mode.

    Raises:
        ConfigError: not installed, or not loadable.
    """
    for module in ("fer.fer", "fer"):  # it moved between versions
        try:
            return importlib.import_module(module).FER(mtcnn=False)
        except ModuleNotFoundError as error:
            if error.name not in (FER, module):
                package = PACKAGES.get(str(error.name), error.name)
                raise ConfigError(f"fer is installed but needs {error.name}; pip install '{package}'") from error
        except (AttributeError, ImportError):
            continue
    raise ConfigError("fer is not installed; pip install fer in an environment of its own, beside fer-cam")


def play(clip: Path, detector: Any) -> list[Steps]:
    """One pass of fer over a clip, with the tutorial loop's drawing.

    Raises:
        SourceOpenError: OpenCV cannot open the clip.
    """
    capture = cv2.VideoCapture(str(clip))
    if not capture.isOpened():
        raise SourceOpenError(f"{clip}: OpenCV cannot open it; give another video")
    taken: list[Steps] = []
    while True:
        started = time.perf_counter()
        readable, frame = capture.read()
        if not readable:
            break
        decoded = time.perf_counter()
        faces = detector.detect_emotions(frame)
        read = time.perf_counter()
        for face in faces:
            x, y, w, h = (int(v) for v in face["box"])
            label = max(face["emotions"], key=face["emotions"].get)
            cv2.rectangle(frame, (x, y), (x + w, y + h), (0, 0, 255), 2)
            cv2.putText(frame, label, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 255), 2)
        drawn = time.perf_counter()
        parts = (Part(names.DECODE, decoded - started), Part(READ, read - decoded), Part(names.DRAW, drawn - read))
        taken.append(Steps(parts, len(faces)))
    capture.release()
    return taken


def _plot(measured: Record[Latency], taken: dict[str, list[Steps]], path: Path) -> None:
    from benchmarks import plots

    plots.latency(measured, {what: [steps.total for steps in several] for what, several in taken.items()}, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("peers", "Compare with PyPI's fer on the same clip in the same run.")
    suite.add_full_precision(parser)
    parser.add_argument("--video", default="demo", metavar="CLIP", help="a video file (default: the demo clip)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="measured passes over the clip (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
