"""python -m train.robustness MODEL.onnx --data fer2013.csv.xz --votes fer2013new.csv [--ckplus ckplus48.zip] [--json OUT]

Figures of a network beside accuracy: how steady its labels are, how much a bad webcam costs, how far its probabilities can be
trusted, how much favouring rare classes would cost, and how well it reads persons that it was not trained on.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from realtime.errors import FerError
from realtime.model.classifier import Classifier
from train import evaluate
from train.data import fer2013, manifest, sets
from train.data.datasets import FaceSet
from train.extra import EXTRA
from train.failed import failed
from train.images import corruptions
from train.images.corruptions import Corruption
from train.judging import metrics, predictions, result_files, selective, tables
from train.judging.metrics import Scorecard
from train.judging.selective import OperatingPoint, Point, RiskCoverage

with EXTRA:
    from train.data import lineage
    from train.judging import calibration, quality_plots

SEED = 0
SPLIT = "PublicTest"
SHOWN_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Steadiness:
    """How often the label of a face changes when only its box and its light change.

    Attributes:
        jitters: of each image.
        changed: share of all jitters whose label differs from that of the unchanged image.
        changed_by_label: the same over the images to which the network gives each label; None where it gives none.
    """

    jitters: int
    changed: float
    changed_by_label: dict[str, float | None]


@dataclass(frozen=True)
class Condition:
    """Figures under one condition; `loss` is the accuracy lost against the unchanged images."""

    name: str
    accuracy: float
    balanced_accuracy: float
    loss: float


@dataclass(frozen=True, eq=False)
class Findings:
    """The results of one run of the command.

    Attributes:
        title: network and split in words.
        scores: on the unchanged images.
        steadiness, conditions, risk, curve: see their types.
        held_out: figures on CK+48's held-out persons, all eight labels allowed; None without --ckplus.
        persons: how many these are.
        lineage_known: whether the file lists the images it was trained on, so that none of these can be among them.
    """

    title: str
    scores: Scorecard
    steadiness: Steadiness
    conditions: tuple[Condition, ...]
    risk: RiskCoverage
    curve: tuple[Point, ...]
    held_out: Scorecard | None
    persons: int
    lineage_known: bool


def corrupted(faces: FaceSet, corruption: Corruption, number: int = 0) -> FaceSet:
    """The faces after a corruption, whose random numbers follow from SEED, the row of the image and `number`."""
    changed = [corruption(image, np.random.default_rng([SEED, row, number])) for row, image in enumerate(faces.images)]
    return dataclasses.replace(faces, images=np.stack(changed))


def steadiness(
    classifier: Classifier, faces: FaceSet, jitters: int = corruptions.JITTERS, tell: Callable[[int], None] = lambda _: None
) -> Steadiness:
    """Compares the label of each image with those of its jitters; `tell` is called with the number of each round done."""
    own = predictions.predict(classifier, faces).probs.argmax(axis=1)
    changed = np.zeros(len(faces))
    for number in range(jitters):
        changed += predictions.predict(classifier, corrupted(faces, corruptions.jitter, number)).probs.argmax(axis=1) != own
        tell(number + 1)
    share = changed / jitters
    by_label = {label: float(share[own == i].mean()) if (own == i).any() else None for i, label in enumerate(faces.labels)}
    return Steadiness(jitters, float(share.mean()), by_label)


def conditions(
    classifier: Classifier, faces: FaceSet, accuracy: float, under: Mapping[str, Corruption] = corruptions.CONDITIONS
) -> tuple[Condition, ...]:
    """Figures under each condition; `accuracy` is that on the unchanged images."""
    found = []
    for name, corruption in under.items():
        scores = metrics.score(
            predictions.predict(classifier, corrupted(faces, corruption)).probs, faces.classes(), faces.labels
        )
        found.append(Condition(name, scores.accuracy, scores.balanced_accuracy, accuracy - scores.accuracy))
    return tuple(found)


def find(
    model: Path,
    faces: FaceSet,
    class_shares: NDArray[np.float32],
    held_out: FaceSet | None,
    tell: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Judges a file.

    Args:
        model: the ONNX file.
        faces: labelled by majority.
        class_shares: of the training rows, for the curve over tau.
        held_out: CK+48's held-out persons.
        tell: see `steadiness`.

    Raises:
        ConfigError: the network was trained on some of these faces, or does not know their classes.
        ModelError: the file is broken.
    """
    classifier, known = predictions.open_classifier(model), lineage.is_known(model)
    for test in (faces, held_out):
        if test is not None and known:
            lineage.refuse_seen(lineage.read(model), test, model.name)
    probs, truth = predictions.predict(classifier, faces).probs, faces.classes()
    scores = metrics.score(probs, truth, faces.labels)
    held_out_scores = None
    if held_out is not None:
        probs_held_out = predictions.predict(classifier, held_out).probs
        held_out_scores = metrics.score(probs_held_out, held_out.classes(), held_out.labels)
    return Findings(
        title=f"{model.name} on {SPLIT}, FER+ majority (n = {len(faces):,})",
        scores=scores,
        steadiness=steadiness(classifier, faces, tell=tell),
        conditions=conditions(classifier, faces, scores.accuracy),
        risk=selective.risk_coverage(probs, truth),
        curve=selective.tau_curve(probs, truth, faces.labels, class_shares),
        held_out=held_out_scores,
        lineage_known=known,
        persons=0 if held_out is None else len({manifest.subject_of(name) for name in held_out.names}),
    )


def show(found: Findings, console: Console) -> None:
    """Prints everything as tables."""
    tables.show_scores(found.scores, found.title, console)
    steady = found.steadiness
    worst = ", ".join(f"{label} {share:.3f}" for label, share in steady.changed_by_label.items() if share is not None)
    lines = (
        [] if found.lineage_known else ["the file does not list the images it was trained on: some of these may be among them"]
    )
    lines.append(f"steadiness: {steady.changed:.4f} of {steady.jitters} jitters of an image change the label ({worst})")
    lines.append(
        f"calibration: ECE {found.scores.ece:.4f}; area under risk and coverage {found.risk.area:.4f}; recommended threshold "
        f"{found.risk.uncertain_below:.3f}"
    )
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    under = [(each.name, (each.accuracy, each.balanced_accuracy, each.loss)) for each in found.conditions]
    console.print(_table("condition", ("accuracy", "balanced", "loss"), under))
    kept = [(f"{each.threshold:.2f}", (each.coverage, each.risk)) for each in _points(found.risk)]
    console.print(_table("uncertain below", ("coverage", "risk"), kept))
    curve = [(f"{point.tau:+.1f}", (point.accuracy, point.balanced_accuracy, point.macro_f1)) for point in found.curve]
    console.print(_table("tau added", ("accuracy", "balanced", "macro-F1"), curve))
    if found.held_out is not None:
        tables.show_scores(found.held_out, _held_out_title(found), console)


def to_json(found: Findings) -> dict[str, object]:
    """Everything for a result file."""
    return {
        "split": SPLIT,
        "data_labels": "ferplus",
        "lineage_known": found.lineage_known,
        "seed": SEED,
        "as_they_are": metrics.figures(found.scores),
        "steadiness": asdict(found.steadiness),
        "conditions": [asdict(each) for each in found.conditions],
        "uncertain_below": found.risk.uncertain_below,
        "risk_coverage_area": found.risk.area,
        "risk_coverage": [asdict(each) for each in _points(found.risk)],
        "tau_curve": [asdict(point) for point in found.curve],
        "ckplus_held_out": None if found.held_out is None else {"people": found.persons, **metrics.figures(found.held_out)},
    }


def main(argv: list[str] | None = None) -> int:
    """Judges one file; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    progress = Console(stderr=True)
    try:
        EXTRA.require()
        faces = evaluate.load("ferplus", args.data, args.votes, SPLIT)
        shares = calibration.class_shares(fer2013.load_ferplus(args.data, args.votes, "Training"))
        held_out = sets.held_out_persons(args.ckplus) if args.ckplus else None

        def tell(number: int) -> None:
            progress.print(f"jitter {number} of {corruptions.JITTERS}", highlight=False)

        found = find(args.model, faces, shares, held_out, tell)
        show(found, Console())
        if args.json is not None:
            header = result_files.header("train.robustness", words, predictions.open_classifier(args.model))
            result_files.write(args.json, {**header, **to_json(found)})
        if args.figures is not None:
            stem = args.model.stem
            quality_plots.confusion(found.scores, found.title, args.figures / f"{stem}--confusion.png")
            quality_plots.risk_coverage(found.risk, found.title, args.figures / f"{stem}--risk-coverage.png")
            quality_plots.tau_curve(found.curve, found.title, args.figures / f"{stem}--tau-curve.png")
            if found.held_out is not None:
                quality_plots.confusion(found.held_out, _held_out_title(found), args.figures / f"{stem}--ckplus-confusion.png")
    except FerError as error:
        return failed("robustness", error, progress)
    return 0


def _held_out_title(found: Findings) -> str:
    assert found.held_out is not None
    return f"{found.title.partition(' ')[0]} on CK+48, the {found.persons} held-out persons (n = {found.held_out.n})"


def _points(curve: RiskCoverage) -> list[OperatingPoint]:
    return [curve.at(limit) for limit in sorted((*SHOWN_THRESHOLDS, curve.uncertain_below))]


def _table(first: str, headings: tuple[str, ...], rows: Sequence[tuple[str, tuple[float, ...]]]) -> Table:
    return tables.of_rows(first, headings, [(name, tuple(f"{value:.4f}" for value in values)) for name, values in rows])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.robustness", description="Figures of a network beside accuracy.")
    parser.add_argument("model", type=Path, help="an .onnx file written by train.export")
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, plain or .xz, .gz, .zip")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument("--ckplus", type=Path, help="ckplus48.zip: judge its held-out persons too")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument(
        "--figures", type=Path, help="draw confusion, risk and coverage, and the curve over tau into this folder"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
