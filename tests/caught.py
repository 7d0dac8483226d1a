"""Catches figures that would have been written."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray


class Caught:
    """A `figures.save` that keeps what would have been drawn."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.paths: list[Path] = []

    def __call__(self, figure: Figure, path: Path) -> None:
        figure.draw_without_rendering()
        self.figures.append(figure)
        self.paths.append(path)

    @property
    def axes(self) -> list[Axes]:
        return self.figures[-1].axes

    def images(self) -> list[NDArray[np.uint8]]:
        """The images of the last figure, row by row; places without an image left out."""
        shown = [np.asarray(axes.images[0].get_array()) for axes in self.axes if axes.images]
        return [image for image in shown if image.shape != (1, 1)]

    def title(self) -> str:
        return self.figures[-1].get_suptitle()
