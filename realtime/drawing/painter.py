"""One painted image per frame, shared by every view and output."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult
from realtime.drawing import board, overlay
from realtime.drawing.blur import MARGIN, hide
from realtime.drawing.hud import Status
from realtime.lesson.steps import Lesson, Steps

HOLD_S = 1.0
"""How long the place of a face stays hidden after it was last found, in the time of `Frame.time_s`."""


class Painter:
    """Makes the painted images of a run, one per frame, in order.

    Args:
        blur: hide every face that is found, or was found up to HOLD_S ago, before anything is painted.
        temporal: False for separate images, in which nothing but their own faces is hidden.
        lesson: works out the steps of the lesson view, if there is one; it is left out while faces are hidden.
        teach: whether saved images, too, are the lesson view.
    """

    def __init__(self, *, blur: bool = False, temporal: bool = True, lesson: Lesson | None = None, teach: bool = False) -> None:
        self.blur = blur
        """May be changed between two frames."""
        self._lesson = lesson
        self._teach = teach
        self._hold_s = HOLD_S if temporal else 0.0
        self._recent: deque[tuple[float, NDArray[np.float32]]] = deque()

    def paint(self, result: FrameResult) -> "Painted":
        """The frame as views and outputs show it."""
        self._remember(result)
        if self.blur:
            return Painted(self._hidden(result))
        return Painted(result, self._lesson, teach=self._teach)

    def _remember(self, result: FrameResult) -> None:
        """Keeps the places of faces, even while nothing is hidden: blur may begin with the next frame."""
        now = result.frame.time_s
        while self._recent and not 0 <= now - self._recent[0][0] <= self._hold_s:
            self._recent.popleft()
        self._recent.append((now, result.found_xyxy))

    def _hidden(self, result: FrameResult) -> FrameResult:
        image = hide(result.frame.image, _spread(box for _, boxes in reversed(self._recent) for box in boxes))
        return replace(result, frame=replace(result.frame, image=image))


def _spread(boxes_xyxy: Iterable[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """The boxes that are not hidden along with an earlier one: a face that stays has a box in each of 30 frames."""
    kept: list[NDArray[np.float32]] = []
    for box in boxes_xyxy:
        reach = [MARGIN * float(other[2] - other[0]) / 2 for other in kept]
        if not any(
            (box[:2] >= other[:2] - r).all() and (box[2:] <= other[2:] + r).all() for other, r in zip(kept, reach, strict=True)
        ):
            kept.append(box)
    return kept


class Painted:
    """A frame's result with its painted image, which is drawn once, at the first access and on that thread.

    Args:
        result: the frame and its faces.
        lesson: works out the steps of the lesson view, if there is one.
        teach: whether `image` is the lesson view.
    """

    def __init__(self, result: FrameResult, lesson: Lesson | None = None, *, teach: bool = False) -> None:
        self.result = result
        self._lesson = lesson
        self._teach = teach
        self._lock = threading.Lock()
        self._image: NDArray[np.uint8] | None = None

    @property
    def image(self) -> NDArray[np.uint8]:
        """The frame with boxes, labels and bars, uint8 (H,W,3) BGR, read-only; as in saved files."""
        with self._lock:
            if self._image is None:
                lesson = self._lesson if self._teach else None
                taught = None if lesson is None else board.draw(self.result, None, self._steps(lesson, None, exact=True))
                self._image = overlay.draw(self.result) if taught is None else taught
                self._image.flags.writeable = False
            return self._image

    def view(self, status: Status, *, mirror: bool = False, size_wh: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """The same with the state of the program, uint8 (H,W,3), drawn anew: of the size it is shown at, and mirrored.

        With `status.lesson` it is the lesson view, if it fits into that size.
        """
        if status.lesson and self._lesson is not None:
            steps = self._steps(self._lesson, status.chosen, exact=status.paused)
            taught = board.draw(self.result, status, steps, mirror=mirror, size_wh=size_wh)
            if taught is not None:
                return taught
            status = board.too_small(status)
        return overlay.draw(self.result, status, mirror=mirror, size_wh=size_wh)

    def steps(self, chosen: int | None, *, exact: bool) -> Steps | None:
        """The steps that the lesson view shows; None without a face, or while faces are hidden.

        Args:
            chosen: id of the face; None for the closest.
            exact: see `Lesson.steps`.
        """
        return None if self._lesson is None else self._steps(self._lesson, chosen, exact=exact)

    def _steps(self, lesson: Lesson, chosen: int | None, *, exact: bool) -> Steps | None:
        """The steps of the chosen face, or of the closest one if that is not in the frame."""
        faces = self.result.faces
        if not faces:
            return None
        face = next((face for face in faces if face.id == chosen), None) or overlay.closest(faces)
        return lesson.steps(self.result.frame, face, exact=exact)
