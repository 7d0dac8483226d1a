"""Durations of the stages of one frame, with the same names for fer-cam and its references."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.record import Timing

OURS, THEIRS = "fer-cam", "tutorial loop"

DECODE, PREPROCESS, CLASSIFY, DRAW = "decode", "preprocess", "classify", "draw"
DETECT = "detect"
FIND, SMOOTH = "find and follow", "smooth"
FRAME = "frame"
"""The whole frame, from the file to the displayed image."""


@dataclass(frozen=True)
class Part:
    """One stage of one frame."""

    stage: str
    seconds: float


@dataclass(frozen=True)
class Steps:
    """The stages of one frame, in order, and its number of faces."""

    parts: tuple[Part, ...]
    faces: int

    @property
    def total(self) -> float:
        """Duration of the whole frame, seconds."""
        return sum(part.seconds for part in self.parts)


def timings(what: str, steps: Sequence[Steps]) -> tuple[Timing, ...]:
    """Timings of each stage and of the whole frame, for one side; needs at least one frame."""
    stages = [part.stage for part in steps[0].parts]
    columns = zip(*([part.seconds for part in frame.parts] for frame in steps), strict=True)
    each = [Timing.of(what, stage, column) for stage, column in zip(stages, columns, strict=True)]
    return (*each, Timing.of(what, FRAME, [frame.total for frame in steps]))
