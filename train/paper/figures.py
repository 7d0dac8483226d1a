"""The paper's Figures 2 to 4 from labelled faces: class samples, edges and regions. They show faces: never commit them.

Every function writes one PNG and replaces an existing file.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from realtime import preprocess
from realtime.lesson import algorithms
from realtime.lesson.algorithms import RegionDetector
from realtime.sinks.panel import LABEL_PT as LABEL_PT
from realtime.sinks.panel import SMALL_PT as SMALL_PT
from realtime.sinks.panel import TITLE_PT as TITLE_PT
from realtime.sinks.panel import Image, region_legend, show, to_rgb
from realtime.sinks.panel import Save as Save
from realtime.sinks.panel import save as save
from train.data.datasets import FaceSet

TILE_IN = 1.3
"""Size of a face in a figure, inches."""

SAMPLES = 4
"""Faces per class in Figure 2."""

REGION_SAMPLES = 2
"""Faces per class in Figure 4."""


def class_samples(faces: FaceSet, title: str, path: Path, save: Save = save) -> None:
    """Figure 2: one column per class, with different people where the names identify them.

    Args:
        faces: the data.
        title: of the figure: data and split.
        path: of the PNG.
        save: writes the figure.

    Raises:
        SinkError: it cannot be written.
    """
    columns = [[faces.images[row] for row in sample(faces, label, SAMPLES)] for label in faces.labels]
    counts = [int((faces.classes() == index).sum()) for index in range(len(faces.labels))]
    headings = [f"{label}\n{count} images" for label, count in zip(faces.labels, counts, strict=True)]
    save(_grid(columns, headings, [""] * SAMPLES, f"{title}: samples of each class (n = {len(faces)})"), path)


def edges(faces: FaceSet, title: str, path: Path, save: Save = save) -> None:
    """Figure 3: Algorithm 1 step by step on one face of each class; arguments and errors as in `class_samples`."""
    columns = []
    for label in faces.labels:
        chosen = [faces.images[row] for row in sample(faces, label, 1)]
        columns.append([step for gray in chosen for step in (gray, preprocess.equalize(gray), algorithms.edges(gray))])
    steps = ["original", "equalized", "Canny edges"]
    save(_grid(columns, list(faces.labels), steps, f"{title}: edges of each class (Algorithm 1)"), path)


def regions(faces: FaceSet, title: str, path: Path, save: Save = save) -> None:
    """Figure 4: Algorithm 2 on faces of each class; arguments and errors as in `class_samples`."""
    detector = RegionDetector()
    found = [[detector.detect(faces.images[row]) for row in sample(faces, label, REGION_SAMPLES)] for label in faces.labels]
    columns = [[to_rgb(each.annotated) for each in column] for column in found]
    figure = _grid(columns, list(faces.labels), [""] * REGION_SAMPLES, f"{title}: regions of each class (Algorithm 2)")
    for column, each in enumerate(found):
        for row, region in enumerate(each):
            figure.axes[row * len(found) + column].set_xlabel(region.message, fontsize=SMALL_PT)
    figure.legend(handles=region_legend(), loc="outside lower center", ncols=3, fontsize=LABEL_PT, frameon=False)
    save(figure, path)


def sample(faces: FaceSet, label: str, count: int) -> list[int]:
    """Rows of up to `count` faces of a class, evenly spread over its list.

    From a sequence (names equal up to the last underscore, as in CK+) it takes only the last image, the strongest expression,
    unless that leaves too few.
    """
    rows = np.flatnonzero(faces.classes() == faces.labels.index(label))
    by_sequence = {faces.names[row].rpartition("_")[0]: int(row) for row in sorted(rows, key=lambda row: faces.names[row])}
    peaks = list(by_sequence.values()) if len(by_sequence) >= count else [int(row) for row in rows]
    places = np.linspace(0, len(peaks), count, endpoint=False) + len(peaks) / count / 2
    return list(dict.fromkeys(peaks[int(place)] for place in places)) if peaks else []


def _grid(columns: list[list[Image]], headings: list[str], rows: list[str], title: str) -> Figure:
    """Images in columns; a column with fewer than the others ends early."""
    size_in = (TILE_IN * len(columns) + 0.9, (TILE_IN + 0.1) * len(rows) + 1.0)
    figure = Figure(figsize=size_in, layout="compressed")
    figure.suptitle(title, fontsize=TITLE_PT)
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for column, (images, heading) in enumerate(zip(columns, headings, strict=True)):
        grid[0, column].set_title(heading, fontsize=LABEL_PT)
        for row, name in enumerate(rows):
            axes = grid[row, column]
            show(axes, images[row] if row < len(images) else np.full((1, 1), 255, np.uint8))
            if column == 0 and name:
                axes.set_ylabel(name, fontsize=LABEL_PT)
    return figure
