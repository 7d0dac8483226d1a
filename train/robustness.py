"""python -m train.robustness MODEL.onnx --data fer2013.csv.xz --votes fer2013new.csv [--ckplus ckplus48.zip] [--json OUT]

What accuracy does not say of the network that ships: whether it is steady, what a bad webcam costs, how far its probabilities
can be trusted, what favouring rare classes would cost, and whether it sees the expressions of people it never met.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from realtime.errors import FerError, SinkError
from realtime.machine import current_commit, processor
from realtime.model.classifier import Classifier
from train import evaluate
from train.data import fer2013, manifest, sets
from train.data.datasets import FaceSet
from train.extra import EXTRA
from train.images import corruptions
from train.images.corruptions import Disturbance
from train.judging import metrics, selective
from train.judging.metrics import Scorecard
from train.judging.selective import Point, RiskCoverage, Silence

with EXTRA:
    from train.data import lineage
    from train.judging import calibration, quality_plots

SEED = 0
SPLIT = "PublicTest"
SHOWN_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Steadiness:
    """How often the label of a face changes when nothing but its box and its light do.

    Attributes:
        jitters: of each picture.
        changed: share of all jitters whose label is not that of the picture as it is.
        changed_by_label: the same over the pictures to which the network gives each label; None where it gives none.
    """

    jitters: int
    changed: float
    changed_by_label: dict[str, float | None]


@dataclass(frozen=True)
class Condition:
    """Figures under one condition; `loss` is the accuracy lost against the pictures as they are."""

    name: str
    accuracy: float
    balanced_accuracy: float
    loss: float


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that one run of the command finds.

    Attributes:
        title: network and split in words.
        scores: on the pictures as they are.
        steadiness, conditions, honesty, curve: see their types.
        strangers: figures on CK+48's held-out persons, all eight labels allowed; None without --ckplus.
        people: how many persons these are.
        lineage_known: whether the file says which pictures it has seen, so that none of these can be among them.
    """

    title: str
    scores: Scorecard
    steadiness: Steadiness
    conditions: tuple[Condition, ...]
    honesty: RiskCoverage
    curve: tuple[Point, ...]
    strangers: Scorecard | None
    people: int
    lineage_known: bool


def disturbed(faces: FaceSet, disturbance: Disturbance, number: int = 0) -> FaceSet:
    """The faces after a disturbance; what is random follows from SEED, the picture's place and `number`."""
    changed = [disturbance(image, np.random.default_rng([SEED, row, number])) for row, image in enumerate(faces.images)]
    return dataclasses.replace(faces, images=np.stack(changed))


def steadiness(
    classifier: Classifier, faces: FaceSet, jitters: int = corruptions.JITTERS, tell: Callable[[int], None] = lambda _: None
) -> Steadiness:
    """Judges each picture's own label against those of its jitters; `tell` is called with the number of each round done."""
    own = evaluate.predict(classifier, faces).probs.argmax(axis=1)
    changed = np.zeros(len(faces))
    for number in range(jitters):
        changed += evaluate.predict(classifier, disturbed(faces, corruptions.jitter, number)).probs.argmax(axis=1) != own
        tell(number + 1)
    share = changed / jitters
    by_label = {label: float(share[own == i].mean()) if (own == i).any() else None for i, label in enumerate(faces.labels)}
    return Steadiness(jitters, float(share.mean()), by_label)


def conditions(classifier: Classifier, faces: FaceSet, accuracy: float) -> tuple[Condition, ...]:
    """Figures under each of `corruptions.CONDITIONS`; `accuracy` is that on the pictures as they are."""
    found = []
    for name, disturbance in corruptions.CONDITIONS.items():
        scores = metrics.score(evaluate.predict(classifier, disturbed(faces, disturbance)).probs, faces.classes(), faces.labels)
        found.append(Condition(name, scores.accuracy, scores.balanced_accuracy, accuracy - scores.accuracy))
    return tuple(found)


def find(
    model: Path,
    faces: FaceSet,
    class_shares: NDArray[np.float32],
    strangers: FaceSet | None,
    tell: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Judges a file.

    Args:
        model: the ONNX file.
        faces: labelled by majority.
        class_shares: of the training rows, for the curve over tau.
        strangers: CK+48's held-out persons.
        tell: see `steadiness`.

    Raises:
        ConfigError: the network was trained on some of these faces, or does not know their classes.
        ModelError: the file is broken.
    """
    classifier, known = evaluate.open_classifier(model), lineage.is_known(model)
    for test in (faces, strangers):
        if test is not None and known:
            lineage.refuse_seen(lineage.read(model), test, model.name)
    probs, truth = evaluate.predict(classifier, faces).probs, faces.classes()
    scores = metrics.score(probs, truth, faces.labels)
    met = None
    if strangers is not None:
        met = metrics.score(evaluate.predict(classifier, strangers).probs, strangers.classes(), strangers.labels)
    return Findings(
        title=f"{model.name} on {SPLIT}, FER+ majority (n = {len(faces):,})",
        scores=scores,
        steadiness=steadiness(classifier, faces, tell=tell),
        conditions=conditions(classifier, faces, scores.accuracy),
        honesty=selective.risk_coverage(probs, truth),
        curve=selective.tau_curve(probs, truth, faces.labels, class_shares),
        strangers=met,
        lineage_known=known,
        people=0 if strangers is None else len({manifest.subject_of(name) for name in strangers.names}),
    )


def show(found: Findings, console: Console) -> None:
    """Prints everything as tables."""
    evaluate.show(found.scores, found.title, console)
    steady = found.steadiness
    worst = ", ".join(f"{label} {share:.3f}" for label, share in steady.changed_by_label.items() if share is not None)
    lines = [] if found.lineage_known else ["the file does not say which pictures it has seen: some may be among these"]
    lines.append(f"steadiness: {steady.changed:.4f} of {steady.jitters} jitters a picture change the label ({worst})")
    lines.append(
        f"honesty: ECE {found.scores.ece:.4f}; area under risk and coverage {found.honesty.area:.4f}; say `uncertain` below "
        f"{found.honesty.uncertain_below:.3f}"
    )
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    under = [(each.name, (each.accuracy, each.balanced_accuracy, each.loss)) for each in found.conditions]
    console.print(_table("condition", ("accuracy", "balanced", "loss"), under))
    kept = [(f"{each.threshold:.2f}", (each.coverage, each.risk)) for each in _silences(found.honesty)]
    console.print(_table("uncertain below", ("coverage", "risk"), kept))
    curve = [(f"{point.tau:+.1f}", (point.accuracy, point.balanced_accuracy, point.macro_f1)) for point in found.curve]
    console.print(_table("tau added", ("accuracy", "balanced", "macro-F1"), curve))
    if found.strangers is not None:
        evaluate.show(found.strangers, _strangers_title(found), console)


def to_json(found: Findings, command: str, model: Path) -> str:
    """Everything as JSON, with the command, the commit, the processor and the hash of the network."""
    values = {
        "command": command,
        "commit": current_commit(),
        "processor": processor(),
        "model": model.name,
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "split": SPLIT,
        "data_labels": "ferplus",
        "lineage_known": found.lineage_known,
        "seed": SEED,
        "as_they_are": metrics.figures(found.scores),
        "steadiness": asdict(found.steadiness),
        "conditions": [asdict(each) for each in found.conditions],
        "uncertain_below": found.honesty.uncertain_below,
        "risk_coverage_area": found.honesty.area,
        "risk_coverage": [asdict(each) for each in _silences(found.honesty)],
        "tau_curve": [asdict(point) for point in found.curve],
        "ckplus_held_out": None if found.strangers is None else {"people": found.people, **metrics.figures(found.strangers)},
    }
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Judges one file; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    progress = Console(stderr=True)
    try:
        EXTRA.require()
        faces = evaluate.load("ferplus", args.data, args.votes, SPLIT)
        shares = calibration.class_shares(fer2013.load_ferplus(args.data, args.votes, "Training"))
        strangers = sets.held_out_persons(args.ckplus) if args.ckplus else None

        def tell(number: int) -> None:
            progress.print(f"jitter {number} of {corruptions.JITTERS}", highlight=False)

        found = find(args.model, faces, shares, strangers, tell)
        show(found, Console())
        if args.json is not None:
            text = to_json(found, " ".join(("python -m train.robustness", *words)), args.model)
            try:
                args.json.write_text(text, encoding="utf-8")
            except OSError as error:
                raise SinkError(f"{args.json}: cannot be written ({error.strerror}); give another --json") from error
        if args.figures is not None:
            stem = args.model.stem
            quality_plots.confusion(found.scores, found.title, args.figures / f"{stem}--confusion.png")
            quality_plots.risk_coverage(found.honesty, found.title, args.figures / f"{stem}--risk-coverage.png")
            quality_plots.tau_curve(found.curve, found.title, args.figures / f"{stem}--tau-curve.png")
            if found.strangers is not None:
                quality_plots.confusion(
                    found.strangers, _strangers_title(found), args.figures / f"{stem}--ckplus-confusion.png"
                )
    except FerError as error:
        progress.print(f"train.robustness: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    return 0


def _strangers_title(found: Findings) -> str:
    assert found.strangers is not None
    return f"{found.title.partition(' ')[0]} on CK+48, the {found.people} held-out persons (n = {found.strangers.n})"


def _silences(curve: RiskCoverage) -> list[Silence]:
    return [curve.at(limit) for limit in sorted((*SHOWN_THRESHOLDS, curve.uncertain_below))]


def _table(first: str, headings: tuple[str, ...], rows: Sequence[tuple[str, tuple[float, ...]]]) -> Table:
    table = Table(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    for name, values in rows:
        table.add_row(name, *(f"{value:.4f}" for value in values))
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.robustness", description="What accuracy does not say of a network.")
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
