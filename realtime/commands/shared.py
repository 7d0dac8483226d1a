"""Options that several commands have: the source, the network, and how much is printed."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from realtime.config import BROWSER, SourceConfig
from realtime.errors import ConfigError, SourceOpenError
from realtime.model.providers import AUTO, PROVIDERS

Settings = Mapping[str, Any]

OPTIONS = {
    "camera_size_wh": "--size",
    "camera_fps": "--fps",
    "open_timeout_s": "--timeout",
    "reconnect_s": "--reconnect",
    "smoothing_s": "--smoothing",
    "target_latency_ms": "--target-latency",
    "triggers": "--trigger",
}
"""Options whose names differ from those of their settings."""


def option(setting: str) -> str:
    """The option of a setting: --min-face for min_face."""
    return OPTIONS.get(setting, f"--{setting.replace('_', '-')}")


@contextmanager
def naming_options() -> Iterator[None]:
    """Errors raised inside name options in place of settings.

    Raises:
        ConfigError: a setting is invalid.
    """
    try:
        yield
    except ConfigError as error:
        raise ConfigError(error.with_names({setting: option(setting) for setting in error.settings})) from error


def add_source(parser: argparse._ArgumentGroup, *, browser: bool = False) -> argparse._MutuallyExclusiveGroup:
    """Adds the options that name a source, for `source_of`; returns the group of those that exclude each other.

    Args:
        browser: whether it may be the cameras of browsers.
    """
    parser.add_argument(
        "anything", nargs="?", metavar="SOURCE", help="camera number, file, image, folder of images, http/rtsp URL"
    )
    source = parser.add_mutually_exclusive_group()
    numbers = "camera number N, from 0, or its node: /dev/video0"
    source.add_argument(
        "--device",
        type=_device_or_browser if browser else _device,
        metavar="N",
        help=f"{numbers}; or browser, with --serve" if browser else numbers,
    )
    source.add_argument("--video", metavar="FILE", help="a video file: every frame, in order")
    source.add_argument("--source", metavar="ANY", help="the same as SOURCE")
    return source


def add_model(parser: argparse.ArgumentParser, defaults: Settings) -> argparse._ArgumentGroup:
    """Adds the options about the network and the smallest face; returns their group."""
    reading = parser.add_argument_group("recognition")
    reading.add_argument(
        "--model",
        default=defaults["model"],
        metavar="NAME",
        help="int8, full, fast, an .onnx file from train.export, or auto: the best that is fast enough here, measured once",
    )
    reading.add_argument(
        "--provider",
        default=defaults["provider"],
        metavar="NAME",
        help=f"backend for the network: {', '.join((AUTO, *PROVIDERS))} (default: %(default)s)",
    )
    reading.add_argument(
        "--threads",
        type=int,
        default=defaults["threads"],
        metavar="N",
        help="faces classified in parallel on the CPU (default: by the number of cores)",
    )
    reading.add_argument(
        "--min-face",
        type=int,
        default=defaults["min_face"],
        metavar="PX",
        help="smallest face, in pixels of the frame (default: a twelfth of its height)",
    )
    return reading


def add_verbosity(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Adds the options of how much is printed."""
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("-v", "--verbose", action="store_true", help="print tracebacks and library messages")


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that the options of `add_model` and `add_verbosity` give."""
    return {
        "model": args.model,
        "provider": args.provider,
        "threads": args.threads,
        "min_face": args.min_face,
        "verbosity": args.verbose - args.quiet,
    }


def folder(text: str) -> Path:
    """The path of a folder, such as a session; an empty one would be the current folder. argparse reports the error."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; give the path of a folder")
    return Path(text)


def source_of(args: argparse.Namespace) -> str:
    """The source that the options name.

    Raises:
        ConfigError: they contradict each other.
    """
    demo = getattr(args, "demo", False)  # an option of `run` alone
    given = {"--demo": demo or None, "--device": args.device, "--video": args.video, "--source": args.source}
    other = next((name for name, value in given.items() if value is not None), None)
    if args.anything is not None and other is not None:
        raise ConfigError(f"{args.anything} and {other} name two sources; give one of them")
    if demo:
        return "demo"
    if args.device is not None:
        if args.device.startswith("-"):
            raise ConfigError(f"--device {args.device}: camera numbers start at 0; --list-cameras lists the available ones")
        return str(args.device)
    if args.video is not None:
        return _video(args.video)
    anything = args.anything if args.source is None else args.source
    return SourceConfig.location if anything is None else anything


def _video(name: str) -> str:
    """The absolute path of a video, since a file may have the name 0 or demo; an address unchanged."""
    if "://" in name:
        return name
    if Path(name).is_dir():
        raise ConfigError(f"--video {name} is a folder; for a folder of images use --source {name}")
    try:
        return str(Path(name).absolute())
    except FileNotFoundError as error:
        raise SourceOpenError(f"cannot open {name}: the current folder was deleted; change to one that exists") from error


def _device_or_browser(text: str) -> str:
    """The same, or the word for browsers' own cameras."""
    return text if text == BROWSER else _device(text)


def _device(text: str) -> str:
    """A camera's number, its device node, or a link to that. argparse reports the error."""
    from realtime.sources.nodes import camera_number

    if camera_number(text) is None:
        raise argparse.ArgumentTypeError(f"{text} is not a camera; give its number or its node, such as /dev/video0")
    return text
