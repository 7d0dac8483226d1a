"""The floors of a network's figures in tests/golden/quality.json: how they are derived, written and checked."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.errors import ConfigError
from realtime.labels import LABELS
from realtime.model.classifier import Classifier
from train.judging import result_files
from train.judging.metrics import Scorecard
from train.judging.validation import SetFigures

CHANGED = 0.01
"""Share of labels that may differ between processors: int8 and full precision differ in 0.8 (PublicTest) to 1.4 % (CK+48)."""

CHANGED_FALSE_POSITIVES = 0.03
"""The same for whether a false positive gets a label: int8 and full precision differ in 2.5 %."""

DEVIATIONS = 3
"""Margin in standard deviations of a figure when CHANGED of the labels change, half of them for the better."""

ECE_MARGIN = 0.005
"""Added to the margin of ECE, which depends on its bins."""

WHY = (
    "A floor is the measured value minus a margin. Sums are rounded differently from processor to processor. The margin is "
    f"{DEVIATIONS} standard deviations of the figure if {CHANGED:.0%} of the labels change ({CHANGED_FALSE_POSITIVES:.0%} of "
    "those of false positives) and each change is as likely for the better as for the worse: "
    f"{DEVIATIONS} * sqrt({CHANGED:g} / n) for a share of n images; of balanced accuracy the root of the sum over its classes, "
    "divided by their number; of macro-F1 half as much again; of ECE that of accuracy plus "
    f"{ECE_MARGIN:g}. train.evaluate FILE --data SETS --set all --floors tests/golden/quality.json rewrites it when other "
    "weights ship."
)

LOWER_IS_BETTER = ("ece", "denied", "labelled")


@dataclass(frozen=True)
class Floor:
    """One figure of one set.

    Attributes:
        figure: accuracy, balanced_accuracy, macro_f1, ece, "recall neutral", denied or labelled.
        measured: the value when the floor was set.
        bound: the worst value that passes.
    """

    figure: str
    measured: float
    bound: float

    def passes(self, value: float) -> bool:
        """Whether a new value is no worse than the bound."""
        return value <= self.bound if self.figure in LOWER_IS_BETTER else value >= self.bound


def values(found: SetFigures, *, no_face: bool) -> dict[str, float]:
    """The figures of a set that have floors; `denied` only if the network has an output for it."""
    scores = found.scores
    denied = {"denied": found.denied.value} if no_face else {}
    if scores is None:
        return {"labelled": found.labelled.value}
    neutral = LABELS.index("neutral")
    recall = {"recall neutral": float(scores.recall[neutral])} if scores.support[neutral] else {}
    return {
        "accuracy": scores.accuracy,
        "balanced_accuracy": scores.balanced_accuracy,
        "macro_f1": scores.macro_f1,
        "ece": scores.ece,
        **recall,
        **denied,
    }


def derive(found: SetFigures, *, no_face: bool) -> tuple[Floor, ...]:
    """Floors of a set from its figures: see WHY."""
    floors = []
    for figure, value in values(found, no_face=no_face).items():
        margin = _margin(figure, found)
        bound = value + margin if figure in LOWER_IS_BETTER else value - margin
        floors.append(Floor(figure, round(value, 4), round(bound, 4)))
    return tuple(floors)


def _margin(figure: str, found: SetFigures) -> float:
    scores = found.scores
    if scores is None:
        return DEVIATIONS * math.sqrt(CHANGED_FALSE_POSITIVES / found.n)
    if figure == "recall neutral":
        return DEVIATIONS * math.sqrt(CHANGED / int(scores.support[LABELS.index("neutral")]))
    if figure in ("balanced_accuracy", "macro_f1"):
        return _balanced_margin(scores) * (1.5 if figure == "macro_f1" else 1)
    return DEVIATIONS * math.sqrt(CHANGED / found.n) + (ECE_MARGIN if figure == "ece" else 0)


def _balanced_margin(scores: Scorecard) -> float:
    counts = [int(count) for count in scores.support if count]
    return DEVIATIONS * math.sqrt(sum(CHANGED / count for count in counts)) / len(counts)


def missed(floors: Sequence[Floor], found: SetFigures, *, no_face: bool) -> list[str]:
    """One line for each figure that is worse than its floor."""
    now = values(found, no_face=no_face)
    return [
        f"{found.name}: {floor.figure} {now[floor.figure]:.4f} is worse than {floor.bound:.4f}"
        for floor in floors
        if not floor.passes(now[floor.figure])
    ]


def read(path: Path) -> dict[str, Any]:
    """The file, or an empty one where there is none.

    Raises:
        ConfigError: it cannot be read.
    """
    if not path.exists():
        return {"why": WHY, "networks": {}}
    try:
        golden = json.loads(path.read_text(encoding="utf-8"))
        return {"why": WHY, "networks": dict(golden["networks"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is no file of floors ({error}); remove it, and it is written anew") from error


def of_set(entry: dict[str, Any]) -> tuple[Floor, ...]:
    """The floors of one set in the file."""
    return tuple(
        Floor(figure, values["measured"], values["at_most" if figure in LOWER_IS_BETTER else "at_least"])
        for figure, values in entry.items()
        if figure != "n"
    )


def update(path: Path, classifier: Classifier, found: Sequence[SetFigures], command: str) -> list[str]:
    """Makes these figures the floors of this network, in place of those of the same sets; other networks keep theirs.

    Returns:
        A line for each floor that is worse than it was.

    Raises:
        ConfigError: the file cannot be read.
        SinkError: it cannot be written.
    """
    golden, no_face = read(path), classifier.spec.no_face
    before: dict[str, Any] = golden["networks"].get(classifier.name, {}).get("sets", {})
    floors = {each.name: derive(each, no_face=no_face) for each in found}
    lowered = [
        f"{name}: {floor.figure} {was[floor.figure].bound:.4f} -> {floor.bound:.4f}"
        for name, fresh in floors.items()
        if (was := {old.figure: old for old in of_set(before.get(name, {}))})
        for floor in fresh
        if floor.figure in was and not was[floor.figure].passes(floor.bound)
    ]
    # figures of other weights under the same name are of no use
    same = golden["networks"].get(classifier.name, {}).get("model_sha256") == classifier.weights_sha256
    entries = {each.name: _entry(each.n, floors[each.name]) for each in found}
    golden["networks"][classifier.name] = {
        "model_sha256": classifier.weights_sha256,
        "command": command,
        "sets": {**(before if same else {}), **entries},
    }
    result_files.write(path, golden, "--floors")
    return lowered


def _entry(n: int, floors: Sequence[Floor]) -> dict[str, object]:
    return {
        "n": n,
        **{
            floor.figure: {
                "measured": floor.measured,
                ("at_most" if floor.figure in LOWER_IS_BETTER else "at_least"): floor.bound,
            }
            for floor in floors
        },
    }
