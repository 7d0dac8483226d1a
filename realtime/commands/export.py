"""`fer-cam export`: a session as files for other programs, laid out like BIDS."""

import argparse
import json
import sys
from pathlib import Path

from realtime.commands import shared
from realtime.errors import SourceOpenError

EPILOG = """\
example:
  fer-cam --device 0 --session P07 --participant P07 --task faces && fer-cam export P07 --bids study
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `main`."""
    parser.epilog = EPILOG
    parser.add_argument("session", type=Path, metavar="SESSION", help="the folder that --session made")
    parser.add_argument(
        "--bids", type=shared.folder, metavar="DIR", required=True, help="the folder of the dataset; new ones are created"
    )
    parser.add_argument("--participant", metavar="LABEL", help="letters and digits (default: that of the session)")
    parser.add_argument("--task", metavar="LABEL", help="letters and digits (default: that of the session)")
    parser.add_argument("--run", type=int, metavar="N", help="number of the run, for a second session with the same task")
    parser.add_argument("--rate", type=float, metavar="HZ", help="samples a second (default: the nominal rate of the source)")
    parser.add_argument("--overwrite", action="store_true", help="replace files of the same participant, task and run")


def main(args: argparse.Namespace) -> int:
    """Exports a session; returns the exit code.

    Raises:
        ConfigError: a label or the rate is invalid.
        SourceError: the session cannot be read.
        SinkError: a file exists already, or cannot be written.
    """
    from realtime.bids import dataset, samples
    from realtime.bids.labels import Entities
    from realtime.report.written import recording_in

    about = _about(args.session)
    with shared.naming_options():
        entities = Entities(
            about.get("participant", "") if args.participant is None else args.participant,
            about.get("task", "") if args.task is None else args.task,
            args.run,
        )
        frames = samples.read(recording_in(args.session))
        regular = samples.resample(frames, frames.rate_hz if args.rate is None else args.rate)
    paths = dataset.export(frames, regular, entities, args.bids, overwrite=args.overwrite)
    if frames.summary is None:
        print("fer-cam: the run of this session was killed, or still goes on; exported is what there is", file=sys.stderr)
    for path in paths:
        print(f"wrote {path}")
    return 0


def _about(session: Path) -> dict[str, str]:
    """Participant and task of `session.json`; nothing if a recording itself is given.

    Raises:
        SourceOpenError: the file cannot be read.
    """
    path = session / "session.json"
    if session.is_file():
        return {}
    try:
        match json.loads(path.read_text(encoding="utf-8")):
            case {"participant": str(participant), "task": str(task)}:
                return {"participant": participant, "task": task}
        raise ValueError("participant and task are missing")
    except (OSError, ValueError) as error:
        raise SourceOpenError(f"{session} is no session: cannot read {path}; give a folder that --session made") from error
