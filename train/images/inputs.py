"""Inputs of the network: the live program's equalized image or, for comparison, the raw image or its edges."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.lesson import algorithms

Image = NDArray[np.uint8]


def raw(face: Image) -> Image:
    """The unchanged gray image, uint8 (48,48)."""
    return preprocess.shrink(preprocess.to_gray(face))


def edges(face: Image) -> Image:
    """The edges from the paper's Algorithm 1: 255 on an edge, 0 elsewhere, uint8 (48,48)."""
    return algorithms.edges(raw(face))


INPUTS: dict[str, Callable[[Image], Image]] = {"equalized": preprocess.prepare, "raw": raw, "edges": edges}
