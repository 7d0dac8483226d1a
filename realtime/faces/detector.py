"""Detects faces with OpenCV's Haar cascades (the paper's Algorithm 2), on images shrunk as far as the search allows."""

from pathlib import Path
from typing import Protocol

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import Faces
from realtime.errors import ModelError

SHIPPED = Path(cv2.data.haarcascades)
"""The folder with OpenCV's cascades."""

CASCADE = "haarcascade_frontalface_default.xml"

SEARCH_SIDE = 28
"""Side in pixels of the smallest wanted face after shrinking; the cascade's own window is 24."""

SCALE_STEP = 1.1
MIN_NEIGHBOURS = 5
"""The values of OpenCV's tutorial, the common reference."""

DEFAULT_MIN_FACE = 1 / 12
"""Side of the smallest face to find, as a share of the frame's height: 60 px at 720 lines."""


class Detector(Protocol):
    """Detects faces in one gray image."""

    def detect(self, gray: NDArray[np.uint8]) -> Faces:
        """uint8 (H,W) -> its faces."""


class HaarDetector:
    """Frontal faces by the Haar cascade that OpenCV ships.

    Args:
        min_face: side of the smallest face to find, in pixels of the image; 0 means a twelfth of its height.
        search_side: side of a face of that size after shrinking, pixels.
        scale_step: ratio between successive window sizes.
        min_neighbours: windows that must agree.

    Raises:
        ModelError: this build of OpenCV has no cascades.
    """

    def __init__(
        self,
        min_face: float = 0,
        *,
        search_side: int = SEARCH_SIDE,
        scale_step: float = SCALE_STEP,
        min_neighbours: int = MIN_NEIGHBOURS,
    ) -> None:
        self._cascade = load_cascade(CASCADE)
        self._min_face = min_face
        self._search_side = search_side
        self._scale_step = scale_step
        self._min_neighbours = min_neighbours

    def detect(self, gray: NDArray[np.uint8]) -> Faces:
        """uint8 (H,W) -> square boxes; a box's score is the number of windows that agreed on it."""
        height, width = gray.shape
        smallest = self._min_face or height * DEFAULT_MIN_FACE
        factor = max(1.0, smallest / self._search_side)
        size = (round(width / factor), round(height / factor))
        if min(size) < self._search_side:
            return Faces.empty()
        small = gray if factor == 1.0 else cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
        side = max(24, round(smallest / factor))
        boxes_xywh, votes = self._cascade.detectMultiScale2(
            small, scaleFactor=self._scale_step, minNeighbors=self._min_neighbours, minSize=(side, side)
        )
        if len(boxes_xywh) == 0:
            return Faces.empty()
        boxes = np.asarray(boxes_xywh, dtype=np.float32) * np.float32(height / size[1])
        boxes[:, 2:] += boxes[:, :2]
        return Faces(boxes, np.asarray(votes, dtype=np.float32).ravel())


def load_cascade(name: str, folder: Path = SHIPPED) -> cv2.CascadeClassifier:
    """Loads one of the cascades that OpenCV ships. Do not share it between threads.

    Raises:
        ModelError: this build of OpenCV lacks it.
    """
    path = folder / name
    cascade = cv2.CascadeClassifier(str(path)) if path.is_file() else cv2.CascadeClassifier()
    if cascade.empty():
        raise ModelError(f"this build of OpenCV ({cv2.__version__}) lacks {name}; install opencv-python 4.14 or later, below 5")
    return cascade
