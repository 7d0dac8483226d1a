"""The paper's Figure 5: the layers of the network as a drawing and a table, with counted costs."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from train.network.layers import Stage
from train.paper.figures import LABEL_PT, SMALL_PT, TITLE_PT, Save, save

COLUMNS = ("stage", "layers (of the first block)", "residual blocks", "output", "parameters", "MACs", "share of MACs")
WIDTHS = (0.09, 0.32, 0.12, 0.13, 0.11, 0.10, 0.13)
"""Widths of the table's columns, as shares of the total."""

INPUT_COLOUR, PLAIN, RESIDUAL, HEAD = "#6e6e6e", "#e69f00", "#0072b2", "#009e73"
"""Okabe and Ito's palette: input, plain layers, residual stages, classification layer."""

TALLEST, LOWEST = 2.4, 0.28
"""Height of the input and of a single value in drawing units; sides in between are on a logarithmic scale."""

NOTE = (
    "Bar: one residual block (blue) or layer; its height is the side of its feature map, on a logarithmic scale. Arc: residual "
    "connection.\nMACs: multiply-accumulates of convolutions and linear layers."
)

BLOCK_WIDTH, BLOCK_GAP, STAGE_GAP = 0.26, 0.1, 0.62


def layers(stages: tuple[Stage, ...], title: str, side: int, path: Path, save: Save = save) -> None:
    """Figure 5: stages with their blocks, as high as their feature maps (logarithmic), above a table of costs.

    Args:
        stages: from `train.network.layers.stages`.
        title: name of the network.
        side: of the input, pixels.
        path: of the PNG; an existing file is replaced.
        save: writes the figure.

    Raises:
        SinkError: it cannot be written.
    """
    figure = Figure(figsize=(11.5, 6.6), layout="constrained")
    figure.suptitle(f"{title}: layers for one {side}×{side}×1 face", fontsize=TITLE_PT)
    drawing, table = figure.subplots(2, 1, height_ratios=(1.15, 1))
    _draw(drawing, stages, side)
    _tabulate(table, stages)
    figure.supxlabel(NOTE, x=0.01, ha="left", fontsize=SMALL_PT, color="0.25")
    save(figure, path)


def compact(number: int) -> str:
    """A count with three digits and a unit: 14343 -> 14.3 k, 0 -> –."""
    for limit, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= limit:
            value = number / limit
            return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"
    return str(number) if number else "–"


def size(output: tuple[int, ...]) -> str:
    """An output's size in the paper's notation: height x width x channels."""
    return "×".join(str(value) for value in (*output[1:], output[0]))


def _draw(axes: Axes, stages: tuple[Stage, ...], side: int) -> None:
    """Data flow from left to right; arcs over blocks are the residual connections."""
    x = _bar(axes, 0.0, side, side, INPUT_COLOUR)
    _caption(axes, 0.0, x, "input", f"{side}×{side}×1")
    for stage in stages:
        start = x + STAGE_GAP
        axes.annotate("", (start - 0.06, 0), (x + 0.06, 0), arrowprops={"arrowstyle": "-|>", "color": "0.3", "linewidth": 1})
        high = stage.output[1] if len(stage.output) == 3 else 1
        colour = _colour(stage)
        x = start
        for block in range(stage.blocks):
            left = start + block * (BLOCK_WIDTH + BLOCK_GAP)
            x = _bar(axes, left, high, side, colour)
            if stage.blocks > 1:
                _arc(axes, left, x, _height(high, side) / 2)
        _caption(axes, start, x, stage.name, size(stage.output))
    axes.set_xlim(-0.5, x + 0.5)
    axes.set_ylim(-TALLEST / 2 - 0.85, TALLEST / 2 + 0.35)
    axes.axis("off")


def _bar(axes: Axes, left: float, high: int, side: int, colour: str) -> float:
    """Draws a block; returns its right edge."""
    height = _height(high, side)
    shape = FancyBboxPatch(
        (left, -height / 2),
        BLOCK_WIDTH,
        height,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=colour,
        edgecolor="none",
    )
    axes.add_patch(shape)
    return left + BLOCK_WIDTH


def _height(high: int, side: int) -> float:
    return LOWEST + (TALLEST - LOWEST) * float(np.log2(high) / np.log2(side))


def _arc(axes: Axes, left: float, right: float, top: float) -> None:
    style = {"arrowstyle": "-", "color": "0.3", "linewidth": 1, "connectionstyle": "arc3,rad=-0.9"}
    axes.annotate("", (right + 0.03, top + 0.03), (left - 0.03, top + 0.03), arrowprops=style)


def _caption(axes: Axes, left: float, right: float, name: str, output: str) -> None:
    middle = (left + right) / 2
    axes.text(middle, -TALLEST / 2 - 0.12, name, ha="center", va="top", fontsize=LABEL_PT, weight="bold")
    axes.text(middle, -TALLEST / 2 - 0.46, output, ha="center", va="top", fontsize=SMALL_PT, color="0.25")


def _colour(stage: Stage) -> str:
    if stage.blocks > 1:
        return RESIDUAL
    return HEAD if len(stage.output) == 1 or stage.output[1:] == (1, 1) else PLAIN


def _tabulate(axes: Axes, stages: tuple[Stage, ...]) -> None:
    parameters, macs = sum(stage.parameters for stage in stages), sum(stage.macs for stage in stages)
    cells = [
        [
            stage.name,
            stage.operation,
            str(stage.blocks) if stage.blocks > 1 else "–",
            size(stage.output),
            compact(stage.parameters),
            compact(stage.macs),
            f"{100 * stage.macs / macs:.1f} %" if stage.macs else "–",
        ]
        for stage in stages
    ]
    blocks = sum(stage.blocks for stage in stages if stage.blocks > 1)
    cells.append(["total", "", str(blocks), "", compact(parameters), compact(macs), ""])
    table = axes.table(
        cells, colLabels=COLUMNS, colWidths=WIDTHS, cellLoc="right", colLoc="right", loc="center", edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(SMALL_PT)
    table.scale(1, 1.35)
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor("0.75")
        if column < 2:
            cell.set_text_props(ha="left")
        if row in (0, len(cells)):
            cell.set_text_props(weight="bold")
    axes.axis("off")
