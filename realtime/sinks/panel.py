"""The panel of one image: original, equalized, edges, regions and bars, one row per face. It shows faces: never commit one.

The only file that imports matplotlib.
"""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from realtime import preprocess
from realtime.drawing.style import colour_of
from realtime.errors import SinkError
from realtime.lesson import algorithms
from realtime.lesson.algorithms import RegionDetector
from realtime.lesson.reading import FaceReading, ImageReading
from realtime.lesson.steps import MARGIN
from realtime.sinks.paths import reason

DPI = 150
TITLE_PT, LABEL_PT, SMALL_PT = 12, 10, 8.5

MOST_ROWS = 4
"""Largest number of faces in a panel; with more, rows would be too small."""

ROW_IN = 2.1
"""Height of a row, inches."""

LARGEST_SIDE = 1000
"""Longer side of the original in the panel, pixels."""

Image = NDArray[np.uint8]

Save = Callable[[Figure, Path], None]


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG. Renders it in memory first, so that a failure leaves an existing file unchanged.

    Raises:
        SinkError: the file cannot be written; a partial file is removed.
    """
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.1)
    try:
        path.write_bytes(data.getvalue())
    except OSError as error:
        if path.is_file():
            path.unlink()
        raise SinkError(f"cannot write {path}: {reason(error)}") from error


def panel(reading: ImageReading, title: str, path: Path, save: Save = save) -> None:
    """Draws the panel of an image.

    Args:
        reading: the image and its faces.
        title: name of the image.
        path: of the PNG; an existing file is replaced.
        save: writes the figure.

    Raises:
        SinkError: it cannot be written.
    """
    faces = reading.faces[:MOST_ROWS]
    height, width = reading.image.shape[:2]
    wide = min(max(width / height, 1.0), 1.8)
    figure = Figure(figsize=((wide + 3 + 2.0) * ROW_IN, ROW_IN * len(faces) + 1.1), layout="constrained")
    found = RegionDetector().detect(reading.image)
    rows = figure.subplots(len(faces), 5, squeeze=False, width_ratios=(wide, 1, 1, 1, 1.5))
    for number, (face, cells) in enumerate(zip(faces, rows, strict=True), start=1):
        name = f"#{number}" if len(faces) > 1 else ""
        show(cells[0], _original(reading, face))
        cells[0].set_ylabel(name, fontsize=LABEL_PT, rotation=0, ha="right", va="center")
        show(cells[1], preprocess.equalize(face.small))
        show(cells[2], algorithms.edges(face.small))
        annotated = to_rgb(found.annotated)
        show(cells[3], annotated if reading.note else _around(annotated, face.box_xyxy * np.float32(found.scale)))
        _bars(cells[4], face, reading.labels)
    side = len(faces[0].small)
    headings = ("original", f"equalized, {side}×{side}", "edges (Algorithm 1)", "regions (Algorithm 2)", "probability (%)")
    for cell, heading in zip(rows[0], headings, strict=True):
        cell.set_title(heading, fontsize=LABEL_PT)
    rows[-1][3].set_xlabel(found.message, fontsize=SMALL_PT)
    lines = [f"{title}   ({reading.model})", reading.note]
    if len(faces) < len(reading.faces):
        lines.append(f"the {len(faces)} largest of {len(reading.faces)} faces")
    figure.suptitle("\n".join(line for line in lines if line), fontsize=TITLE_PT)
    figure.legend(handles=region_legend(), loc="outside lower center", ncols=3, fontsize=SMALL_PT, frameon=False)
    save(figure, path)


def show(axes: Axes, image: Image) -> None:
    """Draws one image, gray (H,W) or RGB (H,W,3), without axes, and without smoothing if it is enlarged."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest" if image.shape[0] < 150 else "antialiased")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def to_rgb(bgr: Image) -> Image:
    """BGR -> RGB, for matplotlib."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def region_legend() -> list[Patch]:
    """The legend of Algorithm 2's boxes."""
    colours = {"face": algorithms.FACE_COLOUR, "eyes": algorithms.EYE_COLOUR, "mouth": algorithms.MOUTH_COLOUR}
    return [
        Patch(facecolor="none", edgecolor=f"#{red:02x}{green:02x}{blue:02x}", linewidth=2, label=name)
        for name, (blue, green, red) in colours.items()
    ]


def _original(reading: ImageReading, face: FaceReading) -> NDArray[np.uint8]:
    """The whole image at panel size, with this row's face marked unless the image is the face."""
    height, width = reading.image.shape[:2]
    factor = min(1.0, LARGEST_SIDE / max(height, width))
    image = cv2.resize(reading.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    if not reading.note:
        x1, y1, x2, y2 = (int(value) for value in np.rint(face.box_xyxy * factor))
        line = max(algorithms.LINE_PX, round(max(image.shape) / 250))
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), algorithms.FACE_COLOUR, line)
    return to_rgb(np.asarray(image, dtype=np.uint8))


def _around(image: NDArray[np.uint8], box_xyxy: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A square crop with a face and its margin, shifted to stay inside the image."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (float(value) for value in box_xyxy)
    side = min(round((x2 - x1) * (1 + 2 * MARGIN)), height, width)
    left = min(max(round((x1 + x2 - side) / 2), 0), width - side)
    top = min(max(round((y1 + y2 - side) / 2), 0), height - side)
    return image[top : top + side, left : left + side]


def _bars(axes: Axes, face: FaceReading, labels: tuple[str, ...]) -> None:
    percents = face.probs * 100
    places = np.arange(len(labels))
    colours = [f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}" for colour in map(colour_of, labels)]
    axes.barh(places, percents, color=colours, edgecolor="0.3", linewidth=0.6)
    for place, percent in zip(places, percents, strict=True):
        weight = "bold" if place == face.best else "normal"
        axes.text(percent + 1.5, float(place), f"{percent:.1f}", va="center", fontsize=SMALL_PT, weight=weight)
    axes.set_yticks(places, labels, fontsize=SMALL_PT)
    axes.invert_yaxis()
    axes.set_xlim(0, 118)
    axes.set_xticks([0, 50, 100], ["0", "50", "100"], fontsize=SMALL_PT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(f"shown as: {face.label}", fontsize=SMALL_PT, weight="bold")
