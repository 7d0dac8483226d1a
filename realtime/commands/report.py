"""`fer-cam report`: writes an HTML page about a recording."""

import argparse
from pathlib import Path

from realtime.errors import ConfigError

LONGEST_WINDOW_S = 60.0

EPILOG = """\
examples:
  fer-cam clip.mp4 --jsonl clip.jsonl && fer-cam report clip.jsonl    writes clip_report.html
  fer-cam report --compare before.jsonl after.jsonl                   side by side
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what `main` understands."""
    parser.epilog = EPILOG
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "recording", nargs="?", type=Path, metavar="RECORDING", help="what --jsonl wrote, or the folder of a session"
    )
    what.add_argument("--compare", nargs="+", type=Path, metavar="RECORDING", help="two or more recordings side by side")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where to (default: RUN_report.html beside RUN.jsonl, report.html in a session)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a report that exists (default: number the new one)")
    parser.add_argument(
        "--window",
        type=float,
        default=5.0,
        metavar="S",
        help="seconds after a marker in which expressions are analysed (default: %(default)g)",
    )


def main(args: argparse.Namespace) -> int:
    """Writes a report; returns the exit code.

    Raises:
        ConfigError: an option is out of range, or jinja2 is missing.
        SourceError: a recording cannot be read.
        SinkError: the report cannot be written.
    """
    from realtime.report import page, written
    from realtime.report.recording import load

    if not 0 < args.window <= LONGEST_WINDOW_S:  # nor nan
        raise ConfigError(f"--window {args.window:g}: give seconds above 0, {LONGEST_WINDOW_S:g} at most")
    if args.compare and len(args.compare) < 2:
        raise ConfigError("--compare: give two recordings or more")
    paths = [written.recording_in(path) for path in args.compare or [args.recording]]
    recordings = [load(path) for path in paths]
    html = page.render_comparison(recordings) if args.compare else page.render(recordings[0], args.window)
    print(f"wrote {written.write(html, paths, args.out, compared=bool(args.compare), overwrite=args.overwrite)}")
    return 0
