"""python -m train.window_image --out realtime/guides/window.jpg
python -m train.window_image --lesson --out realtime/guides/lesson.jpg

Plays the demo clip as `fer-cam --demo` does and saves what the window shows at one moment: images for README and guides.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from realtime.config import Config
from realtime.datatypes import Summary
from realtime.drawing.painter import Painted
from realtime.errors import ConfigError, FerError, SinkError
from realtime.run import Openers, run
from realtime.sinks.paths import reason
from realtime.views.base import Action, Status

SIZE_WH = (960, 720)
"""The size at which a window opens on the demo clip, pixels."""

MOMENT_S = 15.1
"""Seconds: two people with two expressions, both at their apex."""

WATCHED_S = 1.0
"""How long the window is drawn before the moment: the lesson view searches for eyes and mouth while it is shown."""

QUALITY = 85
"""Of the JPEG: 60 kB, without visible artefacts around the text."""


class Still:
    """A view that saves one moment of a run and quits.

    Args:
        path: of the image; its suffix names the format.
        moment_s: media time of the frame, seconds.
    """

    paced = True

    def __init__(self, path: Path, moment_s: float) -> None:
        self._path = path
        self._moment_s = moment_s
        self.done = False

    def due(self) -> bool:
        """Every frame, until the moment has come."""
        return not self.done

    def opened(self, title: str, mirror: bool, markers: Sequence[str]) -> "Still":
        """Returns itself, in place of a window."""
        return self

    def show(self, painted: Painted, status: Status) -> None:
        """Saves the first frame that is not before the moment.

        Raises:
            SinkError: the image cannot be written.
        """
        if painted.result.frame.time_s < self._moment_s - WATCHED_S:
            return
        image = painted.view(status, size_wh=SIZE_WH)
        if painted.result.frame.time_s < self._moment_s:
            return
        try:
            _, data = cv2.imencode(self._path.suffix, image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            self._path.write_bytes(data.tobytes())
        except cv2.error as error:
            raise SinkError(f"cannot write {self._path}: give a name that ends in .jpg or .png") from error
        except OSError as error:
            raise SinkError(f"cannot write {self._path}: {reason(error)}") from error
        self.done = True

    def poll(self, wait_ms: int) -> Action | None:
        """Quits after the moment."""
        return Action.QUIT if self.done else None

    def notice(self, text: str) -> None:
        """Does nothing: notices are part of the status that is drawn."""

    def finish(self, summary: Summary, paths: Sequence[Path]) -> None:
        """Does nothing: the terminal tells."""

    def close(self) -> None:
        """Does nothing: there is no window."""


def save(path: Path, moment_s: float, config: Config) -> int:
    """Runs until the moment and saves the image; returns the exit code.

    Raises:
        FerError: it cannot, or the source ended before the moment.
    """
    still = Still(path, moment_s)
    code = run(config, Openers(window=still.opened))
    if not still.done and code == 0:
        raise ConfigError(f"--at {moment_s:g}: the clip ended before; give an earlier moment")
    return code


def main(argv: list[str] | None = None) -> int:
    """Saves the image; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.window_image", description="Save an image of the window.")
    parser.add_argument("--out", type=Path, required=True, help="the image, .jpg or .png; an existing one is replaced")
    parser.add_argument(
        "--at", type=float, metavar="S", default=MOMENT_S, help="moment of the demo clip (default: %(default)g)"
    )
    parser.add_argument("--lesson", action="store_true", help="the lesson view")
    args = parser.parse_args(argv)
    try:
        return save(args.out, args.at, Config.of(source="demo", lesson=args.lesson, verbosity=-1))
    except FerError as error:
        print(f"train.window_image: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
