"""Many recordings as one table: a row for each recording, and how each column is distributed over them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.report.dataset import Measured, Overview
from realtime.report.formats import percent

BARS = 20
"""Of a histogram."""

NOTEWORTHY = 0.05
"""Share above which something is pointed out."""

Value = float | int | str | None


@dataclass(frozen=True)
class Column:
    """A column of the table of recordings.

    Attributes:
        name: its heading.
        kind: "text", "seconds", "count", "share" or "quality".
        values: one for each recording; None where there is none.
        label: position of the expression whose share it is; None for all others.
        drawn: whether its distribution is of interest.
    """

    name: str
    kind: str
    values: tuple[Value, ...]
    label: int | None = None
    drawn: bool = False


@dataclass(frozen=True)
class Distribution:
    """A column over the recordings that have a value.

    Attributes:
        column: it.
        count: of values.
        low, quarter, median, mean, three_quarters, high: of the values.
        end: upper end of the histogram, which begins at 0.
        bars: recordings in each of BARS equal parts.
    """

    column: Column
    count: int
    low: float
    quarter: float
    median: float
    mean: float
    three_quarters: float
    high: float
    end: float
    bars: tuple[int, ...]


@dataclass(frozen=True)
class Failure:
    """A reason for which recordings are not done, with their names."""

    reason: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Pooled:
    """All recordings with time together; only images where there are no others.

    Attributes:
        amount: the labelled time, seconds, or number of labelled faces.
        shares: of it, by expression.
    """

    timed: bool
    amount: float
    shares: tuple[float, ...]


def columns(overview: Overview) -> tuple[Column, ...]:
    """The table of recordings; a column without any value is left out."""
    reasons: Counter[str] = Counter()
    for row in overview.rows:
        if row.measured is not None:
            reasons.update(row.measured.uncertain)

    def of(value: Callable[[Measured], Value]) -> tuple[Value, ...]:
        return tuple(None if row.measured is None else value(row.measured) for row in overview.rows)

    found = [
        Column("recording", "text", tuple(row.name for row in overview.rows)),
        Column("status", "text", tuple(row.status for row in overview.rows)),
        Column("length", "seconds", tuple(row.seconds for row in overview.rows), drawn=True),
        Column("frames", "count", tuple(row.frames for row in overview.rows)),
        Column("with a face", "share", _of_frames(overview), drawn=True),
        Column("faces", "count", tuple(row.faces for row in overview.rows)),
        Column("labelled time", "seconds", of(lambda one: one.labelled_sum if one.timed else None)),
        Column("labelled faces", "count", of(lambda one: None if one.timed else round(one.labelled_sum))),
        *(Column(label, "share", of(_labelled(label)), i, drawn=True) for i, label in enumerate(overview.labels)),
        Column("uncertain", "share", of(lambda one: _share(sum(one.uncertain.values()), one.present)), drawn=True),
        *(Column(f"uncertain: {reason}", "share", of(_uncertain(reason))) for reason, _ in reasons.most_common()),
        Column("quality", "quality", of(lambda one: one.quality), drawn=True),
    ]
    return tuple(column for column in found if any(value is not None for value in column.values))


def distributions(table: Sequence[Column]) -> tuple[Distribution, ...]:
    """Of the columns that are drawn; every recording counts the same."""
    return tuple(_distribution(column) for column in table if column.drawn)


def failures(overview: Overview) -> tuple[Failure, ...]:
    """Why recordings are not done, the most frequent reason first."""
    found: dict[str, list[str]] = {}
    for row in overview.rows:
        if row.error is not None:
            reason = row.error.replace(row.path, "the file").replace(Path(row.path).name, "the file")
            found.setdefault(f"{row.status}: {reason}", []).append(row.name)
    return tuple(Failure(reason, tuple(names)) for reason, names in sorted(found.items(), key=lambda pair: -len(pair[1])))


def pooled(overview: Overview) -> Pooled:
    """Shares of all recordings together, in which long ones count more."""
    measured = [row.measured for row in overview.rows if row.measured is not None]
    timed = any(one.timed for one in measured) or not measured
    sums: Counter[str] = Counter()
    for one in measured:
        if one.timed == timed:
            sums.update(one.labelled)
    amount = sum(sums.values())
    return Pooled(timed, amount, tuple(sums[label] / amount if amount else 0.0 for label in overview.labels))


def flaws(overview: Overview) -> tuple[str, ...]:
    """Warnings to read before the results, a sentence each; empty if there are none."""
    found = []
    measured = [row for row in overview.rows if row.measured is not None]
    if not overview.complete:
        found.append("A run was writing this dataset, or was killed: recordings may be missing.")
    if undone := len(overview.rows) - overview.statuses["done"]:
        found.append(f"{undone} of {len(overview.rows)} recordings were not read to the end; the reasons are below.")
    if len(overview.setups) > 1:
        found.append("Recordings were read by different networks, versions or settings: compare only those of one group.")
    if faceless := sum(row.measured is not None and not row.measured.with_face for row in measured):
        found.append(f"{_many(faceless)} without any face.")
    if rare := sum(0 < row.measured.with_face < row.frames / 2 for row in measured if row.measured is not None):
        found.append(f"{_many(rare)} with a face in less than half of the frames.")
    present = sum(row.measured.present for row in measured if row.measured is not None and row.measured.timed)
    uncertain = sum(sum(row.measured.uncertain.values()) for row in measured if row.measured is not None and row.measured.timed)
    if present and uncertain > NOTEWORTHY * present:
        found.append(f"Faces were uncertain for {percent(uncertain, present)} of their time.")
    return tuple(found)


def data(overview: Overview, table: Sequence[Column]) -> dict[str, Any]:
    """What the program in the page sorts, draws and saves."""
    return {
        "name": overview.name,
        "labels": list(overview.labels),
        "columns": [{"name": column.name, "label": column.label} for column in table],
        "rows": [[_rounded(column.values[i]) for column in table] for i in range(len(overview.rows))],
    }


def _of_frames(overview: Overview) -> tuple[Value, ...]:
    return tuple(None if row.measured is None else _share(row.measured.with_face, row.frames) for row in overview.rows)


def _labelled(label: str) -> Callable[[Measured], Value]:
    def value(one: Measured) -> Value:
        return _share(one.labelled.get(label, 0.0), one.labelled_sum) if label in one.setup.labels else None

    return value


def _uncertain(reason: str) -> Callable[[Measured], Value]:
    return lambda one: _share(one.uncertain.get(reason, 0.0), one.present)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _distribution(column: Column) -> Distribution:
    values: NDArray[np.float64] = np.array([value for value in column.values if value is not None], np.float64)
    end = 1.0 if column.kind in ("share", "quality") else float(values.max()) or 1.0
    bars, _ = np.histogram(values, BARS, (0.0, end))
    low, quarter, median, three_quarters, high = (float(value) for value in np.quantile(values, (0, 0.25, 0.5, 0.75, 1)))
    return Distribution(
        column, len(values), low, quarter, median, float(values.mean()), three_quarters, high, end, tuple(map(int, bars))
    )


def _rounded(value: Value) -> Value:
    return round(value, 4) if isinstance(value, float) else value


def _many(count: int) -> str:
    return "1 recording is" if count == 1 else f"{count} recordings are"
