"""Cuts the crops of labelled segments out of the results of a recording."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.crops.segments import Segment
from realtime.crops.thinning import Thinner
from realtime.datatypes import FrameResult, State, TrackedFace
from realtime.faces import quality
from realtime.pipeline import TURNED_AWAY


@dataclass(frozen=True, eq=False)
class Crop:
    """One crop of a segment.

    Attributes:
        small: uint8 (48,48), gray, resized and not equalized, as training takes it.
        frame: index of its frame.
        time_s: media time.
        box_xyxy: float32 (4,), pixels of the frame.
        face: number of its track.
        quality: of this crop, 0 to 1.
    """

    small: NDArray[np.uint8]
    frame: int
    time_s: float
    box_xyxy: NDArray[np.float32]
    face: int
    quality: float


@dataclass(frozen=True, eq=False)
class Cut:
    """The crops of one segment.

    Attributes:
        segment: the segment.
        crops: of one face, by time.
        frames: frames of the recording in the segment.
        faces: numbers of the faces seen there.
        seen: in how many frames the chosen face was seen; the others were thinned or too poor.
    """

    segment: Segment
    crops: tuple[Crop, ...]
    frames: int
    faces: tuple[int, ...]
    seen: int


@dataclass
class _Track:
    """One face in one segment; `size` is the sum of its sides, which decides between faces."""

    thinner: Thinner
    seen: int = 0
    size: float = 0.0
    crops: list[Crop] = field(default_factory=list)


class Cutter:
    """Collects the crops of segments, result by result.

    Args:
        segments: the segments.
        least_quality: poorer crops are left out, 0 to 1; so are faces that are turned away.
        thinner: makes a thinner for a face in a segment.
    """

    def __init__(
        self, segments: Sequence[Segment], least_quality: float = quality.POOR, thinner: Callable[[], Thinner] = Thinner
    ) -> None:
        self._segments = tuple(segments)
        self._least_quality = least_quality
        self._thinner = thinner
        self._frames = [0] * len(self._segments)
        self._tracks: list[dict[int, _Track]] = [{} for _ in self._segments]

    @property
    def end_s(self) -> float:
        """End of the last segment, media time."""
        return max(segment.end_s for segment in self._segments)

    def add(self, result: FrameResult) -> None:
        """Adds the faces of a result."""
        now = result.frame.time_s
        gray: NDArray[np.uint8] | None = None
        for number, segment in enumerate(self._segments):
            if not segment.start_s <= now < segment.end_s:
                continue
            self._frames[number] += 1
            for face in result.faces:
                if face.state is State.SEEN and segment.face in (None, face.id):
                    gray = preprocess.to_gray(result.frame.image) if gray is None else gray
                    self._take(self._tracks[number].setdefault(face.id, _Track(self._thinner())), face, gray, result)

    def cuts(self) -> tuple[Cut, ...]:
        """The crops of every segment, of the face that was largest and seen longest."""
        return tuple(self._cut(*each) for each in zip(self._segments, self._tracks, self._frames, strict=True))

    def _take(self, track: _Track, face: TrackedFace, gray: NDArray[np.uint8], result: FrameResult) -> None:
        side = float(face.box_xyxy[2] - face.box_xyxy[0])
        track.seen += 1
        track.size += side
        if face.reason == TURNED_AWAY:
            return
        small = preprocess.shrink(preprocess.crop(gray, face.box_xyxy))
        value = quality.measure(small, side)
        if value >= self._least_quality and track.thinner.keeps(small, result.frame.time_s):
            # a copy, so that the frame can be forgotten
            crop = Crop(small.copy(), result.frame.index, result.frame.time_s, face.box_xyxy, face.id, value)
            track.crops.append(crop)

    def _cut(self, segment: Segment, tracks: dict[int, _Track], frames: int) -> Cut:
        if not tracks:
            return Cut(segment, (), frames, (), 0)
        chosen = max(tracks.values(), key=lambda track: track.size)
        return Cut(segment, tuple(chosen.crops), frames, tuple(sorted(tracks)), chosen.seen)


def remarks(cuts: Iterable[Cut]) -> tuple[str, ...]:
    """A line for each segment without crops, or in which one of several faces was chosen."""
    lines = []
    for cut in cuts:
        where = f"{cut.segment.name} ({cut.segment.label}, {cut.segment.person})"
        if cut.frames == 0:
            lines.append(f"{where}: the recording ends before {cut.segment.start_s:g} s")
        elif not cut.faces:
            lines.append(f"{where}: no face was found in {cut.frames} frames")
        elif not cut.crops:
            lines.append(f"{where}: the face is too small, dark, flat, blurred or turned away in all of {cut.seen} frames")
        elif len(cut.faces) > 1:
            others = ", ".join(str(face) for face in cut.faces)
            lines.append(f"{where}: faces {others} were seen, and {cut.crops[0].face} was cut; a column face names another")
    return tuple(lines)
