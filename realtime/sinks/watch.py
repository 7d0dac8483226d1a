"""Follows the condition of a trigger over the frames of a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from realtime.records import FrameRecord
from realtime.triggers import FACES, Trigger

ROUNDING_S = 1e-6
"""The times of records are rounded to microseconds."""

LONGEST_GAP_S = 2.0
"""A condition does not hold over a longer time without frames: the camera was lost meanwhile."""


@dataclass(frozen=True)
class Firing:
    """A trigger's condition was met.

    Attributes:
        value: of the condition's expression or number in the frame in which it fired.
        face: the face's id; None if the condition is on the number of faces.
        frame: that frame.
    """

    trigger: Trigger
    value: float
    face: int | None
    frame: FrameRecord

    def __str__(self) -> str:
        whose = f"{FACES} = {self.value:g}" if self.face is None else f"face {self.face} at {self.value:.2f}"
        return f"trigger {self.trigger.condition}: {whose}"


class Watch:
    """Follows one trigger's condition over the frames of a run.

    It fires once when a face has met the condition for `hold_s`; again when meanwhile every face was beyond the release, the
    condition is met anew, and `wait_s` is over.
    """

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._since: dict[int, float] = {}
        self._armed = True
        self._fired_at = self._seen_at = float("-inf")

    def update(self, frame: FrameRecord) -> Firing | None:
        """The firing that a frame leads to, if any. Time is media time of files, and capture time otherwise."""
        trigger = self._trigger
        now = frame.t if frame.t is not None else frame.captured_at or 0.0
        if now - self._seen_at > LONGEST_GAP_S:
            self._since.clear()
        self._seen_at = now
        values = self._values(frame)
        self._armed = self._armed or all(trigger.released(value) for value in values.values())
        self._since = {face: self._since.get(face, now) for face, value in values.items() if trigger.met(value)}
        held = [face for face, since in self._since.items() if now - since >= trigger.hold_s - ROUNDING_S]
        if not held or not self._armed or now - self._fired_at < trigger.wait_s:
            return None
        self._armed, self._fired_at = False, now
        return Firing(trigger, values[held[0]], held[0] or None, frame)

    def _values(self, frame: FrameRecord) -> Mapping[int, float]:
        """The value of each face by its id; the number of faces stands for a face 0."""
        if self._trigger.name == FACES:
            return {0: float(len(frame.faces))}
        column = frame.labels.index(self._trigger.name)
        return {face.id: face.probs[column] for face in frame.faces}
