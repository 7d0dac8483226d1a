"""`fer-cam faces`: crops of labelled faces from a recording, for a network of one's own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.commands import shared
from realtime.config import Config
from realtime.errors import ConfigError, SourceOpenError

EPILOG = """\
This command stores images of faces. Ask the people first, and delete a person's folder when they ask you to.

examples:
  fer-cam faces anna.mp4 --segments segments.csv --out faces/     columns: start, end, label, person
  fer-cam faces anna.mp4 --segments data/P07 --out faces/         a session whose markers have the names of expressions
  python -m train.fit personal --data faces/ --out anna/          in a checkout, afterwards
"""

if TYPE_CHECKING:
    from realtime.crops.cutting import Cut
    from realtime.crops.folder import Entry
    from realtime.crops.segments import Segment

SLOWEST_S = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what `main` understands."""
    from realtime.crops.thinning import EVERY_S
    from realtime.faces.quality import POOR

    parser.epilog = EPILOG
    defaults = Config().settings()
    parser.add_argument("clip", type=Path, metavar="CLIP", help="a video file")
    parser.add_argument(
        "--segments", type=Path, required=True, metavar="FILE", help="CSV: start, end, label, person; or a session"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of faces; other clips are added to it")
    parser.add_argument("--person", metavar="NAME", help="the person in a session (default: its participant)")
    parser.add_argument(
        "--every",
        type=float,
        default=EVERY_S,
        metavar="S",
        help="least time between two crops, in seconds (default: %(default)g)",
    )
    parser.add_argument(
        "--quality",
        type=float,
        default=POOR,
        metavar="Q",
        help="leave out crops of a lower quality, 0 to 1 (default: %(default)g)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace this clip's faces in DIR")
    shared.add_model(parser, defaults)
    shared.add_verbosity(parser)


def main(args: argparse.Namespace) -> int:
    """Cuts the faces; returns the exit code.

    Raises:
        ConfigError: an option or a segment is wrong, or the folder has faces of this clip.
        SourceError: the clip cannot be read, or shows no face in any segment.
        SinkError: the faces cannot be written.
    """
    with shared.naming_options():
        return _faces(args)


def _faces(args: argparse.Namespace) -> int:
    if not 0 <= args.every <= SLOWEST_S:  # nor nan
        raise ConfigError(f"--every {args.every:g}: give seconds, up to {SLOWEST_S:g}")
    if not 0 <= args.quality <= 1:
        raise ConfigError(f"--quality {args.quality:g}: give 0 to 1")
    from contextlib import closing

    from realtime.crops import folder
    from realtime.crops.cutting import Cutter, remarks
    from realtime.crops.thinning import Thinner
    from realtime.engine import Engine
    from realtime.model.classifier import Classifier
    from realtime.views.progress import progress

    digest = _digest(args.clip)
    segments = _segments(args)
    if folder.of_recording(args.out, digest) and not args.overwrite:
        raise ConfigError(f"{args.out} has faces of {args.clip.name} already; give --overwrite to cut them again")
    config = Config.of(source=str(args.clip.absolute()), **shared.settings_of(args))
    cutter = Cutter(segments, args.quality, lambda: Thinner(args.every))
    with (
        closing(Classifier.load(config.model.name, config.model.threads, config.model.provider)) as classifier,
        Engine.open(config, classifier) as engine,
        progress(quiet=args.quiet) as show,
    ):
        if not engine.info.temporal:
            raise ConfigError(f"{args.clip.name} is an image; give a video")
        for result in engine.results(show):
            if result.frame.time_s >= cutter.end_s:
                break
            cutter.add(result)
    cuts = cutter.cuts()
    lines = remarks(cuts)
    if not any(cut.crops for cut in cuts):
        raise SourceOpenError(f"{args.clip.name}: no face was cut; {lines[0]}")
    entries = folder.add(args.out, args.clip.name, digest, cuts)
    if not args.quiet:
        _report(args.out, cuts, entries, lines)
    return 0


def _digest(clip: Path) -> str:
    from realtime.crops import folder

    try:
        return folder.sha256_of(clip)
    except OSError as error:
        raise SourceOpenError(f"cannot open {clip}: {error.strerror}; give a video file") from error


def _segments(args: argparse.Namespace) -> "tuple[Segment, ...]":
    from realtime.crops import segments

    if not args.segments.is_dir() and args.segments.suffix.lower() != ".jsonl":
        if args.person is not None:
            raise ConfigError("--person belongs to a session; in a table each row names its person")
        return segments.read(args.segments)
    person = args.person or segments.participant(args.segments)
    if not person:
        raise ConfigError(f"{args.segments} names no participant; give --person NAME")
    return segments.of_session(args.segments, args.clip, person)


def _report(out: Path, cuts: "tuple[Cut, ...]", entries: "tuple[Entry, ...]", lines: tuple[str, ...]) -> None:
    import sys
    from collections import Counter

    from realtime.printable import printable

    for line in lines:
        print(printable(line), file=sys.stderr)
    for person in sorted({entry.person for entry in entries}):
        counts = Counter(entry.label for entry in entries if entry.person == person)
        print(printable(f"{person}: " + ", ".join(f"{count} {label}" for label, count in counts.items())))
    print(printable(f"wrote {len(entries)} faces, of {sum(cut.seen for cut in cuts)} seen, to {out}"))
