"""Where the time of one frame went: the same words for fer-cam and for whatever it is measured against."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.record import Timing

OURS, THEIRS = "fer-cam", "tutorial loop"

DECODE, PREPROCESS, CLASSIFY, DRAW = "decode", "preprocess", "classify", "draw"
DETECT = "detect"
FIND, SMOOTH = "find and follow", "smooth"
FRAME = "frame"
"""The whole frame, from the file to the image that is shown."""


@dataclass(frozen=True)
class Part:
    """One stage of one frame."""

    stage: str
    seconds: float


@dataclass(frozen=True)
class Steps:
    """One frame, stage by stage in the order in which they happen, and how many faces it had."""

    parts: tuple[Part, ...]
    faces: int

    @property
    def total(self) -> float:
        """Seconds for the whole frame."""
        return sum(part.seconds for part in self.parts)


def timings(what: str, steps: Sequence[Steps]) -> tuple[Timing, ...]:
    """A timing for each stage of one side's frames, and one for the whole frame; there must be at least one frame."""
    stages = [part.stage for part in steps[0].parts]
    columns = zip(*([part.seconds for part in frame.parts] for frame in steps), strict=True)
    each = [Timing.of(what, stage, column) for stage, column in zip(stages, columns, strict=True)]
    return (*each, Timing.of(what, FRAME, [frame.total for frame in steps]))
