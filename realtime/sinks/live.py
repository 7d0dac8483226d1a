"""Shared by the outputs of live data: the largest face, lines for the user from other threads, missing libraries."""

from collections import deque

from realtime.errors import SinkError
from realtime.records import FaceRecord, FrameRecord

LARGER = 1.2
"""Factor by which the area of another face must be larger to become the leader; it prevents flicker between two people."""

MOST_LINES = 20
"""Most stored lines; older ones are dropped."""


class LargestFace:
    """Chooses the largest face of each frame, and stays with it until another is clearly larger."""

    def __init__(self) -> None:
        self._id: int | None = None

    def of(self, record: FrameRecord) -> FaceRecord | None:
        """The leading face; None if the frame has no face."""
        largest = max(record.faces, key=_area, default=None)
        last = next((face for face in record.faces if face.id == self._id), None)
        if largest is not None and last is not None and _area(largest) < LARGER * _area(last):
            largest = last
        self._id = None if largest is None else largest.id
        return largest


class Lines:
    """Lines for the user, passed from one thread to another."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    def say(self, text: str) -> None:
        """Adds a line."""
        self._lines.append(text)

    def take(self) -> tuple[str, ...]:
        """The lines since the last call."""
        return tuple(self._lines.popleft() for _ in range(len(self._lines)))


def missing(option: str, library: str, extra: str) -> SinkError:
    """The error of an output whose optional library is not installed."""
    return SinkError(f"{option} needs {library}; install it with: pip install 'fer-cam[{extra}]'")


def _area(face: FaceRecord) -> float:
    return face.box_xywh[2] * face.box_xywh[3]
