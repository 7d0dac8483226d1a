"""Figures of a network as plots: confusion, risk against coverage, accuracy against balanced accuracy.

Every function writes one PNG, replacing the file; `title` names network, split and n. No plot shows a face.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from train.judging.metrics import Scorecard
from train.judging.selective import Point, RiskCoverage
from train.paper import figures
from train.paper.figures import LABEL_PT, SMALL_PT, TITLE_PT

FLOOR = (0.82, 0.62)
GOAL = (0.86, 0.72)
"""Accuracy and balanced accuracy on PublicTest that the project asks of one network at one setting."""


def confusion(scores: Scorecard, title: str, path: Path) -> None:
    """Rows true, columns predicted; the colour is the share of the row, so that rare classes show too.

    Raises:
        SinkError: the file cannot be written.
    """
    k = len(scores.labels)
    totals = scores.confusion.sum(axis=1, keepdims=True)
    shares = scores.confusion / np.maximum(totals, 1)
    figure = Figure(figsize=(0.8 * k + 2.2, 0.7 * k + 2.0), layout="compressed")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(k):
        for column in range(k):
            colour = "white" if shares[row, column] > 0.55 else "black"
            text = f"{scores.confusion[row, column]}\n{shares[row, column]:.0%}" if totals[row, 0] else "-"
            axes.text(column, row, text, ha="center", va="center", fontsize=SMALL_PT, color=colour)
    axes.set_xticks(range(k), scores.labels, rotation=35, ha="right", fontsize=LABEL_PT)
    axes.set_yticks(
        range(k), [f"{label} ({n})" for label, n in zip(scores.labels, totals[:, 0], strict=True)], fontsize=LABEL_PT
    )
    axes.set_xlabel("predicted", fontsize=LABEL_PT)
    axes.set_ylabel("true (images)", fontsize=LABEL_PT)
    subtitle = f"accuracy {scores.accuracy:.1%}, balanced accuracy {scores.balanced_accuracy:.1%}"
    axes.set_title(f"{title}\n{subtitle}", fontsize=TITLE_PT)
    figures.save(figure, path)


def risk_coverage(curve: RiskCoverage, title: str, path: Path) -> None:
    """Share of wrong labels against share of labelled images, and the recommended threshold; errors as `confusion`."""
    figure = Figure(figsize=(7.0, 4.8), layout="compressed")
    axes = figure.subplots()
    axes.plot(curve.coverage, curve.risk, color="tab:blue")
    chosen = curve.at(curve.uncertain_below)
    coverage, risk = chosen.coverage, chosen.risk
    axes.plot([coverage], [risk], "o", color="tab:red")
    axes.annotate(
        f"`uncertain` below {curve.uncertain_below:.2f}:\n{coverage:.1%} labelled, {risk:.1%} of these wrong",
        (coverage, risk),
        xytext=(-20, 25),
        textcoords="offset points",
        ha="right",
        fontsize=LABEL_PT,
        arrowprops={"arrowstyle": "-", "color": "tab:red"},
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: share of images that get a label", fontsize=LABEL_PT)
    axes.set_ylabel("risk: share of wrong labels", fontsize=LABEL_PT)
    axes.grid(alpha=0.3)
    axes.set_title(f"{title}\nrisk against coverage, mean risk {curve.area:.3f}", fontsize=TITLE_PT)
    figures.save(figure, path)


def tau_curve(curve: Sequence[Point], title: str, path: Path) -> None:
    """Accuracy against balanced accuracy over tau, with the project's floor and goal; errors as `confusion`."""
    figure = Figure(figsize=(7.0, 5.2), layout="compressed")
    axes = figure.subplots()
    axes.plot([p.balanced_accuracy for p in curve], [p.accuracy for p in curve], "o-", color="tab:blue", markersize=3)
    for point in curve:
        if round(abs(point.tau) * 10) % 5 == 0:
            place = (point.balanced_accuracy, point.accuracy)
            axes.annotate(f"tau {point.tau:+.1f}", place, xytext=(6, 4), textcoords="offset points", fontsize=LABEL_PT)
    for (accuracy, balanced), name, marker in ((FLOOR, "floor", "^"), (GOAL, "goal", "*")):
        axes.plot([balanced], [accuracy], marker, color="tab:red", markersize=9)
        axes.annotate(
            name, (balanced, accuracy), xytext=(8, -4), textcoords="offset points", fontsize=LABEL_PT, color="tab:red"
        )
    axes.set_xlabel("balanced accuracy", fontsize=LABEL_PT)
    axes.set_ylabel("accuracy", fontsize=LABEL_PT)
    axes.margins(x=0.1)
    axes.grid(alpha=0.3)
    axes.set_title(f"{title}\nlogit adjustment by tau beyond what the file has", fontsize=TITLE_PT)
    figures.save(figure, path)


def risk_by_set(curves: Mapping[str, RiskCoverage], threshold: float, title: str, path: Path) -> None:
    """Risk against coverage, a line per set, with a mark at the program's threshold; errors as `confusion`."""
    figure = Figure(figsize=(7.0, 4.8), layout="compressed")
    axes = figure.subplots()
    for name, curve in curves.items():
        point = curve.at(threshold)
        label = f"{name}: {point.coverage:.1%} labelled, {point.risk:.1%} of these wrong"
        (line,) = axes.plot(curve.coverage, curve.risk, label=label)
        axes.plot([point.coverage], [point.risk], "o", color=line.get_color())
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: share of images that get a label", fontsize=LABEL_PT)
    axes.set_ylabel("risk: share of wrong labels", fontsize=LABEL_PT)
    axes.legend(fontsize=SMALL_PT, loc="upper left", title=f"dots: `uncertain` below {threshold:g}", title_fontsize=SMALL_PT)
    axes.grid(alpha=0.3)
    axes.set_title(f"{title}\nrisk against coverage", fontsize=TITLE_PT)
    figures.save(figure, path)
