"""Frames to draw on, and what the overlay changed in them."""

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult, Percentiles, TrackedFace
from realtime.drawing.canvas import Colour, Rect
from realtime.drawing.hud import Status
from tests import builders

HUD = Status(fps=29.8, latency_ms=Percentiles(14.2, 22.1, 30.0))


def changed(result: FrameResult, image: NDArray[np.uint8]) -> Rect:
    """The smallest rectangle around all pixels that differ from the frame."""
    ys, xs = np.nonzero((image != result.frame.image).any(axis=2))
    return Rect(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)


def near(image: NDArray[np.uint8], colour: Colour, tolerance: int = 12) -> NDArray[np.bool_]:
    return np.asarray(np.abs(image.astype(int) - np.array(colour)).max(axis=2) <= tolerance)


def plain(size_wh: tuple[int, int], *faces: TrackedFace, fill: int = 90) -> FrameResult:
    return builders.result(faces, of=builders.frame(size_wh=size_wh, fill=fill))
