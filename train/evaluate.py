"""python -m train.evaluate MODEL.onnx --data fer2013.csv.xz --votes fer2013new.csv [--labels ferplus] [--json OUT]
python -m train.evaluate MODEL.onnx --data ROOT --labels folder [--split test] [--detect]
python -m train.evaluate MODEL.onnx --data SETS --set all [--mirrored] [--json OUT] [--figures FOLDER] [--floors FILE]

Judges an ONNX file through the live program's own preprocessing and classifier.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from realtime.errors import ConfigError, FerError
from realtime.faces.detector import HaarDetector
from realtime.model.classifier import Classifier
from train.data import datasets, fer2013, folders
from train.data.datasets import FaceSet
from train.data.folders import FoundFaces
from train.extra import EXTRA
from train.failed import failed
from train.judging import floors, metrics, predictions, result_files, tables, validation
from train.judging.metrics import Scorecard
from train.judging.validation import SetFigures

with EXTRA:
    from train.data import lineage
    from train.judging import quality_plots

SPLITS = ("PublicTest", "PrivateTest", "Training")
"""The splits of fer2013.csv; the first is the default."""

FERPLUS = "ferplus"


@dataclass(frozen=True, eq=False)
class Report:
    """Figures of a network on one data set.

    Attributes:
        title: network, data and split in words.
        scores: figures on all faces.
        masked: classes of the network that the data lack.
        found: with --detect, which photographs had a face.
        copies: how many of the images are (nearly) in Training; None where there is no Training to compare with.
        without_copies: figures on the others; None if there are none, or no copies.
        learned: how many of the images the network itself was trained on; None where its file does not say.
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
    return faces.with_majority() if labels == FERPLUS else faces


def report(classifier: Classifier, args: argparse.Namespace) -> Report:
    """Loads the data that the command line names, and judges the network on them.

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
        raise ConfigError(f"{args.data}: {faces.labels[0]} is its only class, so every answer is right; give two or more")
    probs = predictions.predict(classifier, faces, mirrored=args.mirrored).probs
    scores = metrics.score(probs, faces.classes(), faces.labels)
    learned = lineage.among(faces, lineage.read(args.model)) if lineage.is_known(args.model) else None
    masked = tuple(label for label in classifier.spec.labels if label not in faces.labels)
    split = args.split or SPLITS[0]
    judged = Report(_title(args, len(classifier.spec.labels), masked), scores, masked, found)
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
    """Prints all figures, and the images that they leave out."""
    tables.show_scores(report.scores, report.title, console)
    lines = []
    if report.found:
        n, faceless = report.found.pictures, len(report.found.faceless)
        lines.append(f"no face found: {faceless} of {n} images ({faceless / n:.4f}); the figures above leave them out")
        lines.append(f"accuracy over all images, those without a face counted as wrong: {report.accuracy_of_all:.4f}")
    if report.learned:
        lines.append(f"without the {report.learned} images that it was trained on: " + _in_short(report.without_learned))
    if report.copies is not None:
        others = "the figures above" if report.copies == 0 else _in_short(report.without_copies)
        lines.append(f"without the {report.copies} images that are (nearly) in Training: {others}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _in_short(scores: Scorecard | None) -> str:
    return "none is left" if scores is None else tables.in_short(scores)


def to_json(report: Report, args: argparse.Namespace) -> dict[str, object]:
    """Figures for a result file; one that does not exist is None."""
    found = report.found
    return {
        "data_labels": args.labels,
        "split": args.split if args.labels == "folder" else args.split or SPLITS[0],
        "mirrored": args.mirrored,
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


def show_sets(found: Sequence[SetFigures], args: argparse.Namespace, console: Console) -> None:
    """Prints the figures of each validation set, then all sets in one table."""
    for each in found:
        title = f"{args.model.name}{_mirrored(args)} on {each.name}: {each.about}"
        if each.scores is not None:
            tables.show_scores(each.scores, title, console)
        lines = [f"{each.name}: denied {tables.percent(each.denied)}, labelled {tables.percent(each.labelled)} of {each.n}"]
        lines += [f"  {kind}: labelled {tables.percent(share)} of {share.n}" for kind, share in each.labelled_by_kind.items()]
        if each.learned:
            lines.append(f"the network was trained on {each.learned} of these images: the figures are too good")
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    rows = [(each.name, _cells(each)) for each in found]
    headings = ("n", "accuracy", "balanced", "ECE", "denied", "labelled")
    console.print(tables.of_rows("set", headings, rows))
    console.print(f"labelled: not denied, and p >= {validation.THRESHOLD:g}", highlight=False)


def _cells(each: SetFigures) -> tuple[str, ...]:
    scores, shares = each.scores, (f"{each.denied.value:.4f}", f"{each.labelled.value:.4f}")
    if scores is None:
        return (str(each.n), "-", "-", "-", *shares)
    figures = (scores.accuracy, scores.balanced_accuracy, scores.ece)
    return (str(each.n), *(f"{value:.4f}" for value in figures), *shares)


def main(argv: list[str] | None = None) -> int:
    """Judges one file; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    try:
        EXTRA.require()
        _check_options(args)
        classifier = predictions.open_classifier(args.model)
        if args.set is not None:
            _judge_sets(classifier, args, words)
            return 0
        judged = report(classifier, args)
        show_report(judged, Console())
        if args.json is not None:
            result_files.write(args.json, {**result_files.header("train.evaluate", words, classifier), **to_json(judged, args)})
    except FerError as error:
        return failed("evaluate", error)
    return 0


def _judge_sets(classifier: Classifier, args: argparse.Namespace, words: Sequence[str]) -> None:
    divided = validation.load(args.data, validation.chosen(args.set))
    found = validation.judge(classifier, args.model, divided, mirrored=args.mirrored)
    show_sets(found, args, Console())
    header = result_files.header("train.evaluate", words, classifier)
    if args.json is not None:
        values = {"mirrored": args.mirrored, "threshold": validation.THRESHOLD, "no_face_output": classifier.spec.no_face}
        result_files.write(args.json, {**header, **values, "sets": [validation.to_json(each) for each in found]})
    curves = {each.name: each.risk for each in found if each.risk is not None}
    if args.figures is not None and curves:
        title = f"{args.model.name}{_mirrored(args)}, validation sets"
        quality_plots.risk_by_set(curves, validation.THRESHOLD, title, args.figures / f"{args.model.stem}--risk-by-set.png")
    if args.floors is not None:
        lowered = floors.update(args.floors, classifier, found, str(header["command"]))
        for line in lowered:
            Console(stderr=True).print(f"lowered: {line}", markup=False, highlight=False, soft_wrap=True)


def _check_options(args: argparse.Namespace) -> None:
    """Options of the two modes do not mix.

    Raises:
        ConfigError: they do.
    """
    given = {"--labels": args.labels, "--votes": args.votes, "--split": args.split, "--detect": args.detect or None}
    mixed = [option for option, value in given.items() if value is not None]
    if args.set is not None and mixed:
        raise ConfigError(f"--set has its own labels and split; leave {', '.join(mixed)} out")
    if args.set is None and (args.figures or args.floors):
        raise ConfigError("--figures and --floors need --set")
    if args.floors and args.mirrored:
        raise ConfigError("--floors are for faces read as they are; leave --mirrored out")
    args.labels = args.labels or FERPLUS


def _load_table(labels: str, images: Path, votes: Path | None, usage: str) -> FaceSet:
    """All usable rows of fer2013.csv of one usage, with FER2013's or FER+'s labels."""
    if labels == "fer2013":
        return fer2013.load_fer2013(images, usage)
    if votes is None:
        raise ConfigError("--labels ferplus needs --votes fer2013new.csv")
    return fer2013.load_ferplus(images, votes, usage)


def _title(args: argparse.Namespace, classes: int, masked: tuple[str, ...]) -> str:
    if args.labels == "folder":
        data = "/".join((args.data.resolve().name, *([args.split] if args.split else ())))
    else:
        data = args.split or SPLITS[0]
    title = f"{args.model.name}{_mirrored(args)} on {data}, {args.labels} labels"
    if args.detect:
        title += ", the largest Haar face of each image"
    if masked:
        title += f"; masked to {classes - len(masked)} of {classes} classes (without {', '.join(masked)})"
    return title


def _mirrored(args: argparse.Namespace) -> str:
    return ", mean with the mirror image" if args.mirrored else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description="Judge an ONNX file on labelled faces.")
    parser.add_argument("model", type=Path, help="an .onnx file written by train.export")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="fer2013.csv, plain or .xz, .gz, .zip; or a folder of class folders; with --set, the folder of the joined sets",
    )
    parser.add_argument("--votes", type=Path, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument("--labels", choices=(FERPLUS, "fer2013", "folder"), help=f"whose labels (default: {FERPLUS})")
    parser.add_argument("--split", help=f"{', '.join(SPLITS)} (default: {SPLITS[0]}); of folders: train, test, validation")
    parser.add_argument("--detect", action="store_true", help="folders of whole photographs: find the largest face first")
    parser.add_argument(
        "--set", choices=(*validation.ENTRIES, validation.ALL), help="judge on the validation part of one joined set, or of all"
    )
    parser.add_argument("--mirrored", action="store_true", help="average the probabilities of each face and its mirror image")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--figures", type=Path, help="with --set: draw risk against coverage into this folder")
    parser.add_argument(
        "--floors", type=Path, metavar="FILE", help="with --set: make these figures the floors of tests/golden/quality.json"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
