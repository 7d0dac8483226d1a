"""`fer-cam run`, the default command: its options, and the run."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.commands import browser_options, shared
from realtime.commands.shared import Settings
from realtime.config import Config
from realtime.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from realtime.sources.camera import CameraInfo

SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))

EPILOG = """\
keys in the window:
  q, ESC  quit          space  pause        s  snapshot     m  marker
  f  full screen        d  details          h  help         1 to 9  named markers
  c  calibrate

exit codes:
  0 done   2 usage   3 camera or source   4 model   5 cannot write   130 Ctrl-C   1 a bug, please report it

examples:
  fer-cam --demo                                   try it without a camera
  fer-cam --device 0                               the first camera
  fer-cam clip.mp4 --save --jsonl out.jsonl        a video, an image, a folder of images, a URL
  fer-cam --device 0 --no-display --jsonl - | your-program
  fer-cam --device 0 --serve                       a page in the browser
  fer-cam --device 0 --session P07 --participant P07 --markers stimulus,response
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `main`."""
    parser.epilog = EPILOG
    defaults = Config().settings()
    _source_options(parser)
    _camera_options(parser, defaults)
    _output_options(parser, defaults)
    _study_options(parser)
    _live_options(parser)
    browser_options.add(parser, defaults)
    _reading_options(parser, defaults)


def _source_options(parser: argparse.ArgumentParser) -> None:
    source = shared.add_source(parser.add_argument_group("source (the first camera, if none is given)"), browser=True)
    source.add_argument("--demo", action="store_true", help="the bundled demo clip; saves demo_fer.mp4 here")
    source.add_argument("--list-cameras", action="store_true", help="list the available cameras and exit")


def _camera_options(parser: argparse.ArgumentParser, defaults: Settings) -> None:
    camera = parser.add_argument_group("camera")
    camera.add_argument("--size", metavar="WxH", help="ask the camera for this size, such as 1280x720")
    camera.add_argument("--fps", type=float, metavar="F", help="ask the camera for this rate")
    camera.add_argument(
        "--timeout",
        type=float,
        metavar="S",
        default=defaults["open_timeout_s"],
        help="seconds a camera or URL may take to open (default: %(default)g)",
    )
    camera.add_argument(
        "--reconnect",
        type=float,
        metavar="S",
        default=defaults["reconnect_s"],
        help="seconds to try to get a lost camera or stream back (default: %(default)g)",
    )


def _output_options(parser: argparse.ArgumentParser, defaults: Settings) -> None:
    output = parser.add_argument_group("output")
    output.add_argument(
        "--save",
        type=_target,
        nargs="?",
        const=Path(),
        metavar="PATH",
        help="annotated video, a file or a folder (default: SOURCE_fer.mp4 in this folder); a new folder ends in /",
    )
    output.add_argument("--jsonl", metavar="PATH", help="a line of JSON per frame; - is standard output")
    output.add_argument("--csv", type=_target, metavar="PATH", help="a row per face and frame; - is standard output")
    output.add_argument("--overwrite", action="store_true", help="replace outputs that exist (default: number new ones)")
    output.add_argument(
        "--snapshots", type=Path, metavar="DIR", default=defaults["snapshots"], help="folder for snapshots (the s key)"
    )
    output.add_argument("--blur", action="store_true", help="hide every face in the window and in every image that is written")
    output.add_argument("--numbers-only", action="store_true", help="refuse to write any image: no video, no snapshot")
    output.add_argument(
        "--display", action=argparse.BooleanOptionalAction, help="show a window (default: if there is a screen)"
    )
    output.add_argument(
        "--lesson", action="store_true", help="begin with the lesson view: the paper's steps for one face; --save shows it too"
    )
    output.add_argument("--mirror", action=argparse.BooleanOptionalAction, help="mirror the window (default: for cameras)")
    shared.add_verbosity(output)


def _study_options(parser: argparse.ArgumentParser) -> None:
    study = parser.add_argument_group("study")
    study.add_argument(
        "--session",
        type=shared.folder,
        metavar="DIR",
        help="a folder for data, events, settings and, with --save, the video of this run",
    )
    study.add_argument("--participant", default="", metavar="ID", help="goes into session.json")
    study.add_argument("--task", default="", metavar="NAME", help="goes into session.json")
    study.add_argument(
        "--markers", type=_names, default=(), metavar="A,B,...", help="names of the markers with the keys 1 to 9"
    )
    study.add_argument("--marker-port", type=int, metavar="PORT", help="UDP port of this machine: each datagram sets a marker")
    study.add_argument("--lsl-markers", metavar="NAME", help="a stream of the Lab Streaming Layer: each sample sets a marker")


def _live_options(parser: argparse.ArgumentParser) -> None:
    live = parser.add_argument_group("live data (fer-cam guide stage)")
    live.add_argument("--osc", metavar="HOST:PORT", help="send OSC messages there, over UDP")
    live.add_argument("--mqtt", metavar="URL", help="publish to a broker: mqtt://USER:PASSWORD@HOST:PORT/TOPIC, or mqtts://")
    live.add_argument(
        "--lsl", nargs="?", const="fer-cam", metavar="NAME", help="a stream of the Lab Streaming Layer (default name: fer-cam)"
    )
    live.add_argument(
        "--trigger",
        action="append",
        default=[],
        metavar="RULE",
        help='"happiness > 0.7 for 1s: ACTION": a command, osc:/ADDRESS, mqtt:TOPIC or shell:LINE; repeatable',
    )


def _reading_options(parser: argparse.ArgumentParser, defaults: Settings) -> None:
    reading = shared.add_model(parser, defaults)
    reading.add_argument("--profile", metavar="NAME", help="correct for a person's resting face; see fer-cam calibrate")
    reading.add_argument(
        "--threshold",
        type=float,
        default=defaults["threshold"],
        metavar="P",
        help="below this probability a face is `uncertain` (default: %(default)g)",
    )
    reading.add_argument(
        "--smoothing",
        type=float,
        default=defaults["smoothing_s"],
        metavar="S",
        help="time constant of the smoothing, seconds; 0 turns it off (default: %(default)g)",
    )
    reading.add_argument(
        "--target-latency",
        type=float,
        default=defaults["target_latency_ms"],
        metavar="MS",
        help="from a camera's capture to the screen; work is reduced to meet it (default: the time between two frames)",
    )
    reading.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")


def _run(config: Config) -> int:
    from realtime.run import run  # OpenCV, onnxruntime and PyAV: not for --help

    return run(config)


def _cameras() -> "Sequence[CameraInfo]":
    from realtime.sources.camera import list_cameras

    return list_cameras()


def main(
    args: argparse.Namespace,
    run: Callable[[Config], int] = _run,
    cameras: "Callable[[], Sequence[CameraInfo]]" = _cameras,
) -> int:
    """Runs, or lists the cameras; returns the exit code.

    Raises:
        FerError: it cannot.
    """
    if args.list_cameras:
        return _list(cameras())
    with shared.naming_options():
        return run(_config(args))


def _config(args: argparse.Namespace) -> Config:
    return Config.of(
        source=shared.source_of(args),
        **shared.settings_of(args),
        threshold=args.threshold,
        smoothing_s=args.smoothing,
        profile=args.profile,
        display=args.display,
        mirror=args.mirror,
        lesson=args.lesson,
        save=args.save if args.save or not args.demo or args.numbers_only else Path(),
        jsonl=args.jsonl,
        csv=args.csv,
        overwrite=args.overwrite,
        snapshots=args.snapshots,
        blur=args.blur,
        numbers_only=args.numbers_only,
        session=args.session,
        participant=args.participant,
        task=args.task,
        markers=args.markers,
        marker_port=args.marker_port,
        lsl_markers=args.lsl_markers,
        osc=args.osc,
        mqtt=args.mqtt,
        lsl=args.lsl,
        triggers=tuple(args.trigger),
        camera_size_wh=_size(args.size),
        camera_fps=args.fps,
        open_timeout_s=args.timeout,
        reconnect_s=args.reconnect,
        target_latency_ms=args.target_latency,
        max_frames=args.max_frames,
        serve=args.serve,
        bind=args.bind,
        tls_cert=args.tls_cert,
        tls_key=args.tls_key,
        insecure=args.insecure,
    )


def _target(text: str) -> Path | str:
    """An output's path; text if it ends in a slash, which Path would drop, to mark a folder that may not exist yet."""
    return text if text.endswith(SEPARATORS) else Path(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ConfigError(f"--size {text}: give WIDTHxHEIGHT, such as 1280x720")
    return int(width), int(height)


def _list(cameras: "Sequence[CameraInfo]") -> int:
    for camera in cameras:
        print(
            f"--device {camera.index}   {camera.width}x{camera.height}   {camera.fps:g} fps   {camera.backend}   "
            f"opened in {camera.open_s:.1f} s"
        )
    if not cameras:
        raise SourceError("no camera found; check that one is plugged in and not in use by another program")
    return 0
