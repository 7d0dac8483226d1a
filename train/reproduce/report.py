"""The output of the reproduction: the table in the terminal and the page, both from the result files."""

from collections.abc import Mapping
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from realtime.errors import ConfigError, SinkError
from train.reproduce import illustrations, pages, plots, results, rows, tradeoff
from train.reproduce.illustrations import Found
from train.reproduce.pages import Cells
from train.reproduce.results import Metrics, Result
from train.reproduce.rows import Row
from train.reproduce.tradeoff import Costs
from train.reproduce.verdicts import AGREES, HIGHER, common_splits, compare, name_splits, verdict

PAGE = "REPRODUCTION.md"

PUBLISHED = {"transfer-a": Metrics(0.9949, 0.9949, 0.9971, 0.9960), "scratch-a": Metrics(0.9541, 0.96, 0.9141, 0.9311)}
"""The paper's Table II by our rows."""

BESIDE = {
    rows.TABLE_2: ("scratch-a", "scratch-b"),
    rows.BASELINES: ("transfer-a", "transfer-b"),
    rows.BEYOND: ("transfer-b",),
    rows.READINGS: ("scratch-a",),
    rows.IMBALANCE: ("transfer-b",),
    rows.INPUT: ("scratch-b",),
    rows.NETWORKS: ("scratch-b",),
    rows.LITERATURE: ("transfer-b",),
}
"""The rows of reference for a part, by protocol."""

FIGURE_5 = ("figure-5.png", "Figure 5: the layers of the ResNet-50")
FIGURES = (
    ("figure-6.png", "Figure 6: accuracy and loss, training and validation, with transfer learning and from scratch"),
    ("figure-7.png", "Figure 7: confusion matrices with transfer learning and from scratch"),
)
TRADE_OFF = ("trade-off.png", "Accuracy by person against milliseconds per face, for each network in fp32 and int8")

MAIN = ("row", "what", "protocol", "splits", "n", "accuracy", "95 % interval", "beside")
DETAILS = (
    "row",
    "method",
    "best split",
    "precision",
    "recall",
    "F1",
    "sequences right",
    "siblings in training",
    "trained on",
    "seconds",
    "commit",
    "command",
)


def read(folder: Path) -> dict[str, Result]:
    """The results in a folder, by row, in the rows' order.

    Raises:
        ConfigError: a file is damaged, or has another method, protocol or data than its row.
    """
    found: dict[str, Result] = {}
    for row in rows.ROWS:
        path = folder / f"{row.name}.json"
        if not path.exists():
            continue
        result = results.read(path)
        others = {other.data_sha256 for other in found.values()}
        if (result.row, result.protocol, result.method) != (row.name, row.protocol, row.method.words()):
            raise ConfigError(f"{path}: has another method ({result.method}); remove it and run {row.name} again")
        if others and result.data_sha256 not in others:
            raise ConfigError(f"{path}: has other data than the files beside it; remove it and run {row.name} again")
        if result.splits:
            found[row.name] = result
    return found


def table(found: Mapping[str, Result], *, quick: bool = False) -> Table:
    """The final table: published, ours, verdict. Fits 80 columns, with two or more lines per row."""
    shown = Table(
        title="published, ours, verdict", caption=pages.TRIAL if quick else None, title_justify="left", box=SIMPLE_HEAD
    )
    shown.add_column("row", overflow="fold", min_width=14)
    for heading in ("protocol\nn", "published", "ours\n95 % interval"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("verdict", min_width=14)
    for row in rows.ROWS:
        if row.name not in found:
            continue
        result = found[row.name]
        says = verdict(row.published, result)
        shown.add_row(
            f"[bold]{row.name}[/]\n{row.title}",
            f"{row.protocol}{' leaky' if row.protocol == 'A' else ''}\n{pages.number(result)}",
            pages.percent(row.published.accuracy) if row.published else "",
            f"{pages.accuracy(result)}\n{pages.interval(result)}",
            Text(says, "green" if says in (AGREES, HIGHER) else "yellow"),
        )
    return shown


def markdown(folder: Path, *, quick: bool) -> str:
    """The page REPRODUCTION.md; it depends on the result files in the folder only.

    Raises:
        ConfigError: see `read`; or the trade-off's file is damaged.
    """
    found = read(folder)
    costs = tradeoff.read(folder)
    parts = [f"**{pages.TRIAL}**"] if quick else []
    parts += [f"# {pages.TITLE}", pages.INTRODUCTION, *_summary(found)]
    parts += [*_algorithms(illustrations.read(folder), folder), "## What the protocols let through", *_protocols(found)]
    for part in dict.fromkeys(row.part for row in rows.ROWS):
        parts += _part(part, found, folder)
    parts += [*_costs(costs, found, folder), *_details(found), *_missing(found)]
    return "\n\n".join(parts) + "\n"


def publish(out: Path, *, quick: bool) -> Path:
    """Draws the plots that have results in out/results, and writes out/REPRODUCTION.md.

    Raises:
        ConfigError: see `markdown`.
        SinkError: a file cannot be written.
    """
    folder = out / "results"
    found, costs = read(folder), tradeoff.read(folder)
    if {"transfer-a", "scratch-a"} <= set(found):
        plots.curves(found["transfer-a"], found["scratch-a"], folder / FIGURES[0][0])
        plots.confusions(found["transfer-a"], found["scratch-a"], folder / FIGURES[1][0])
    if costs and common_splits(found[cost.row] for cost in costs.networks if cost.row in found):
        plots.trade_off(costs, found, folder / TRADE_OFF[0])
    path = out / PAGE
    try:
        path.write_text(markdown(folder, quick=quick), encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror}); give another --out") from error
    return path


def _summary(found: Mapping[str, Result]) -> list[str]:
    """The rows with a published number."""
    lines: list[Cells] = []
    says: dict[str, list[str]] = {}
    for row in _ran(found):
        result = found[row.name]
        if row.published:
            word = verdict(row.published, result)
            if row.published.comparable:
                says.setdefault(row.part, []).append(word)
            cells = (f"{row.part}: {row.title}", pages.SHORT[row.protocol], name_splits(_names(result)))
            ours = (pages.accuracy(result), pages.interval(result), word)
            lines.append((f"`{row.name}`", *cells, f"{pages.percent(row.published.accuracy)} ({row.published.source})", *ours))
    headings = ("row", "what", "protocol", "splits", "published", "ours", "95 % interval", "verdict")
    if not lines:
        return []
    tallies = [pages.tally(part, words) for part, words in says.items()]
    return ["## Published, ours, verdict", pages.VERDICTS, pages.tabulate(headings, lines), " ".join(tallies)]


def _table_2(found: Mapping[str, Result]) -> list[str]:
    """The paper's table, published and ours."""
    lines: list[Cells] = []
    for name, published in PUBLISHED.items():
        if name not in found:
            continue
        result, (row,) = found[name], rows.find([name])
        best = result.splits[result.best].split
        lines.append((row.title, "published", *pages.figures(published)))
        lines.append(("", f"`{name}`, {name_splits(_names(result))}", *pages.spread(result)))
        if len(result.splits) > 1:
            lines.append(("", f"the best of them, {best}", *pages.figures(result.per_split()[result.best])))
    headings = ("arm", "", "accuracy", "precision", "recall", "F1")
    return [pages.TABLE_2, pages.tabulate(headings, lines)] if lines else []


def _algorithms(found: tuple[Found, ...], folder: Path) -> list[str]:
    """The detections of Algorithms 1 and 2 by class, and Figure 5."""
    drawn = [pages.image(*FIGURE_5)] if (folder / FIGURE_5[0]).exists() else []
    if not found:
        return drawn
    lines: list[Cells] = []
    for each in found:
        counts = (each.one_face, each.no_face, each.both_eyes, each.mouth)
        lines.append((each.label, str(each.pictures), pages.percent(each.edge_share), *(str(count) for count in counts)))
    headings = ("class", "images", "edge pixels", "one face", "no face", "both eyes", "mouth")
    return ["## Algorithms 1 and 2, and the network", pages.ALGORITHMS, pages.tabulate(headings, lines), *drawn]


def _protocols(found: Mapping[str, Result]) -> list[str]:
    """Descriptions of A, B and C, with the measured numbers."""
    said: dict[str, list[str]] = {"A": [pages.PROTOCOL_A], "B": [pages.PROTOCOL_B], "C": [pages.PROTOCOL_C]}
    for row in _ran(found):
        result = found[row.name]
        if row.name == "transfer-a":
            said["A"].append(f"{pages.percent(result.sibling_share)} of the test images have such a sibling in training.")
        if row.part == rows.BASELINES or row.name in ("transfer-a", "transfer-b"):
            said[row.protocol].append(f"`{row.name}` ({row.title}): {pages.accuracy(result)}.")
    return ["\n".join(f"- {' '.join(sentences)}" for sentences in said.values()), pages.BESIDE]


def _part(part: str, found: Mapping[str, Result], folder: Path) -> list[str]:
    """The rows under one heading with their references; Table II with its own table and figures."""
    lines: list[Cells] = []
    for row in _ran(found):
        if row.part != part:
            continue
        result = found[row.name]
        cells = (f"`{row.name}`", row.title, pages.SHORT[row.protocol], pages.splits(row, result), pages.number(result))
        lines.append((*cells, pages.accuracy(result), pages.interval(result), _beside(row, found)))
    if not lines:
        return []
    if part != rows.TABLE_2:
        return [f"## {part}", *_note(part, found), pages.tabulate(MAIN, lines)]
    drawn = [pages.image(*figure) for figure in FIGURES if (folder / figure[0]).exists()]
    return [f"## {part}", *_table_2(found), pages.tabulate(MAIN, lines), *drawn]


def _note(part: str, found: Mapping[str, Result]) -> list[str]:
    """The note on a part's rows."""
    if part != rows.READINGS:
        return [words for name, words in ((rows.BEYOND, pages.BEYOND), (rows.LITERATURE, pages.LITERATURE)) if name == part]
    two = [found[name].accuracy() for name in ("plain-a", "scratch-a") if name in found]
    between = len(two) == 2 and min(two) < PUBLISHED["scratch-a"].accuracy < max(two)
    return [pages.READINGS + (pages.BETWEEN if between else "")]


def _beside(row: Row, found: Mapping[str, Result]) -> str:
    for name in BESIDE.get(row.part, ()):
        if name in found and name != row.name and (other := compare(found[row.name], found[name])):
            return pages.comparison(other, name)
    return ""


def _costs(costs: Costs | None, found: Mapping[str, Result], folder: Path) -> list[str]:
    """Costs of the networks beside their accuracy on the common folds."""
    if costs is None:
        return []
    folds = common_splits(found[cost.row] for cost in costs.networks if cost.row in found)
    lines: list[Cells] = []
    for cost in costs.networks:
        result = found[cost.row].only(folds) if cost.row in found and folds else None
        ours = (pages.percent(result.accuracy()), pages.interval(result)) if result else ("not run", "")
        size = (pages.millions(cost.parameters), pages.millions(cost.macs))
        lines.append((plots.title_of(cost), f"`{cost.row}`", *ours, *size, pages.timing(cost.fp32), pages.timing(cost.int8)))
    where = f", {name_splits(folds)}{' of 10' if len(folds) < 10 else ''}" if folds else ""
    headings = ("network", "row", f"accuracy{where}", "95 % interval", "parameters", "MACs", "fp32", "int8")
    drawn = [pages.image(*TRADE_OFF)] if (folder / TRADE_OFF[0]).exists() else []
    return ["## Accuracy and cost", pages.costs(costs), pages.tabulate(headings, lines), *drawn]


def _details(found: Mapping[str, Result]) -> list[str]:
    lines: list[Cells] = []
    for row in _ran(found):
        result = found[row.name]
        best = result.splits[result.best]
        three = pages.spread(result)[1:] if row.protocol == "A" else pages.figures(result.pooled())[1:]
        line: Cells = (f"`{row.name}`", result.method, f"{pages.percent(best.accuracy)} ({best.split})", *three)
        sequences = pages.percent(result.sequence_accuracy) if row.protocol != "A" else ""
        siblings = pages.percent(result.sibling_share) if row.protocol == "A" else ""
        learned = pages.span([split.train_pictures for split in result.splits])
        commits = ", ".join(sorted({split.commit for split in result.splits}))
        lines.append((*line, sequences, siblings, learned, f"{result.seconds:.0f}", commits, pages.command(row)))
    return ["## Every row in detail", pages.DETAILS, pages.tabulate(DETAILS, lines), *_made(found)] if lines else []


def _made(found: Mapping[str, Result]) -> list[str]:
    """Machines, versions and data, without repetition."""
    machines = sorted({result.machine for result in found.values()})
    versions = sorted({f"{name} {value}" for result in found.values() for name, value in result.versions.items()})
    data = sorted({result.data_sha256 for result in found.values()})
    return [f"Made on {'; '.join(machines)}, with {', '.join(versions)}. Manifest hash of the data: `{data[0]}`."]


def _missing(found: Mapping[str, Result]) -> list[str]:
    """The rows without a result, and their commands."""
    lines = [f"- `{row.name}` ({row.part}: {row.title}): {pages.command(row)}" for row in rows.ROWS if row.name not in found]
    return ["## Not run", "\n".join(lines)] if lines else []


def _ran(found: Mapping[str, Result]) -> list[Row]:
    return [row for row in rows.ROWS if row.name in found]


def _names(result: Result) -> tuple[str, ...]:
    return tuple(split.split for split in result.splits)
