"""python -m train.card weights/NAME.onnx [--data SETS]: fills the measured part of weights/README.md from result files.

With --data everything is measured first: figures per validation set, the same with mirror images, the table by group, the plot
of risk against coverage and, where their file exists, the regression floors.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime.errors import ConfigError, FerError, SinkError
from train import evaluate, groups
from train.extra import EXTRA
from train.failed import failed

CARD = "README.md"
RESULTS = "results"
FLOORS = Path("tests", "golden", "quality.json")
"""From the folder above that of the weights."""

BEGIN, END = "<!-- measured: train.card writes from here -->", "<!-- measured: to here -->"
NAMES = {"publictest": "PublicTest (FER+)", "rafdb": "RAF-DB", "cfee": "CFEE", "ckplus": "CK+48"}
CLASS_COLUMNS = ("publictest", "rafdb", "cfee", "ckplus")

Values = dict[str, Any]
"""A result file, or a part of one."""


def measure(model: Path, data: Path) -> int:
    """Runs all measurements of a network; returns the exit code of the first that fails, or 0."""
    results, stem = model.parent / RESULTS, model.stem
    common = [str(model), "--data", str(data)]
    golden = model.parent.parent / FLOORS
    floors = ["--floors", str(golden)] if golden.exists() else []
    plain = [*common, "--set", "all", "--json", str(results / f"{stem}--validation.json"), "--figures", str(results), *floors]
    mirrored = [*common, "--set", "all", "--mirrored", "--json", str(results / f"{stem}--validation-mirrored.json")]
    by_group = [*common, "--json", str(results / f"{stem}--groups.json")]
    return evaluate.main(plain) or evaluate.main(mirrored) or groups.main(by_group)


def text(model: Path) -> str:
    """The measured part of the card, as Markdown.

    Raises:
        ConfigError: a result file is missing, damaged, or of other weights.
    """
    plain, mirrored, by_group = (_read(model, kind) for kind in ("validation", "validation-mirrored", "groups"))
    for kind, values in (("validation-mirrored", mirrored), ("groups", by_group)):
        if values["model_sha256"] != plain["model_sha256"]:
            raise ConfigError(f"{_path(model, kind)} is of other weights; run train.card with --data")
    sections = (
        _figures(plain, mirrored),
        _training(plain),
        _false_positives(plain, mirrored),
        _classes(plain),
        _risk(plain, model.stem),
        _groups(by_group),
    )
    return "\n\n".join(sections)


def fill(card: Path, measured: str) -> None:
    """Replaces the measured part of a card.

    Raises:
        ConfigError: it has no such part.
        SinkError: it cannot be read or written.
    """
    try:
        before, begin, rest = card.read_text(encoding="utf-8").partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end):
            raise ConfigError(f"{card}: the lines {BEGIN} and {END} are missing; put them where the figures belong")
        card.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{card}: cannot be written ({error.strerror})") from error


def _figures(plain: Values, mirrored: Values) -> str:
    rows = []
    both = {each["set"]: each for each in mirrored["sets"]}
    for each in plain["sets"]:
        if "accuracy" not in each:
            continue
        other = both[each["set"]]
        rows.append(
            (
                NAMES[each["set"]],
                f"{each['n']:,}",
                f"{_number(each['accuracy'])} ({_range(each['accuracy_95'])})",
                _number(each["balanced_accuracy"]),
                f"{each['macro_f1']:.3f}",
                f"{each['ece']:.3f}",
                _denied(plain, each),
                f"{_number(other['accuracy'])} / {_number(other['balanced_accuracy'])}",
            )
        )
    headings = (
        "validation set",
        "n",
        "accuracy (95 %)",
        "balanced",
        "macro-F1",
        "ECE",
        "faces denied",
        "mean with mirror image",
    )
    intro = (
        f"`{plain['model']}`, all eight expressions allowed; intervals are Wilson's. The last column is accuracy / balanced "
        "accuracy if the probabilities of a face and its mirror image are averaged, as fer-cam does. Commands: in "
        f"`results/{_stem(plain)}--validation.json` and `--validation-mirrored.json`."
    )
    return f"{intro}\n\n{_table(headings, rows)}"


def _denied(values: Values, each: Values) -> str:
    return _percent(each["denied"]) if values["no_face_output"] else "no such output"


def _training(plain: Values) -> str:
    words = []
    for each in plain["sets"]:
        part, name = each["training_part"], NAMES.get(each["set"], "false positives")
        if part["trained_on"] is None:
            words.append(f"{name}: the file does not say")
        else:
            share = "none" if not part["trained_on"] else f"{part['trained_on']:,}"
            words.append(f"{name}: {share} of {part['n']:,}")
        if each["trained_on"]:
            words[-1] += f", **and {each['trained_on']} of the validation images, so that its figures are too good**"
    return (
        "**Training parts used** (images of each set's training part that the network, or one that it began with, was trained "
        "on, exact copies; figures on a set whose training part was used are higher than on faces from elsewhere): "
        + "; ".join(words)
        + ". How each set is divided: [../train/README.md](../train/README.md#joined-sets)."
    )


def _false_positives(plain: Values, mirrored: Values) -> str:
    (each,), (other,) = ([one for one in values["sets"] if "accuracy" not in one] for values in (plain, mirrored))
    kinds = ", ".join(f"{kind} {_percent(share)} of {share['n']}" for kind, share in each["labelled_by_kind"].items())
    denied = f"{_percent(each['denied'])} are denied" if plain["no_face_output"] else "it has no output that denies a face"
    return (
        f"**False positives of the cascade** (n = {each['n']}, from photographs and pages not learned from): {denied}; "
        f"{_percent(each['labelled'], interval=True)} get a label with a probability of {plain['threshold']:g} or more "
        f"({_percent(other['labelled'])} with mirror images): {kinds}."
    )


def _classes(plain: Values) -> str:
    chosen = {each["set"]: each for each in plain["sets"] if each["set"] in CLASS_COLUMNS}
    rows = []
    for column, label in enumerate(next(iter(chosen.values()))["labels"]):
        cells = []
        for each in chosen.values():
            recall, interval = each["recall"][column], each["recall_95"][column]
            n, precision = each["support"][column], each["precision"][column]
            right = "-" if precision is None else f"{precision:.2f}"
            cells.append("-" if recall is None else f"{recall:.2f} ({interval[0]:.2f}-{interval[1]:.2f}), {right}; {n:,}")
        rows.append((label, *cells))
    headings = ("recall (95 %), precision; n", *(NAMES[name] for name in chosen))
    return _table(headings, rows)


def _risk(plain: Values, stem: str) -> str:
    shown = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    rows = []
    for each in plain["sets"]:
        if "risk_coverage" in each:
            points = {point["threshold"]: point for point in each["risk_coverage"]}
            cells = (f"{_number(points[threshold]['coverage'])} / {_number(points[threshold]['risk'])}" for threshold in shown)
            rows.append((NAMES[each["set"]], *cells, f"{each['uncertain_below']:.2f}", f"{each['risk_coverage_area']:.3f}"))
    headings = ("labelled / of these wrong", *(f"{value:g}" for value in shown), "best threshold", "mean risk")
    return (
        f"**Risk per set**: the program says `uncertain` below {plain['threshold']:g}. The best threshold is the one with the "
        "most right labels minus wrong ones.\n\n"
        f"{_table(headings, rows)}\n\n"
        f"![Share of wrong labels against the share of images that get one, a line per set](results/{stem}--risk-by-set.png)"
    )


def _groups(values: Values) -> str:
    rows = []
    for group in values["groups"]:
        smiling, resting = group["smiling"], group["resting"]
        rows.append(
            (
                _name(group),
                f"{group['n']:,}",
                _percent(group["found"], interval=True),
                f"{smiling['happiness']['n']:,}",
                _percent(smiling["happiness"], interval=True),
                f"{resting['neutral']['n']:,}",
                *(_percent(resting[label], interval=True) for label in ("neutral", "sadness", "anger")),
            )
        )
    headings = ("", "n", "found by Haar", "smiling", "read as happiness", "resting", "neutral", "sadness", "anger")
    first, *others = values["groups"]
    sad = max(
        (g for g in others if g["resting"]["sadness"]["share"] is not None), key=lambda g: g["resting"]["sadness"]["share"]
    )
    return (
        f"**By group**: {values['split']}. Age, sex and group are the data set's, in its own words; `smiling` (mouth corners "
        "up) and `resting` come from the blendshapes of another program, not from people, so that the shares compare groups "
        "rather than measure errors. Shares with Wilson's 95 % intervals. The worst row: resting faces of "
        f"{_name(sad)} are read as sadness in {_percent(sad['resting']['sadness'], interval=True)}, of all in "
        f"{_percent(first['resting']['sadness'])}. Command: in `results/{_stem(values)}--groups.json`.\n\n"
        f"{_table(headings, rows)}"
    )


def _name(group: Values) -> str:
    return f"{group['name']} years" if group["by"] == "age" else str(group["name"])


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *(["---:"] * (len(headings) - 1))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))


def _percent(share: Values, *, interval: bool = False) -> str:
    if share["share"] is None:
        return "-"
    ends = f" ({_range([share['low'], share['high']])})" if interval else ""
    return f"{_number(share['share'])}{ends}"


def _number(share: float) -> str:
    return f"{100 * share:.1f} %"


def _range(ends: Sequence[float]) -> str:
    return f"{100 * ends[0]:.1f}-{100 * ends[1]:.1f}"


def _stem(values: Values) -> str:
    return Path(values["model"]).stem


def _path(model: Path, kind: str) -> Path:
    return model.parent / RESULTS / f"{model.stem}--{kind}.json"


def _read(model: Path, kind: str) -> Values:
    path = _path(model, kind)
    try:
        values: Values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); run train.card with --data") from error
    return values


def main(argv: list[str] | None = None) -> int:
    """Fills the card beside a network; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.card", description="Fill the measured part of weights/README.md.")
    parser.add_argument("model", type=Path, help="an .onnx file, with results/ and README.md beside it")
    parser.add_argument("--data", type=Path, help="the folder of the joined sets: measure first")
    args = parser.parse_args(argv)
    try:
        EXTRA.require()
        if args.data is not None and (code := measure(args.model, args.data)):
            return code
        fill(args.model.parent / CARD, text(args.model))
    except FerError as error:
        return failed("card", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
