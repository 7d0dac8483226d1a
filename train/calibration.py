"""python -m train.calibration MODEL.onnx --data SETS [--clips FOLDER] [--json OUT]: what a person's profile changes.

Three questions, on faces of persons that the network was not trained on:

- CFEE has one neutral photograph of about half of its persons. Each profile is made from that photograph, with the spread of a
  still face, and applied to the same person's other expressions. The neutral photograph itself is read again, too; that share
  is an upper bound, because the profile was made from it.
- The same with the profile of another person, as if the wrong one had been chosen.
- CK+48 keeps the last three frames of each sequence, which are at the peak: there is no resting face to make a profile from.
  Every profile from CFEE is therefore applied to every held-out peak: does a wrong profile turn a strong expression off?

The clips are read by the live program: a profile from the first five seconds of a resting face, and the rest of the clip.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from realtime.calibrate import Maker
from realtime.config import Config
from realtime.engine import Engine
from realtime.errors import FerError, NotResting
from realtime.labels import LABELS
from realtime.model.classifier import Classifier
from realtime.neutral.profile import MOST_OFFSET, NEUTRAL, Profile, Reading, logits
from realtime.neutral.resting import Resting
from train.data import cfee, sets
from train.data.cfee import Persons
from train.data.manifest import sequence_of
from train.extra import EXTRA
from train.failed import failed
from train.judging import predictions, result_files
from train.judging.intervals import Share

with EXTRA:
    from train.data import lineage

THRESHOLD = Config().reading.threshold

SPREAD = 0.5
"""Standard deviation of a still face's logits: 0.1 to 0.5 for the expressions near neutral on the clip of a resting face."""


@dataclass(frozen=True)
class Outcome:
    """How faces are read.

    Attributes:
        n: faces.
        right: by the likeliest expression; of all.
        recall: by expression.
        labelled: likeliest at THRESHOLD or above; of the expressions but neutral.
        wrong: of these.
        to_neutral: read as neutral; of the expressions but neutral.
        nll: mean negative log-likelihood of the expressions but neutral, nats.
    """

    n: int
    right: Share
    recall: dict[str, Share]
    labelled: Share
    wrong: Share
    to_neutral: Share
    nll: float

    def to_json(self) -> dict[str, object]:
        """For the result file."""
        return {
            "n": self.n,
            "right": self.right.to_json(),
            "recall": {label: share.to_json() for label, share in self.recall.items()},
            "labelled": self.labelled.to_json(),
            "wrong": self.wrong.to_json(),
            "to_neutral": self.to_neutral.to_json(),
            "nll": self.nll,
        }


def judge(probs: NDArray[np.float32], truth: NDArray[np.intp]) -> Outcome:
    """Figures of probabilities, float32 (n,8), against columns of LABELS, int (n,)."""
    likeliest, sure = probs.argmax(axis=1), probs.max(axis=1) >= THRESHOLD
    right, expressive = likeliest == truth, truth != LABELS.index(NEUTRAL)
    of_truth = np.maximum(probs[np.arange(len(truth)), truth], 1e-6)
    return Outcome(
        len(truth),
        _share(right),
        {LABELS[column]: _share(right[truth == column]) for column in np.unique(truth)},
        _share(sure[expressive]),
        _share(~right[sure & expressive]),
        _share(likeliest[expressive] == LABELS.index(NEUTRAL)),
        float(-np.log(of_truth[expressive]).mean()),
    )


def _share(which: NDArray[np.bool_]) -> Share:
    return Share(int(which.sum()), len(which))


def profiles_of(people: Persons, probs: NDArray[np.float32]) -> dict[str, Profile]:
    """A profile for each person, from the probabilities of the neutral photograph, with the spread of a still face."""
    made: dict[str, Profile] = {}
    for person, row in people.resting.items():
        offsets = logits(probs[row : row + 1], LABELS)[0]
        spreads = tuple(0.0 if label == NEUTRAL else SPREAD for label in LABELS)
        made[person] = Profile(person, "", Reading(LABELS, tuple(map(float, offsets)), spreads, 1, 0.0, 48.0), "", "", "")
    return made


def apply(probs: NDArray[np.float32], profiles: Sequence[Profile]) -> NDArray[np.float32]:
    """Each row, float32 (n,8), corrected by its profile."""
    return np.stack([profile.correct(row) for profile, row in zip(profiles, probs, strict=True)])


def on_photographs(people: Persons, probs: NDArray[np.float32]) -> dict[str, Outcome]:
    """CFEE without a profile, with each person's own, and with the next person's."""
    made = profiles_of(people, probs)
    order = sorted(made)
    following = dict(zip(order, order[1:] + order[:1], strict=True))
    own = [made[person] for person in people.persons.tolist()]
    others = [made[following[person]] for person in people.persons.tolist()]
    return {
        "without": judge(probs, people.truth),
        "own profile": judge(apply(probs, own), people.truth),
        "another person's": judge(apply(probs, others), people.truth),
    }


def on_peaks(probs: NDArray[np.float32], truth: NDArray[np.intp], profiles: Mapping[str, Profile]) -> dict[str, Outcome]:
    """CK+48 without a profile, and with every one of others."""
    corrected = [apply(probs, [profile] * len(probs)) for profile in profiles.values()]
    return {
        "without": judge(probs, truth),
        "another person's": judge(np.concatenate(corrected), np.tile(truth, len(corrected))),
    }


@dataclass(frozen=True)
class ClipOutcome:
    """A clip, read by the live program.

    Attributes:
        clip: its name.
        refused: why no profile could be made; None if one was made.
        correction: of the profile.
        frames: after the stretch of the profile.
        neutral_before, neutral_after: mean smoothed probability of neutral in these, without and with it.
    """

    clip: str
    refused: str | None
    correction: dict[str, float]
    frames: int = 0
    neutral_before: float = 0.0
    neutral_after: float = 0.0


def on_clip(path: Path, classifier: Classifier) -> ClipOutcome:
    """A profile from the first seconds, and how the rest of the clip is read with it.

    Raises:
        SourceError: the clip cannot be read.
    """
    config = Config.of(source=str(path))
    resting = Resting(LABELS)
    with Engine.open(config, classifier) as engine:
        for result in engine.results(lambda _: None):
            resting.add(result)
    try:
        profile = Maker.of(config, classifier).make(path.stem, resting.reading())
    except NotResting as error:
        return ClipOutcome(path.name, str(error), {})
    before, after = (_neutral(config, classifier, used, profile.reading.seconds) for used in (None, profile))
    return ClipOutcome(path.name, None, profile.correction, len(before), float(np.mean(before)), float(np.mean(after)))


def _neutral(config: Config, classifier: Classifier, profile: Profile | None, after_s: float) -> list[float]:
    with Engine.open(config, classifier) as engine:
        engine.use(profile)
        results = [result for result in engine.results(lambda _: None) if result.frame.time_s > after_s]
    return [float(face.probs[LABELS.index(NEUTRAL)]) for result in results for face in result.faces]


def show(title: str, outcomes: Mapping[str, Outcome], console: Console) -> None:
    """Prints a row per outcome."""
    table = Table(title=title)
    for heading in ("", "n", "right", "neutral", "expressions", "read as neutral", "labelled", "of these wrong", "nll"):
        table.add_column(heading)
    for name, outcome in outcomes.items():
        neutral = outcome.recall.get(NEUTRAL)
        counts = [share for label, share in outcome.recall.items() if label != NEUTRAL]
        others = Share(sum(share.count for share in counts), sum(share.n for share in counts))
        shares = (outcome.right, neutral, others, outcome.to_neutral, outcome.labelled, outcome.wrong)
        cells = ["-" if share is None else f"{100 * share.value:.1f} %" for share in shares]
        table.add_row(name, str(outcome.n), *cells, f"{outcome.nll:.3f}")
    console.print(table)


def measure(model: Path, data: Path, clips: Path | None, console: Console) -> dict[str, object]:
    """All figures of one network, for the result file; prints them too.

    Raises:
        FerError: the network, the data or a clip cannot be read.
    """
    classifier = predictions.open_classifier(model)
    everybody = cfee.load_cfee(data)
    known = lineage.is_known(model)
    seen = lineage.among(everybody.faces, lineage.read(model)) if known else np.zeros(len(everybody.faces), np.bool_)
    people = cfee.unseen(everybody, seen)
    probs = predictions.predict(classifier, people.faces).probs
    made = profiles_of(people, probs)
    photographs = on_photographs(people, probs)
    peaks = sets.held_out_persons(data / "ckplus48.zip")
    peak_probs = predictions.predict(classifier, peaks).probs
    on_ck = on_peaks(peak_probs, peaks.classes(), made)
    _, firsts = np.unique([sequence_of(name) for name in peaks.names], return_index=True)
    corrected = sum(bool(profile.correction) for profile in made.values())
    show(f"CFEE, {len(made)} persons, {corrected} of them corrected", photographs, console)
    show("CK+48, held-out persons, at the peak", on_ck, console)
    outcomes = [on_clip(path, classifier) for path in sorted(clips.glob("*.mp4"))] if clips is not None else []
    for outcome in outcomes:
        console.print(str(outcome), highlight=False)
    return {
        "spread": SPREAD,
        "cfee": {
            "persons": len(made),
            "corrected": corrected,
            "would_be_refused": sum(max(profile.reading.offsets) > MOST_OFFSET for profile in made.values()),
            "left_out": len(everybody.resting) - len(made),
            "lineage_known": known,
            "outcomes": {name: outcome.to_json() for name, outcome in photographs.items()},
        },
        "ckplus": {
            "neutral_in_first_kept_frames": float(peak_probs[firsts, LABELS.index(NEUTRAL)].mean()),
            "outcomes": {name: outcome.to_json() for name, outcome in on_ck.items()},
        },
        "clips": [asdict(outcome) for outcome in outcomes],
    }


def main(argv: list[str] | None = None) -> int:
    """Measures one file; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    try:
        EXTRA.require()
        values = measure(args.model, args.data, args.clips, Console())
        if args.json is not None:
            header = result_files.header("train.calibration", words, predictions.open_classifier(args.model))
            result_files.write(args.json, {**header, **values})
    except FerError as error:
        return failed("calibration", error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.calibration", description="The effect of a person's profile.")
    parser.add_argument("model", type=Path, help="an .onnx file written by train.export")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the joined sets, with CFEE and CK+48")
    parser.add_argument("--clips", type=Path, help="a folder of clips that begin with a resting face")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
