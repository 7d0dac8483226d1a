"""python -m train.evaluate MODEL.onnx --data fer2013.csv.xz --votes fer2013new.csv [--labels ferplus] [--json OUT]

Judges an ONNX file through the live program's own preprocessing and classifier.
"""

import argparse
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from realtime import preprocess
from realtime.classifier import Classifier
from realtime.datatypes import Scores
from realtime.errors import ConfigError, FerError, SinkError
from realtime.session import Session
from train import datasets, metrics
from train.datasets import FaceSet
from train.metrics import Scorecard

BATCH = 64
SPLITS = ("PublicTest", "PrivateTest", "Training")


def open_classifier(path: Path) -> Classifier:
    """The live program's classifier with this file; see `realtime.session.Session` for what can go wrong."""
    return Classifier(Session(path))


def predict(classifier: Classifier, faces: FaceSet) -> Scores:
    """Probabilities of the classes of `faces`, in their order.

    Classes of the network that the data do not have are masked: the others are scaled to sum to 1.

    Raises:
        ConfigError: the data have a class that the network does not know.
    """
    parts = []
    spec = classifier.spec
    for start in range(0, len(faces), BATCH):
        smalls = [preprocess.shrink(image, spec.input_size) for image in faces.images[start : start + BATCH]]
        parts.append(classifier.classify([preprocess.equalize(small) if spec.equalize else small for small in smalls]).probs)
    return restrict(Scores(np.concatenate(parts), spec.labels), faces.labels)


def restrict(scores: Scores, labels: tuple[str, ...]) -> Scores:
    """Probabilities given that the truth is one of `labels`.

    Raises:
        ConfigError: one of them is not among the scores' labels.
    """
    unknown = [label for label in labels if label not in scores.labels]
    if unknown:
        raise ConfigError(f"the data have the class {unknown[0]!r}, which the network does not know; choose other --labels")
    if labels == scores.labels:
        return scores
    probs = scores.probs[:, [scores.labels.index(label) for label in labels]] + np.float32(1e-12)
    return Scores(probs / probs.sum(axis=1, keepdims=True), labels)


def judge(classifier: Classifier, faces: FaceSet) -> Scorecard:
    """Figures of a network on labelled faces."""
    return metrics.score(predict(classifier, faces).probs, faces.classes(), faces.labels)


def load(labels: str, pictures: Path, votes: Path | None, split: str) -> FaceSet:
    """The faces to judge on: FER+ majority rows, or FER2013's own labels.

    Raises:
        ConfigError: files are missing or damaged, or FER+ without votes.
    """
    if labels == "fer2013":
        return datasets.load_fer2013(pictures, split)
    if votes is None:
        raise ConfigError("--labels ferplus needs --votes fer2013new.csv")
    return datasets.load_ferplus(pictures, votes, split).with_majority()


def show(scores: Scorecard, title: str, console: Console) -> None:
    """Prints figures, a row per class, and the confusion matrix."""
    console.print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"n {scores.n}   accuracy {scores.accuracy:.4f}   balanced accuracy {scores.balanced_accuracy:.4f}   "
        f"macro-F1 {scores.macro_f1:.4f}   NLL {scores.nll:.4f}   ECE {scores.ece:.4f} ({metrics.ECE_BINS} bins)",
        highlight=False,
        soft_wrap=True,
    )
    classes = Table("class", title="per class")
    for heading in ("pictures", "recall", "precision", "F1"):
        classes.add_column(heading, justify="right")
    for i, label in enumerate(scores.labels):
        figures = (scores.recall[i], scores.precision[i], scores.f1[i])
        classes.add_row(label, str(scores.support[i]), *("-" if math.isnan(value) else f"{value:.3f}" for value in figures))
    console.print(classes)
    confusion = Table("true \\ called", title="confusion: pictures")
    for label in scores.labels:
        confusion.add_column(label[:4], justify="right")
    for label, row in zip(scores.labels, scores.confusion, strict=True):
        confusion.add_row(label, *(str(count) for count in row))
    console.print(confusion)


def to_json(scores: Scorecard, command: str, model: Path, labels: str, split: str) -> str:
    """Figures as JSON, with the command that made them and the hash of the network; a figure that does not exist is null."""
    values = {
        "command": command,
        "model": model.name,
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "data_labels": labels,
        "split": split,
        **{name: _plain(getattr(scores, name)) for name in scores.__dataclass_fields__},
    }
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def main(argv: list[str] | None = None) -> int:
    """Judges one file; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    try:
        classifier = open_classifier(args.model)
        faces = load(args.labels, args.data, args.votes, args.split)
        scores = judge(classifier, faces)
        show(scores, f"{args.model.name} on {args.split}, {args.labels} labels", Console())
        if args.json is not None:
            command = " ".join(("python -m train.evaluate", *words))
            try:
                args.json.write_text(to_json(scores, command, args.model, args.labels, args.split), encoding="utf-8")
            except OSError as error:
                raise SinkError(f"{args.json}: cannot be written ({error.strerror}); give another --json") from error
    except FerError as error:
        Console(stderr=True).print(f"train.evaluate: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description="Judge an ONNX file on labelled faces.")
    parser.add_argument("model", type=Path, help="an .onnx file written by train.export")
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, plain or .xz or .gz")
    parser.add_argument("--votes", type=Path, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument("--labels", choices=("ferplus", "fer2013"), default="ferplus", help="whose labels (default: ferplus)")
    parser.add_argument("--split", choices=SPLITS, default="PublicTest", help="which rows (default: PublicTest)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
