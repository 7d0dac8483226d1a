"""`fer-cam report`: writes an HTML page about a recording."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.errors import ConfigError

if TYPE_CHECKING:
    from realtime.report.dataset import Overview

LONGEST_WINDOW_S = 60.0

EPILOG = """\
examples:
  fer-cam clip.mp4 --jsonl clip.jsonl && fer-cam report clip.jsonl    writes clip_report.html
  fer-cam report study.parquet                                        the overview of a dataset of fer-cam batch
  fer-cam report --compare before.jsonl after.jsonl                   side by side
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what `main` understands."""
    parser.epilog = EPILOG
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "recording", nargs="?", type=Path, metavar="RECORDING", help="what --jsonl wrote, the folder of a session, or a dataset"
    )
    what.add_argument("--compare", nargs="+", type=Path, metavar="RECORDING", help="two or more recordings side by side")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where to (default: RUN_report.html beside RUN.jsonl, report.html in a session or dataset)",
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
        ConfigError: an option is out of range, or a library is missing.
        SourceError: a recording cannot be read.
        SinkError: the report cannot be written.
    """
    from realtime.bulk.mark import is_dataset
    from realtime.report import page, written
    from realtime.report.recording import load

    if args.recording is not None and is_dataset(args.recording):
        html = page.render_overview(_summary(args.recording))
        table = args.recording / written.RECORDINGS
        print(f"wrote {written.write(html, [table], args.out, compared=False, overwrite=args.overwrite)}")
        return 0
    if not 0 < args.window <= LONGEST_WINDOW_S:  # nor nan
        raise ConfigError(f"--window {args.window:g}: give seconds above 0, {LONGEST_WINDOW_S:g} at most")
    if args.compare and len(args.compare) < 2:
        raise ConfigError("--compare: give two recordings or more")
    paths = [written.recording_in(path) for path in args.compare or [args.recording]]
    recordings = [load(path) for path in paths]
    html = page.render_comparison(recordings) if args.compare else page.render(recordings[0], args.window)
    print(f"wrote {written.write(html, paths, args.out, compared=bool(args.compare), overwrite=args.overwrite)}")
    return 0


def _summary(dataset: Path) -> "Overview":
    try:
        from realtime.bulk.overview import summarize
    except ModuleNotFoundError as error:
        raise ConfigError(f"a dataset needs {error.name}; install it with: pip install 'fer-cam[bulk]'") from error
    return summarize(dataset)
