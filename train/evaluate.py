"""python -m train.evaluate MODEL.onnx --data fer2013.csv.xz --votes fer2013new.csv [--labels ferplus] [--json OUT]
python -m train.evaluate MODEL.onnx --data ROOT --labels folder [--split test] [--detect]

Judges an ONNX file through the live program's own preprocessing and classifier.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from realtime import preprocess
from realtime.datatypes import Scores
from realtime.errors import ConfigError, FerError, SinkError
from realtime.faces.detector import HaarDetector
from realtime.model.classifier import Classifier
from realtime.model.session import Session
from train.data import datasets, fer2013, folders
from train.data.datasets import FaceSet
from train.data.folders import FoundFaces
from train.extra import EXTRA
from train.judging import metrics
from train.judging.metrics import Scorecard

with EXTRA:
    from train.data import lineage

BATCH = 64
SPLITS = ("PublicTest", "PrivateTest", "Training")
"""The splits of fer2013.csv; the first is the default."""


@dataclass(frozen=True, eq=False)
class Report:
    """What there is to say about a network on some data.

    Attributes:
        title: network, data and split in words.
        scores: figures on all faces.
        masked: classes of the network that the data do not have.
        found: with --detect, which photographs had a face.
        copies: how many of the pictures are (nearly) in Training; None where there is no Training to compare with.
        without_copies: figures on the others; None if there are none, or no copies.
        learned: how many of the pictures the network itself was trained on; None where its file does not say.
        without_learned: figures on the others; None if there are none, or it was trained on none.
    """

    title: str
    scores: Scorecard
    masked: tuple[str, ...] = ()
    found: FoundFaces | None = None
    copies: int | None = None
    without_copies: Scorecard | None = None
    learned: int | None = None
    without_learned: Scorecard | None = None

    @property
    def accuracy_of_all(self) -> float:
        """Accuracy where a photograph without a face counts as wrong."""
        return self.scores.accuracy * self.scores.n / (self.found.pictures if self.found else self.scores.n)


def open_classifier(path: Path) -> Classifier:
    """The live program's classifier with this file; see `realtime.model.session.Session` for what can go wrong."""
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


def load(labels: str, data: Path, votes: Path | None, split: str | None) -> FaceSet:
    """The faces to judge on: FER+ majority rows, FER2013's own labels, or a tree of class folders.

    Raises:
        ConfigError: files are missing or damaged, or FER+ without votes.
    """
    if labels == "folder":
        return folders.load_folder(data, split)
    split = split or SPLITS[0]
    if split not in SPLITS:
        raise ConfigError(f"--split {split}: with --labels {labels} it is one of {', '.join(SPLITS)}")
    faces = _load_table(labels, data, votes, split)
    return faces.with_majority() if labels == "ferplus" else faces


def report(classifier: Classifier, model: str, args: argparse.Namespace) -> Report:
    """Loads what the command line asks for, and judges the network on it.

    Raises:
        ConfigError: the data cannot be read, or the options contradict each other.
    """
    found = None
    if args.detect:
        if args.labels != "folder":
            raise ConfigError(f"--detect needs whole photographs (--labels folder); {args.labels} has face crops only")
        found = folders.detect_faces(args.data, args.split, HaarDetector())
    faces = found.faces if found else load(args.labels, args.data, args.votes, args.split)
    if len(faces.labels) == 1:
        raise ConfigError(
            f"{args.data}: {faces.labels[0]} is its only class, so no answer could be wrong; it takes two or more"
        )
    probs = predict(classifier, faces).probs
    scores = metrics.score(probs, faces.classes(), faces.labels)
    learned = lineage.among(faces, lineage.read(args.model)) if lineage.is_known(args.model) else None
    masked = tuple(label for label in classifier.spec.labels if label not in faces.labels)
    title = _title(model, args, len(classifier.spec.labels), masked)
    split = args.split or SPLITS[0]
    judged = Report(title, scores, masked, found)
    if learned is not None:
        judged = replace(judged, learned=int(learned.sum()), without_learned=_score_without(learned, probs, faces))
    if args.labels == "folder" or split == "Training":
        return judged
    try:
        training = _load_table(args.labels, args.data, args.votes, "Training")
    except datasets.NoImages:
        return judged
    copies = datasets.near_copies(faces, of=training)
    return replace(judged, copies=int(copies.sum()), without_copies=_score_without(copies, probs, faces))


def _score_without(some: NDArray[np.bool_], probs: NDArray[np.float32], faces: FaceSet) -> Scorecard | None:
    """Figures on the faces that are not among some, bool (n,); None if that leaves none, or all."""
    if some.all() or not some.any():
        return None
    return metrics.score(probs[~some], faces.classes()[~some], faces.labels)


def show_report(report: Report, console: Console) -> None:
    """Prints all figures, and what they leave out."""
    show(report.scores, report.title, console)
    lines = []
    if report.found:
        n, faceless = report.found.pictures, len(report.found.faceless)
        lines.append(f"without a face: {faceless} of {n} pictures ({faceless / n:.4f}); they are not among the figures above")
        lines.append(f"of all pictures, those without a face counted as wrong: accuracy {report.accuracy_of_all:.4f}")
    if report.learned:  # where there is nothing to be ashamed of, nothing needs to be said
        lines.append(f"without the {report.learned} pictures that it was trained on: " + _in_short(report.without_learned))
    if report.copies is not None:
        others = "the figures above" if report.copies == 0 else _in_short(report.without_copies)
        lines.append(f"without the {report.copies} pictures that are (nearly) in Training: {others}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _in_short(scores: Scorecard | None) -> str:
    if scores is None:
        return "none is left"
    return (
        f"n {scores.n}   accuracy {scores.accuracy:.4f}   balanced accuracy {scores.balanced_accuracy:.4f}   "
        f"macro-F1 {scores.macro_f1:.4f}"
    )


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


def to_json(report: Report, command: str, model: Path, labels: str, split: str | None) -> str:
    """Figures as JSON, with the command that made them and the hash of the network; a figure that does not exist is null."""
    found = report.found
    values = {
        "command": command,
        "model": model.name,
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "data_labels": labels,
        "split": split,
        **metrics.figures(report.scores),
        "masked": list(report.masked),
        "copies_of_training": report.copies,
        "without_copies": metrics.figures(report.without_copies) if report.without_copies else None,
        "trained_on": report.learned,
        "without_trained_on": metrics.figures(report.without_learned) if report.without_learned else None,
        "pictures": found.pictures if found else report.scores.n,
        "without_face": list(found.faceless) if found else None,
        "share_without_face": len(found.faceless) / found.pictures if found else None,
        "accuracy_of_all_pictures": report.accuracy_of_all,
    }
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Judges one file; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    try:
        EXTRA.require()
        classifier = open_classifier(args.model)
        judged = report(classifier, args.model.name, args)
        show_report(judged, Console())
        if args.json is not None:
            command = " ".join(("python -m train.evaluate", *words))
            try:
                split = args.split if args.labels == "folder" else args.split or SPLITS[0]
                args.json.write_text(to_json(judged, command, args.model, args.labels, split), encoding="utf-8")
            except OSError as error:
                raise SinkError(f"{args.json}: cannot be written ({error.strerror}); give another --json") from error
    except FerError as error:
        Console(stderr=True).print(f"train.evaluate: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    return 0


def _load_table(labels: str, pictures: Path, votes: Path | None, usage: str) -> FaceSet:
    """All usable rows of fer2013.csv of one usage, with whoever's labels."""
    if labels == "fer2013":
        return fer2013.load_fer2013(pictures, usage)
    if votes is None:
        raise ConfigError("--labels ferplus needs --votes fer2013new.csv")
    return fer2013.load_ferplus(pictures, votes, usage)


def _title(model: str, args: argparse.Namespace, classes: int, masked: tuple[str, ...]) -> str:
    if args.labels == "folder":
        data = "/".join((args.data.resolve().name, *([args.split] if args.split else ())))
    else:
        data = args.split or SPLITS[0]
    title = f"{model} on {data}, {args.labels} labels"
    if args.detect:
        title += ", the largest Haar face of each picture"
    if masked:
        title += f"; masked to {classes - len(masked)} of {classes} classes (without {', '.join(masked)})"
    return title


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description="Judge an ONNX file on labelled faces.")
    parser.add_argument("model", type=Path, help="an .onnx file written by train.export")
    parser.add_argument(
        "--data", type=Path, required=True, help="fer2013.csv, plain or .xz, .gz, .zip; or a folder of class folders"
    )
    parser.add_argument("--votes", type=Path, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument(
        "--labels", choices=("ferplus", "fer2013", "folder"), default="ferplus", help="whose labels (default: ferplus)"
    )
    parser.add_argument("--split", help=f"{', '.join(SPLITS)} (default: {SPLITS[0]}); of folders: train, test, validation")
    parser.add_argument("--detect", action="store_true", help="folders of whole photographs: find the largest face first")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
