"""Figures of an exported network on the validation parts of the joined sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.config import ReadingConfig
from realtime.datatypes import Scores
from realtime.errors import ConfigError
from realtime.faces.evidence import LEAST_FACE
from realtime.labels import LABELS
from realtime.model.classifier import Classifier
from train.data import sets
from train.data.datasets import FaceSet
from train.data.sets import Parts
from train.extra import EXTRA
from train.judging import metrics, predictions, selective
from train.judging.intervals import Share
from train.judging.metrics import Scorecard
from train.judging.selective import OperatingPoint, RiskCoverage

with EXTRA:
    from train.data import lineage

ALL = "all"
FALSE_POSITIVES = "false-positives"
ENTRIES = {"publictest": "ferplus", "rafdb": "rafdb", "cfee": "cfee", "ckplus": "ckplus", FALSE_POSITIVES: FALSE_POSITIVES}
"""The name of each validation set on the command line, and the entry of `train.data.sets` that it is part of."""

THRESHOLD = ReadingConfig.threshold
"""The program's own: a label of less probability is shown as `uncertain`."""

SHOWN_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(5, 20))
"""Thresholds of the risk curve in result files: 0.25 to 0.95."""


@dataclass(frozen=True)
class TrainingPart:
    """How much of a set's training part the network was trained on; `learned` is None where its file does not say."""

    n: int
    learned: int | None


@dataclass(frozen=True, eq=False)
class SetFigures:
    """Figures of one validation set.

    Attributes:
        name: on the command line.
        about: the set and how it is divided, in words.
        n: images.
        denied: classified as no face. None of them where the network lacks that output.
        labelled: not denied, and the likeliest expression has a probability of THRESHOLD or more.
        labelled_by_kind: the same for each kind of false positive; empty for faces.
        scores: all eight expressions allowed, denied faces included; None for false positives.
        risk: of the same labels; None for false positives.
        training: how much of the set's training part the network was trained on.
        learned: how many images of the validation part it was trained on; None where its file does not say.
    """

    name: str
    about: str
    n: int
    denied: Share
    labelled: Share
    labelled_by_kind: dict[str, Share]
    scores: Scorecard | None
    risk: RiskCoverage | None
    training: TrainingPart
    learned: int | None


def load(folder: Path, names: Iterable[str]) -> dict[str, Parts]:
    """Some of ENTRIES, each divided.

    Raises:
        ConfigError: a file is missing or damaged.
    """
    entries = {entry.name: entry for entry in sets.SETS}
    return {name: sets.load(entries[ENTRIES[name]], folder) for name in names}


def judge(
    classifier: Classifier, model: Path, divided: Mapping[str, Parts], *, mirrored: bool = False
) -> tuple[SetFigures, ...]:
    """Figures of a network on the validation parts of some sets, in their order.

    Args:
        classifier: the network.
        model: its file, which may list the images it was trained on.
        divided: the sets; see `load`.
        mirrored: average the probabilities of each face and of its mirror image.

    Raises:
        ConfigError: the network does not have the eight expressions.
    """
    if classifier.spec.labels != LABELS:
        raise ConfigError(
            f"{classifier.name} has the classes {', '.join(classifier.spec.labels)}; --set needs {', '.join(LABELS)}"
        )
    about = {entry.name: entry.about for entry in sets.SETS}
    seen = lineage.read(model) if lineage.is_known(model) else None
    found = []
    for name, parts in divided.items():
        training = TrainingPart(len(parts.train), None if seen is None else int(lineage.among(parts.train, seen).sum()))
        learned = None if seen is None else int(lineage.among(parts.val, seen).sum())
        scores = predictions.predict_all(classifier, parts.val, mirrored=mirrored)
        found.append(_figures(name, about[ENTRIES[name]], scores, parts.val, training, learned))
    return tuple(found)


def chosen(name: str) -> tuple[str, ...]:
    """The sets that a name on the command line stands for."""
    return tuple(ENTRIES) if name == ALL else (name,)


def _figures(name: str, about: str, said: Scores, faces: FaceSet, training: TrainingPart, learned: int | None) -> SetFigures:
    denied = said.face_probs < LEAST_FACE
    labelled = ~denied & (said.probs.max(axis=1) >= THRESHOLD)
    is_face = name != FALSE_POSITIVES
    truth = faces.classes()
    return SetFigures(
        name,
        about,
        len(faces),
        _share(denied),
        _share(labelled),
        {} if is_face else {kind: _share(labelled[rows]) for kind, rows in _kinds(faces).items()},
        metrics.score(said.probs, truth, LABELS) if is_face else None,
        selective.risk_coverage(said.probs, truth) if is_face else None,
        training,
        learned,
    )


def _share(which: NDArray[np.bool_]) -> Share:
    return Share(int(which.sum()), len(which))


def _kinds(faces: FaceSet) -> dict[str, NDArray[np.bool_]]:
    # names are `kind/row`, and a kind may have a slash itself
    kinds = np.array([name.rpartition("/")[0] for name in faces.names])
    return {kind: kinds == kind for kind in sorted(set(kinds.tolist()))}


def points(curve: RiskCoverage) -> list[OperatingPoint]:
    """The curve at SHOWN_THRESHOLDS and at the one it recommends."""
    return [curve.at(threshold) for threshold in sorted({*SHOWN_THRESHOLDS, curve.uncertain_below})]


def to_json(found: SetFigures) -> dict[str, object]:
    """One entry of a result file; shares carry Wilson's 95 % intervals."""
    values: dict[str, object] = {
        "set": found.name,
        "split": found.about,
        "n": found.n,
        "training_part": {"n": found.training.n, "trained_on": found.training.learned},
        "trained_on": found.learned,
        "denied": found.denied.to_json(),
        "labelled": found.labelled.to_json(),
    }
    if found.scores is None or found.risk is None:
        return {**values, "labelled_by_kind": {kind: share.to_json() for kind, share in found.labelled_by_kind.items()}}
    scores, hits = found.scores, found.scores.confusion.diagonal()
    return {
        **values,
        **metrics.figures(scores),
        "accuracy_95": _ends(Share(int(hits.sum()), scores.n)),
        "recall_95": [_ends(Share(int(hit), int(n))) for hit, n in zip(hits, scores.support, strict=True)],
        "precision_95": [_ends(Share(int(hit), int(n))) for hit, n in zip(hits, scores.confusion.sum(axis=0), strict=True)],
        "uncertain_below": found.risk.uncertain_below,
        "risk_coverage_area": found.risk.area,
        "risk_coverage": [
            {"threshold": point.threshold, "coverage": point.coverage, "risk": point.risk} for point in points(found.risk)
        ],
    }


def _ends(share: Share) -> list[float] | None:
    interval = share.interval
    return None if interval is None else [interval.low, interval.high]
