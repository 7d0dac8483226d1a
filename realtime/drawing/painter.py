"""One painted image per frame, shared by every view and output."""

import threading

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult
from realtime.drawing import overlay
from realtime.drawing.hud import Status


class Painted:
    """A frame's result with its painted image, which is drawn once, at the first access and on that thread.

    Args:
        result: the frame and its faces.
    """

    def __init__(self, result: FrameResult) -> None:
        self.result = result
        self._lock = threading.Lock()
        self._image: NDArray[np.uint8] | None = None

    @property
    def image(self) -> NDArray[np.uint8]:
        """The frame with boxes, labels and bars, uint8 (H,W,3) BGR, read-only; as in saved files."""
        with self._lock:
            if self._image is None:
                self._image = overlay.draw(self.result)
                self._image.flags.writeable = False
            return self._image

    def view(self, status: Status, *, mirror: bool = False, size_wh: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """The same with the state of the program, uint8 (H,W,3), drawn anew: of the size it is shown at, and mirrored."""
        return overlay.draw(self.result, status, mirror=mirror, size_wh=size_wh)
