"""Readings of synthetic photographs."""

import numpy as np

from realtime.labels import LABELS
from realtime.lesson.reading import FaceReading, ImageReading
from tests.builders import probs


def reading_of(*labels: str, note: str = "", side: int = 100) -> ImageReading:
    """A synthetic photograph with faces of `side` pixels in a row."""
    image = np.full((240, 400, 3), 120, np.uint8)
    small = np.arange(48 * 48, dtype=np.uint16).reshape(48, 48).astype(np.uint8)
    faces = tuple(
        FaceReading(np.array([60 * n, 50, 60 * n + side, 50 + side], np.float32), small, probs(label, 0.6), label)
        for n, label in enumerate(labels)
    )
    return ImageReading(image, faces, LABELS, "net.onnx", note)
