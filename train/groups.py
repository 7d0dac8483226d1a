"""python -m train.groups MODEL.onnx --data SETS [--mirrored] [--json OUT]: a network's labels by age, sex and group.

UTKFace has no expression labels by people. Another program's blendshapes say which faces smile and which rest: how often is a
smile read as happiness, and a resting face as neutral or as sadness, in each group?
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from realtime.datatypes import Scores
from realtime.errors import FerError
from realtime.faces.evidence import LEAST_FACE
from train.data import sets, utkface
from train.data.utkface import GroupedFaces
from train.extra import EXTRA
from train.failed import failed
from train.judging import predictions, result_files, tables, validation
from train.judging.intervals import Share

with EXTRA:
    from train.data import lineage

SPLIT = f"UTKFace, one face in {sets.UTKFACE_ONE_IN} by a hash of the name, never learned from"
AGES = (0, 10, 18, 30, 45, 60, 76)
"""First year of each age group."""


@dataclass(frozen=True)
class Group:
    """Figures of one group of people.

    Attributes:
        by, name: "age" and "18-29", "sex" and "female", "group" and "Asian", or "all" twice.
        found: faces that the Haar cascade finds; of all.
        denied: faces classified as no face; of all.
        labelled: not denied, and the likeliest expression has a probability of at least the program's threshold; of all.
        smiling, resting: for each expression, how many of the smiling and of the resting faces are read as it.
    """

    by: str
    name: str
    found: Share
    denied: Share
    labelled: Share
    smiling: dict[str, Share]
    resting: dict[str, Share]

    def to_json(self) -> dict[str, object]:
        """For a result file; shares carry Wilson's 95 % intervals."""
        return {
            "by": self.by,
            "name": self.name,
            "n": self.found.n,
            "found": self.found.to_json(),
            "denied": self.denied.to_json(),
            "labelled": self.labelled.to_json(),
            "smiling": {label: share.to_json() for label, share in self.smiling.items()},
            "resting": {label: share.to_json() for label, share in self.resting.items()},
        }


def judge(said: Scores, people: GroupedFaces) -> tuple[Group, ...]:
    """Figures of all people, then by age, sex and group; groups without faces are left out."""
    every = np.ones(len(people.faces), np.bool_)
    rows = [("all", "all", every)]
    rows += [("age", name, which) for name, which in _ages(people.age)]
    rows += [("sex", name, people.sex == code) for code, name in enumerate(utkface.SEXES)]
    rows += [("group", name, people.group == code) for code, name in enumerate(utkface.GROUPS)]
    return tuple(_group(by, name, said, people, which) for by, name, which in rows if which.any())


def _ages(age: NDArray[np.int16]) -> list[tuple[str, NDArray[np.bool_]]]:
    ends = [*(first - 1 for first in AGES[1:]), None]
    return [
        (f"{first}+" if last is None else f"{first}-{last}", (age >= first) & (age <= (999 if last is None else last)))
        for first, last in zip(AGES, ends, strict=True)
    ]


def _group(by: str, name: str, said: Scores, people: GroupedFaces, which: NDArray[np.bool_]) -> Group:
    denied = said.face_probs < LEAST_FACE
    labelled = ~denied & (said.probs.max(axis=1) >= validation.THRESHOLD)
    return Group(
        by,
        name,
        _share(people.found[which]),
        _share(denied[which]),
        _share(labelled[which]),
        _read_as(said, which & people.smiling),
        _read_as(said, which & people.resting),
    )


def _share(which: NDArray[np.bool_]) -> Share:
    return Share(int(which.sum()), len(which))


def _read_as(said: Scores, which: NDArray[np.bool_]) -> dict[str, Share]:
    likeliest = said.probs[which].argmax(axis=1)
    return {label: _share(likeliest == column) for column, label in enumerate(said.labels)}


def show(groups: Sequence[Group], title: str, console: Console) -> None:
    """Prints one row per group."""
    rows = [
        (
            group.name,
            (
                str(group.found.n),
                tables.percent(group.found, interval=False),
                str(group.smiling["happiness"].n),
                tables.percent(group.smiling["happiness"], interval=False),
                str(group.resting["neutral"].n),
                tables.percent(group.resting["neutral"], interval=False),
                tables.percent(group.resting["sadness"], interval=False),
            ),
        )
        for group in groups
    ]
    headings = ("n", "found", "smiling", "happiness", "resting", "neutral", "sadness")
    console.print(tables.of_rows("group", headings, rows, title=title))
    console.print("95 % intervals: --json", highlight=False)


def main(argv: list[str] | None = None) -> int:
    """Judges one file; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    try:
        EXTRA.require()
        people = utkface.load_held_out(args.data)
        classifier = predictions.open_classifier(args.model)
        groups = judge(predictions.predict_all(classifier, people.faces, mirrored=args.mirrored), people)
        show(groups, f"{args.model.name} on {SPLIT}", Console())
        if args.json is not None:
            learned = lineage.among(people.faces, lineage.read(args.model)) if lineage.is_known(args.model) else None
            values = {
                "split": SPLIT,
                "mirrored": args.mirrored,
                "threshold": validation.THRESHOLD,
                "trained_on": None if learned is None else int(learned.sum()),
                "groups": [group.to_json() for group in groups],
            }
            result_files.write(args.json, {**result_files.header("train.groups", words, classifier), **values})
    except FerError as error:
        return failed("groups", error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.groups", description="A network's labels by age, sex and group.")
    parser.add_argument("model", type=Path, help="an .onnx file written by train.export")
    parser.add_argument("--data", type=Path, required=True, help=f"the folder of the joined sets, with {sets.UTKFACE}")
    parser.add_argument("--mirrored", action="store_true", help="average the probabilities of each face and its mirror image")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
