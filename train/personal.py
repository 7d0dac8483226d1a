"""python -m train.fit personal --data FACES --out RUN: trains the shipped network on the faces that `fer-cam faces` cut.

Folds say whether that helps: each part of the faces is judged by a network that was trained on the other parts. The exported
network is trained on all faces in the same way.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from realtime.errors import ConfigError, FerError
from realtime.labels import LABELS
from realtime.model import session
from realtime.neutral.profile import NEUTRAL
from train import recipes
from train.data import personal
from train.data.datasets import FaceSet
from train.data.personal import Personal
from train.extra import EXTRA
from train.failed import failed
from train.judging import predictions, result_files
from train.judging.held_out import Judged
from train.judging.intervals import Share
from train.recipes import WEBCAM, Recipe

with EXTRA:
    from train import export
    from train.learning import teachers
    from train.learning.engine import Trainer
    from train.network import onnx_graph

NAME = "personal"
NETWORK, FIGURES = f"{NAME}.onnx", f"{NAME}.json"
FOLDS = 5
FORGETS = "resting faces will be read as something else more often; cut some of them, too"
"""Measured with 210 faces of CK+48, which has no neutral: recall of neutral on PublicTest fell from 0.85 to 0.66."""

OnStep = Callable[[str, int, int], None]

ADVICE = {
    "better": "use it: fer-cam --model {}",
    "worse": "keep the shipped network",
    "not shown": "keep the shipped network, or cut more segments: a difference this small may be chance",
}


def main(argv: Sequence[str]) -> int:
    """Trains, judges and exports; returns the exit code."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        EXTRA.require()
        return _fit(args, argv, console)
    except FerError as error:
        return failed("fit", error, console)
    except KeyboardInterrupt:
        console.print("stopped; nothing was written")
        return 130


def _fit(args: argparse.Namespace, words: Sequence[str], console: Console) -> int:
    if args.folds < 2:
        raise ConfigError(f"--folds {args.folds}: give at least 2")
    out = args.out / NETWORK
    if out.exists() and not args.overwrite:
        raise ConfigError(f"{out} exists; give --overwrite to replace it, or another --out")
    init = session.locate("full") if args.init == WEBCAM else Path(args.init)
    recipe = recipe_for(init)
    mine = personal.load(args.data, onnx_graph.load_labels(init))
    by = args.by or personal.way(mine)
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=None)

        def on_step(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total)

        judged = judge(mine, by, args.folds, recipe, init, args.device, on_step)
        exported = write(mine.faces, judged, recipe, init, out, args.device, on_step)
    seconds = time.monotonic() - began
    start = predictions.open_classifier(init)
    header = result_files.header(f"train.fit {NAME}", words, start)
    result_files.write(args.out / FIGURES, header | to_json(judged, mine, exported.path.name, seconds), option="--out")
    for line in report(judged, mine, exported.path, seconds):
        Console().print(line, markup=False, highlight=False, soft_wrap=True)
    return 0


def recipe_for(init: Path) -> Recipe:
    """The recipe with this network as its start and its teacher.

    Raises:
        ConfigError, ModelError: the file is missing, or no network of train.export.
    """
    digest = teachers.sha256(init)
    pooled = onnx_graph.has_max_pool(init)
    return replace(recipes.find(NAME), max_pool=pooled, start=digest, teachers=(digest,))


def judge(
    mine: Personal, by: str, folds: int, recipe: Recipe, init: Path, device: str = "cpu", on_step: OnStep = lambda *_: None
) -> Judged:
    """Judges every face with a network that was trained on other people, recordings or segments.

    Raises:
        ConfigError: the faces cannot be divided, or `init` was trained on some of them.
    """
    divided = personal.divide(mine, by, folds)
    after = np.zeros((len(mine.faces), len(LABELS)), np.float32)
    for number, fold in enumerate(divided, 1):
        trained = _train(fold.train, fold.val, recipe, init, device, f"part {number} of {len(divided)}", on_step)
        after[fold.rows] = _of_labels(trained.predict(fold.val), mine.faces.labels)
    seen = export.expressions(mine.faces)
    before = predictions.predict_all(predictions.open_classifier(init), seen)
    truth = np.array([LABELS.index(entry.label) for entry in mine.entries], dtype=np.intp)
    return Judged(by, len(divided), truth, mine.segments, _of_labels(before.probs, before.labels), after)


def write(
    faces: FaceSet,
    judged: Judged,
    recipe: Recipe,
    init: Path,
    out: Path,
    device: str = "cpu",
    on_step: OnStep = lambda *_: None,
) -> export.Exported:
    """Trains on all faces and exports the network; its probabilities are not calibrated again.

    Half of its target is the output of a calibrated network, and a temperature that is fitted to a few posed faces would be
    too confident on others.

    Raises:
        SinkError: it cannot be written.
    """
    trained = _train(faces, faces, recipe, init, device, "all faces", on_step)
    right, before = judged.share(judged.after), judged.share(judged.before)
    about = (
        f"one's own recordings (held out by {judged.by}: {right.count} of {right.n} segments right, {before.count} before; "
        f"start {init.name})"
    )
    judged_on = "the faces it learned from, which is no test"
    return export.export(trained.state(), faces, faces, out, keep_temperature=True, about=about, judged_on=judged_on)[0]


def _train(train: FaceSet, val: FaceSet, recipe: Recipe, init: Path, device: str, what: str, on_step: OnStep) -> Trainer:
    with tempfile.TemporaryDirectory() as folder:

        def step(epoch: int, step: int, steps: int, loss: float) -> None:
            on_step(what, (epoch - 1) * steps + step, recipe.epochs * steps)

        trainer = Trainer(recipe, train, val, Path(folder), init, device, step, teachers=(init,), checkpoints=False)
        for _ in trainer.run():
            pass
    return trainer


def _of_labels(probs: NDArray[np.float32], labels: tuple[str, ...]) -> NDArray[np.float32]:
    """Probabilities of LABELS, rows with sum 1, from those of a network's outputs; zero for labels that it lacks."""
    known = [label for label in LABELS if label in labels]
    found = np.zeros((len(probs), len(LABELS)), np.float32)
    found[:, [LABELS.index(label) for label in known]] = probs[:, [labels.index(label) for label in known]]
    return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float32)


def report(judged: Judged, mine: Personal, out: Path, seconds: float) -> tuple[str, ...]:
    """The result in words."""
    entries, change = mine.entries, judged.paired
    recordings = len({entry.source_sha256 for entry in entries})
    persons = len({entry.person for entry in entries})
    deleted = (f"{mine.missing} faces of the manifest were deleted and are left out",) if mine.missing else ()
    resting = () if NEUTRAL in judged.labels() else (f"no face is labelled {NEUTRAL}: {FORGETS}",)
    return (
        *deleted,
        *resting,
        f"{len(entries)} faces in {len(set(judged.segments))} segments of {recordings} recordings and {persons} persons",
        f"divided by {judged.by} into {judged.folds} parts, {personal.MEANING[judged.by]}",
        *(
            f"{name:<8} {_words(judged.share(probs))} of the segments right, {judged.accuracy(probs):.1%} of the faces"
            for name, probs in (("shipped", judged.before), ("personal", judged.after))
        ),
        *(
            f"  {label:<10} {before.count} of {before.n} segments right, then {after.count}"
            for label in judged.labels()
            for before, after in [(judged.share(judged.before, label), judged.share(judged.after, label))]
        ),
        f"segments gained {change.gained}, lost {change.lost}; McNemar's exact test: p = {change.p:.2g}",
        f"better than the shipped network: {_ANSWERS[change.verdict]}; {ADVICE[change.verdict].format(out)}",
        f"wrote {out} after {seconds / 60:.1f} minutes",
    )


_ANSWERS = {"better": "yes", "worse": "no, worse", "not shown": "not shown"}


def _words(share: Share) -> str:
    interval = share.interval
    assert interval is not None
    return f"{share.count} of {share.n} ({share.value:.0%}, 95 % interval {interval.low:.0%} to {interval.high:.0%})"


def to_json(judged: Judged, mine: Personal, file: str, seconds: float) -> dict[str, object]:
    """The figures, without names of people or recordings."""
    change = judged.paired
    return {
        "file": file,
        "faces": len(mine.entries),
        "segments": len(set(judged.segments)),
        "recordings": len({entry.source_sha256 for entry in mine.entries}),
        "persons": len({entry.person for entry in mine.entries}),
        "held_out_by": judged.by,
        "folds": judged.folds,
        "before": judged.figures(judged.before),
        "after": judged.figures(judged.after),
        "gained": change.gained,
        "lost": change.lost,
        "mcnemar_p": change.p,
        "verdict": change.verdict,
        "seconds": round(seconds, 1),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m train.fit {NAME}", description="Teach the shipped network faces that fer-cam faces cut."
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder that fer-cam faces made")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=f"folder for {NETWORK} and {FIGURES}")
    parser.add_argument(
        "--init", default=WEBCAM, metavar="ONNX", help="start: webcam (default: the shipped network), or a full-precision file"
    )
    parser.add_argument(
        "--by",
        choices=tuple(personal.MEANING),
        help=f"what is held out as a whole (default: person if there are {personal.LEAST_PERSONS}, else recording or segment)",
    )
    parser.add_argument(
        "--folds", type=int, default=FOLDS, metavar="N", help="parts, each held out once (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the network in --out")
    parser.add_argument("--device", default="cpu", help="torch device (default: cpu)")
    return parser
