"""A scorecard as text for a terminal."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from train.judging import metrics
from train.judging.intervals import Share
from train.judging.metrics import Scorecard


def in_short(scores: Scorecard) -> str:
    """n, accuracy, balanced accuracy and macro-F1 in one line."""
    return (
        f"n {scores.n}   accuracy {scores.accuracy:.4f}   balanced accuracy {scores.balanced_accuracy:.4f}   "
        f"macro-F1 {scores.macro_f1:.4f}"
    )


def percent(share: Share, *, interval: bool = True) -> str:
    """A share as text, "12.3 % (10.1-14.9)" or, without its interval, "12.3 %"; "-" where n is 0."""
    ends = share.interval
    if ends is None:
        return "-"
    return f"{100 * share.value:.1f} %" + (f" ({100 * ends.low:.1f}-{100 * ends.high:.1f})" if interval else "")


def show_scores(scores: Scorecard, title: str, console: Console) -> None:
    """Prints figures, a row per class, and the confusion matrix."""
    console.print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{in_short(scores)}   NLL {scores.nll:.4f}   ECE {scores.ece:.4f} ({metrics.ECE_BINS} bins)",
        highlight=False,
        soft_wrap=True,
    )
    classes = [
        (label, (str(scores.support[i]), *(_cell(value) for value in (scores.recall[i], scores.precision[i], scores.f1[i]))))
        for i, label in enumerate(scores.labels)
    ]
    console.print(of_rows("class", ("images", "recall", "precision", "F1"), classes, title="per class"))
    confusion = [
        (label, tuple(str(count) for count in row)) for label, row in zip(scores.labels, scores.confusion, strict=True)
    ]
    headings = tuple(label[:4] for label in scores.labels)
    console.print(of_rows("true \\ predicted", headings, confusion, title="confusion: images"))


def of_rows(
    first: str, headings: Sequence[str], rows: Sequence[tuple[str, tuple[str, ...]]], title: str | None = None
) -> Table:
    """A table of named rows, with all columns but the first aligned to the right."""
    table = Table(title=title)
    table.add_column(first, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _cell(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
