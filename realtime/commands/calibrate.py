"""`fer-cam calibrate`: a person's profile, from a few seconds of their resting face."""

import argparse
import math

from realtime.commands import shared
from realtime.config import Config
from realtime.errors import ConfigError
from realtime.neutral.resting import READY_S, SECONDS

SHORTEST_S, LONGEST_S = 1.0, 60.0

EPILOG = """\
Sit alone, as you will sit later, and rest your face. Only numbers are stored, no image.

examples:
  fer-cam calibrate --profile anna                          the first camera
  fer-cam calibrate --profile anna --video anna.mp4 --start 12
  fer-cam 0 --profile anna                                  uses it; the c key in the window makes one too
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `main`."""
    defaults = Config().settings()
    parser.epilog = EPILOG
    parser.add_argument("--profile", required=True, metavar="NAME", help="name of the profile, or the path of a .json file")
    shared.add_source(parser.add_argument_group("source (the first camera, if none is given)"))
    stretch = parser.add_argument_group("resting face")
    stretch.add_argument("--seconds", type=float, metavar="S", default=SECONDS, help="length in seconds (default: %(default)g)")
    stretch.add_argument(
        "--start", type=float, metavar="S", help="where it begins in a video, in seconds (default: at the first face)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the profile of this name, if there is one")
    shared.add_model(parser, defaults)
    shared.add_verbosity(parser)


def main(args: argparse.Namespace) -> int:
    """Calibrates; returns the exit code.

    Raises:
        FerError: it cannot.
    """
    with shared.naming_options():
        return _calibrate(args)


def _calibrate(args: argparse.Namespace) -> int:
    if not SHORTEST_S <= args.seconds <= LONGEST_S:  # nor nan
        raise ConfigError(f"--seconds {args.seconds:g}: give {SHORTEST_S:g} to {LONGEST_S:g}")
    if args.start is not None and not 0 <= args.start < math.inf:
        raise ConfigError(f"--start {args.start:g}: give seconds from the beginning of the video")
    config = Config.of(source=shared.source_of(args), **shared.settings_of(args))
    from contextlib import closing

    from realtime.calibrate import Maker, calibrate, effect
    from realtime.engine import Engine
    from realtime.model.classifier import Classifier
    from realtime.neutral import profiles
    from realtime.neutral.resting import Resting
    from realtime.views.progress import progress

    profiles.check_free(args.profile, overwrite=args.overwrite)
    with closing(Classifier.load(config.model.name, config.model.threads, config.model.provider)) as classifier:
        maker = Maker.of(config, classifier)
        with Engine.open(config, classifier) as engine, progress(quiet=args.quiet) as show:
            if engine.info.live and args.start is not None:
                raise ConfigError("--start belongs to a video; leave it out with a camera")
            ready_s = READY_S if engine.info.live else 0.0
            resting = Resting(maker.labels, args.seconds, ready_s=ready_s, start_s=args.start or -math.inf)
            made, path = calibrate(engine, maker, args.profile, resting, show)
    if not args.quiet:
        print(f"{made.reading.frames} frames of a resting face in {made.reading.seconds:.1f} s; {effect(made)}")
        print(f"wrote {path}")
    return 0
