"""The paper's steps for one face of a frame, as the lesson view shows them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.datatypes import Frame, TrackedFace
from realtime.lesson import algorithms
from realtime.lesson.algorithms import Boxes, Parts, RegionDetector
from realtime.lesson.reading import Prepare
from realtime.workers import Workers

MARGIN = 0.25
"""Margin around a face in the image of its regions, as a share of its side."""

SEARCH_S = 0.2
"""Time between two searches for eyes and mouth while a video runs, seconds. A search takes 25 ms of a core."""

KEEP_S = 0.6
"""How long their boxes move along with the face if there are no newer ones, seconds."""


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps for one face.

    Attributes:
        face: the face.
        gray: uint8 (h,w), the crop, gray.
        small: uint8 (S,S), resized to the network's input size.
        equalized: uint8 (S,S), its histogram equalized: the first half of Algorithm 1.
        edges: uint8 (S,S), 255 on an edge: the result of Algorithm 1.
        around: uint8 (H,W,3), BGR, the face with MARGIN.
        around_xyxy: float32 (4,), its place, pixels of the frame.
        parts: eyes and mouth: the result of Algorithm 2; empty until the first search has finished.
        network: uint8 (S,S), what the network reads.
    """

    face: TrackedFace
    gray: NDArray[np.uint8]
    small: NDArray[np.uint8]
    equalized: NDArray[np.uint8]
    edges: NDArray[np.uint8]
    around: NDArray[np.uint8]
    around_xyxy: Boxes
    parts: Parts
    network: NDArray[np.uint8]

    @property
    def equalizes(self) -> bool:
        """Whether the network reads the equalized image."""
        return np.array_equal(self.network, self.equalized)


@dataclass(frozen=True, eq=False)
class _Search:
    """Eyes and mouth of a face at one moment, in units of its box.

    Attributes:
        face: id of the face.
        at_s: `Frame.time_s` of the frame.
        parts: boxes; (0, 0) is the upper left corner of the face, 1 its side.
    """

    face: int
    at_s: float
    parts: Parts


class Lesson:
    """Computes the steps. It does nothing before the first call.

    Args:
        prepare: `Classifier.prepare`.
        temporal: False for separate images, each of which is searched for eyes and mouth itself.
    """

    def __init__(self, prepare: Prepare, *, temporal: bool = True) -> None:
        self._prepare = prepare
        self._temporal = temporal
        self._searching = threading.Lock()
        self._finding = threading.Lock()  # the window asks on its thread, pages on another
        self._detector: RegionDetector | None = None
        self._workers = Workers(1, "lesson")
        self._running: Future[_Search] | None = None
        self._found: _Search | None = None

    def steps(self, frame: Frame, face: TrackedFace, *, exact: bool = False) -> Steps:
        """The steps for a face of this frame.

        Eyes and mouth are searched on a thread of their own while a video runs, and are up to KEEP_S old; their boxes move with
        the face.

        Args:
            frame: its image must be the one the network has read.
            face: one of its faces.
            exact: search this very frame, and wait for the result.

        Raises:
            ModelError: this OpenCV has no cascades.
        """
        box = face.box_xyxy
        gray = preprocess.to_gray(frame.image)
        crop = preprocess.crop(gray, box)
        crops = self._prepare([crop])
        margin = MARGIN * (box[2] - box[0])
        around = box + np.array([-margin, -margin, margin, margin], np.float32)
        search = (
            self._search(gray, face, frame.time_s) if exact or not self._temporal else self._latest(gray, face, frame.time_s)
        )
        return Steps(
            face=face,
            gray=crop,
            small=crops.smalls[0],
            equalized=preprocess.equalize(crops.smalls[0]),
            edges=algorithms.edges(crops.smalls[0]),
            around=preprocess.crop(frame.image, around),
            around_xyxy=around,
            parts=_mapped(search.parts, lambda boxes: _placed(boxes, box)) if search is not None else NOTHING,
            network=crops.faces[0],
        )

    def close(self) -> None:
        """Ends the thread, in bounded time; may be called twice."""
        self._workers.close()

    def _latest(self, gray: NDArray[np.uint8], face: TrackedFace, now: float) -> _Search | None:
        """The newest search for this face, if it is recent; starts another one if it is due."""
        with self._finding:
            if self._running is not None and self._running.done():
                self._found, self._running = self._running.result(), None
            found = self._found
            if found is not None and (found.face != face.id or not 0 <= now - found.at_s <= KEEP_S):
                found = None
            if self._running is None and (found is None or now - found.at_s >= SEARCH_S):
                self._running = self._workers.submit(lambda: self._search(gray, face, now))
            return found

    def _search(self, gray: NDArray[np.uint8], face: TrackedFace, now: float) -> _Search:
        with self._searching:  # a cascade must not be used by two threads at once
            if self._detector is None:
                self._detector = RegionDetector()
            parts = self._detector.parts(gray, face.box_xyxy)
        return _Search(face.id, now, _mapped(parts, lambda boxes: _relative(boxes, face.box_xyxy)))


NOTHING = Parts(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32))
"""Neither eyes nor mouth."""


def _mapped(parts: Parts, change: Callable[[Boxes], Boxes]) -> Parts:
    return Parts(change(parts.eyes_xyxy), change(parts.mouths_xyxy))


def _relative(boxes: Boxes, face_xyxy: Boxes) -> Boxes:
    """Pixels -> units of the face."""
    return np.asarray((boxes - face_xyxy[[0, 1, 0, 1]]) / (face_xyxy[2] - face_xyxy[0]), np.float32)


def _placed(boxes: Boxes, face_xyxy: Boxes) -> Boxes:
    """Units of the face -> pixels."""
    return np.asarray(boxes * (face_xyxy[2] - face_xyxy[0]) + face_xyxy[[0, 1, 0, 1]], np.float32)
