"""The paper's Figures 6 and 7 and the trade-off suggested in its conclusion, drawn from results.

They show no faces. Every function writes one PNG and replaces an existing file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from train.learning.engine import Epoch
from train.paper.figures import LABEL_PT, SMALL_PT, TITLE_PT, Save, save
from train.reproduce import rows
from train.reproduce.results import Result
from train.reproduce.tradeoff import Cost, Costs, Timing
from train.reproduce.verdicts import common_splits, name_splits

DATA = "CK+48"

TRAINING, VALIDATION = "#0072b2", "#d55e00"
"""Okabe and Ito's blue and vermilion: distinct for colour-blind people and in print."""

NETWORK_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette without yellow, which is invisible on white."""

PROTOCOL_WORDS = {"A": "80/20 by image (leaky)", "B": "by person, 10 folds", "C": "zero-shot"}

SMALLEST, LARGEST = 40.0, 420.0
"""Marker areas of the trade-off, square points, for zero and for the most parameters."""


def curves(transfer: Result, scratch: Result, path: Path, save: Save = save) -> None:
    """Figure 6: accuracy and loss by epoch, in training and validation, (a) with and (b) without transfer learning.

    Lines are means over the splits, bands go from lowest to highest.

    Raises:
        SinkError: it cannot be written.
    """
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    figure.suptitle(f"Figure 6: training and validation\n{_counts(transfer, scratch)}", fontsize=TITLE_PT)
    grid = figure.subplots(2, 2, sharex=True, sharey="row")
    for column, (result, arm) in enumerate(((transfer, "(a) with transfer learning"), (scratch, "(b) from scratch"))):
        top, bottom = grid[0, column], grid[1, column]
        epochs = [split.curve for split in result.splits if split.curve]
        for name, field, colour in (("training", "train", TRAINING), ("validation", "val", VALIDATION)):
            _band(top, epochs, f"{field}_accuracy", 100, colour, name)
            _band(bottom, epochs, f"{field}_loss", 1, colour, name)
        top.set_title(f"{arm}, {name_splits(_names(result))}", fontsize=LABEL_PT)
        published = _published(result.row)
        if published is not None:
            top.axhline(100 * published, color="0.35", linewidth=1, linestyle=":", label=f"published: {100 * published:.2f} %")
        top.legend(loc="lower right", fontsize=SMALL_PT, frameon=False)
        bottom.set_xlabel("epoch", fontsize=LABEL_PT)
        bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid[0, 0].set_ylabel("accuracy (%)", fontsize=LABEL_PT)
    grid[1, 0].set_ylabel("loss (cross-entropy, nats)", fontsize=LABEL_PT)
    grid[0, 0].set_ylim(top=101)
    grid[1, 0].set_ylim(bottom=0)
    for axes in grid.flat:
        _plain(axes)
    figure.supxlabel(
        "Line: mean over the splits; band: lowest to highest. Training figures are taken while the epoch runs, with the "
        "weights of that moment.",
        x=0.01,
        ha="left",
        fontsize=SMALL_PT,
        color="0.25",
    )
    save(figure, path)


def confusions(transfer: Result, scratch: Result, path: Path, save: Save = save) -> None:
    """Figure 7: both confusion matrices, over the test images of all splits.

    Raises:
        SinkError: it cannot be written.
    """
    figure = Figure(figsize=(10.4, 5.9), layout="constrained")
    figure.suptitle(f"Figure 7: confusion matrices, all splits added up\n{_counts(transfer, scratch)}", fontsize=TITLE_PT)
    pair = figure.subplots(1, 2)
    for axes, result, arm in zip(pair, (transfer, scratch), ("(a) with transfer learning", "(b) from scratch"), strict=True):
        right = sum(split.right for split in result.splits)
        title = f"{arm}, {name_splits(_names(result))}: {right} of {result.n} right ({100 * right / result.n:.2f} %)"
        _matrix(axes, result, title)
    pair[0].set_ylabel("true", fontsize=LABEL_PT)
    figure.supxlabel(
        "Cell: images, and their share of the true class, which is also the colour (white 0 %, blue 100 %).",
        x=0.01,
        ha="left",
        fontsize=SMALL_PT,
        color="0.25",
    )
    save(figure, path)


def trade_off(costs: Costs, results: Mapping[str, Result], path: Path, save: Save = save) -> None:
    """Accuracy by person against milliseconds per face; circles: full precision, diamonds: int8, one colour per network.

    Networks are compared on their common folds; networks without a result are left out.

    Args:
        costs: of the networks.
        results: by row.
        path: of the PNG.

    Raises:
        ValueError: no results, or no common folds.
        SinkError: it cannot be written.
    """
    shown = [cost for cost in costs.networks if cost.row in results]
    folds = common_splits(results[cost.row] for cost in shown)
    if not folds:
        raise ValueError("the networks have no fold in common")
    part = {cost.row: results[cost.row].only(folds) for cost in shown}
    shown.sort(key=lambda cost: part[cost.row].accuracy(), reverse=True)
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    one = part[shown[0].row]
    figure.suptitle(
        f"Accuracy and cost: {DATA}, {PROTOCOL_WORDS[one.protocol]}, {name_splits(folds)}, n = {one.n} test images\n"
        f"ONNX on {costs.machine}: {_threads(costs.threads)}, batch {costs.batch}, median of {costs.n} calls",
        fontsize=TITLE_PT,
    )
    axes = figure.subplots()
    handles = []
    for number, cost in enumerate(shown):
        colour = NETWORK_COLOURS[number % len(NETWORK_COLOURS)]
        result = part[cost.row]
        area = _area(cost.parameters, [other.parameters for other in shown])
        times = {"o": cost.fp32} | ({"D": cost.int8} if cost.int8 else {})
        _mark(axes, times, result, area, colour)
        words = f"{title_of(cost)}\n{100 * result.accuracy():.1f} %, {_millions(cost.parameters)} parameters"
        handles.append(Line2D([], [], color=colour, marker="s", linestyle="", markersize=8, label=words))
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("time per face (ms, logarithmic)", fontsize=LABEL_PT)
    axes.set_ylabel("accuracy by person (%)", fontsize=LABEL_PT)
    _plain(axes)
    kinds = [
        Line2D([], [], color="0.35", marker=mark, linestyle="", markersize=7, label=name)
        for mark, name in (("o", "fp32"), ("D", "int8"))
    ]
    figure.legend(handles=[*handles, *kinds], loc="outside right center", fontsize=SMALL_PT, frameon=False, labelspacing=1.1)
    figure.supxlabel(
        "Bar: Wilson's 95 % interval; larger marker: more parameters. Accuracy is that of the trained network in "
        "torch, for its int8 file too.",
        x=0.01,
        ha="left",
        fontsize=SMALL_PT,
        color="0.25",
    )
    save(figure, path)


def title_of(cost: Cost) -> str:
    """The title of the network's row, or its own name without a row."""
    return next((row.title for row in rows.ROWS if row.name == cost.row), cost.network)


def _band(axes: Axes, epochs: Sequence[Sequence[Epoch]], field: str, scale: float, colour: str, name: str) -> None:
    """Draws one curve over the splits, up to the end of the shortest; nothing if no split has a curve."""
    length = min((len(curve) for curve in epochs), default=0)
    if length == 0:
        return
    values = scale * np.array([[getattr(epoch, field) for epoch in curve[:length]] for curve in epochs])
    x = [epoch.epoch for epoch in epochs[0][:length]]
    axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, values.mean(axis=0), color=colour, linewidth=2, marker="o", markersize=4, label=name)


def _matrix(axes: Axes, result: Result, title: str) -> None:
    counts = result.confusion()
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_title(title, fontsize=LABEL_PT)
    every = range(len(result.labels))
    axes.set_xticks(every, result.labels, rotation=35, ha="right", rotation_mode="anchor", fontsize=SMALL_PT)
    names = [f"{label} ({total})" for label, total in zip(result.labels, totals[:, 0], strict=True)]
    axes.set_yticks(every, names, fontsize=SMALL_PT)
    axes.set_xlabel("named", fontsize=LABEL_PT)
    for row in every:
        for column in every:
            if counts[row, column] == 0:
                continue
            colour = "white" if shares[row, column] > 0.5 else "0.1"
            share = f"{100 * shares[row, column]:.1f} %" if shares[row, column] < 1 else "100 %"
            axes.text(column, row - 0.15, str(counts[row, column]), ha="center", va="center", fontsize=LABEL_PT, color=colour)
            axes.text(column, row + 0.24, share, ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_xticks(np.arange(len(result.labels) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(result.labels) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _mark(axes: Axes, times: Mapping[str, Timing], result: Result, area: float, colour: str) -> None:
    """Draws one network: its markers at the height of its accuracy, joined by a line, each with the interval."""
    interval, accuracy = result.interval(), 100 * result.accuracy()
    x = [timing.median_ms for timing in times.values()]
    bars = [[accuracy - 100 * interval.low], [100 * interval.high - accuracy]]
    axes.plot(x, [accuracy] * len(x), color=colour, linewidth=1, alpha=0.5, zorder=1)
    for mark, ms in zip(times, x, strict=True):
        axes.errorbar(ms, accuracy, yerr=bars, color=colour, linewidth=1.2, capsize=3, alpha=0.6, zorder=2)
        axes.scatter(ms, accuracy, s=area, marker=mark, color=colour, edgecolors="white", linewidths=1, zorder=3)


def _area(parameters: int, every: list[int]) -> float:
    """Marker area: SMALLEST for 0 parameters, LARGEST for the most."""
    return SMALLEST + (LARGEST - SMALLEST) * parameters / max(every)


def _plain(axes: Axes) -> None:
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=SMALL_PT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _names(result: Result) -> tuple[str, ...]:
    return tuple(split.split for split in result.splits)


def _counts(transfer: Result, scratch: Result) -> str:
    """Data, split and numbers of images for a title; ranges if splits differ."""
    splits = [*transfer.splits, *scratch.splits]
    learned = _range([split.train_pictures for split in splits])
    tested = _range([split.n for split in splits])
    return f"{DATA}, {PROTOCOL_WORDS[transfer.protocol]}; {learned} training and {tested} test images per split"


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def _published(name: str) -> float | None:
    found = [row.published for row in rows.ROWS if row.name == name]
    return found[0].accuracy if found and found[0] else None


def _millions(parameters: int) -> str:
    return f"{parameters / 1e6:.1f} M"


def _threads(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"
