"""python -m train.compare A.onnx B.onnx --data fer2013.csv.xz --votes fer2013new.csv: accuracy and milliseconds per face."""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from realtime import preprocess
from realtime.errors import ConfigError, FerError, SinkError
from realtime.machine import current_commit, instructions, processor
from realtime.model.session import RUNTIME
from train.data import fer2013
from train.data.datasets import FaceSet
from train.extra import EXTRA
from train.failed import failed
from train.judging import metrics, predictions, speed
from train.judging.speed import FULL, INT8, Candidate, Speed

BATCHES = (1, 4, 16)


@dataclass(frozen=True)
class Compared:
    """Accuracy and cost of one file.

    Attributes:
        file: its name.
        sha256: of its bytes.
        n, accuracy, balanced_accuracy, macro_f1: on PublicTest's rows with a majority.
        speeds: milliseconds a face, by batch and threads.
    """

    file: str
    sha256: str
    n: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    speeds: tuple[Speed, ...]


def compare(paths: Sequence[Path], val: FaceSet, *, rounds: int = speed.ROUNDS) -> tuple[Compared, ...]:
    """Times all files in turns, then evaluates each on labelled faces.

    Raises:
        ConfigError: two files have the same name, or a file has other classes than the faces.
        WeightsNotFound, WeightsCorrupt, ModelSpecError: see `realtime.model.session.Session`.
    """
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        raise ConfigError(f"the files need different names to be told apart; given: {', '.join(names)}")
    classifiers = [predictions.open_classifier(path) for path in paths]
    for classifier in classifiers:
        if classifier.spec.labels != val.labels:
            raise ConfigError(f"{classifier.name} knows {', '.join(classifier.spec.labels)}, not {', '.join(val.labels)}")
    candidates = [Candidate(path.name, INT8 if path.stem.endswith("-int8") else FULL, path) for path in paths]
    speeds = speed.measure(candidates, preprocess.prepare(val.images[0])[None], batches=BATCHES, rounds=rounds)
    scores = [metrics.score(predictions.predict(each, val).probs, val.classes(), val.labels) for each in classifiers]
    return tuple(
        Compared(
            path.name,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            found.n,
            found.accuracy,
            found.balanced_accuracy,
            found.macro_f1,
            tuple(each for each in speeds if each.network == path.name),
        )
        for path, found in zip(paths, scores, strict=True)
    )


def table(found: Sequence[Compared]) -> Table:
    """The result for the terminal: one row per file."""
    shown = Table(title="PublicTest accuracy and median milliseconds per face", caption="16/2: 16 faces in a call, 2 threads")
    shown.add_column("file", overflow="fold")
    speeds = [f"{each.batch}/{each.threads}" for each in found[0].speeds]
    for name in ("MB", "accuracy", "balanced", *speeds):
        shown.add_column(name, justify="right", no_wrap=True)
    for row in found:
        judged = (f"{row.accuracy:.4f}", f"{row.balanced_accuracy:.4f}")
        shown.add_row(row.file, f"{row.speeds[0].size_mb:.1f}", *judged, *(f"{each.median_ms:.2f}" for each in row.speeds))
    return shown


def main(argv: list[str] | None = None) -> int:
    """Compares and prints a table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.compare", description="Compare accuracy and milliseconds per face.")
    parser.add_argument("models", type=Path, nargs="+", metavar="FILE", help="an .onnx file written by train.export")
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, plain or .xz, .gz, .zip")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument("--rounds", type=int, default=speed.ROUNDS, help="timing rounds per file (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write all figures and the machine to this file")
    args = parser.parse_args(argv)
    try:
        EXTRA.require()
        found = compare(
            args.models, fer2013.load_ferplus(args.data, args.votes, "PublicTest").with_majority(), rounds=args.rounds
        )
        Console().print(table(found))
        if args.json is not None:
            _write(args.json, found, sys.argv[1:] if argv is None else argv)
    except FerError as error:
        return failed("compare", error)
    return 0


def _write(path: Path, found: Sequence[Compared], words: Sequence[str]) -> None:
    facts = {
        "command": " ".join(("python -m train.compare", *words)),
        "commit": current_commit(),
        "processor": processor(),
        "instructions": instructions(),
        "onnxruntime": RUNTIME,
        "files": [asdict(each) for each in found],
    }
    try:
        path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror}); give another --json") from error


if __name__ == "__main__":
    sys.exit(main())
