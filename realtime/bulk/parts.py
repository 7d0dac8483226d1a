"""Cuts long videos at key frames, so that several workers can read one file.

Each part begins with a warm-up, which it shares with the end of the part before: trackers and smoothing settle there, and the
ids of both parts are matched there (see `joining`).
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from realtime.sources.container import duration_is_estimated, frame_rate, video_stream
from realtime.sources.part import Span

PART_S = 300.0
WARM_UP_S = 10.0
"""Length of a part and of its warm-up, seconds of video; see `guides/bulk.md` for the measurement."""

USUAL_STEPS = 3
"""A longer step between two frames, in usual steps, may be a pause or a wrong timestamp; only a reader that sees the whole file
can tell."""


@dataclass(frozen=True)
class Part:
    """Frames for one worker.

    Attributes:
        number: from 0.
        span: its frames, the warm-up first.
        owned: index of the first frame after the warm-up.
    """

    number: int
    span: Span
    owned: int


@dataclass(frozen=True)
class Survey:
    """A video before it is read.

    Attributes:
        seconds: its declared duration; None if unknown.
        parts: at least two, or none if it is to be read in one piece.
    """

    seconds: float | None
    parts: tuple[Part, ...] = ()


def survey(path: Path, part_s: float = PART_S, warm_up_s: float = WARM_UP_S) -> Survey:
    """Reads a file's packets, without decoding, and cuts it if it is long and its timestamps are beyond doubt."""
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            stream = video_stream(container, path.name)
            seconds = None if container.duration is None else container.duration / av.time_base
            if stream.duration and stream.time_base:
                seconds = float(stream.duration * stream.time_base)
            fps = frame_rate(container, stream)
            if seconds is None or seconds < 2 * part_s or not fps or not stream.time_base or container.format.name == "avi":
                return Survey(seconds)
            if duration_is_estimated(container):  # broadcast formats: the clock may start again
                return Survey(seconds)
            stamps: list[int] = []
            keys: list[int] = []
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    return Survey(seconds)
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
            base = float(stream.time_base)
    except Exception:  # the one who reads it in one piece reports what is wrong with it
        return Survey(None)
    stamps.sort()
    if not _regular(stamps) or (stamps[-1] - stamps[0]) * base < 0.99 * seconds - 0.5:
        return Survey(seconds)
    return Survey(seconds, _cut(stamps, sorted(keys), part_s / base, warm_up_s / base))


def _regular(stamps: list[int]) -> bool:
    steps = np.diff(stamps)
    return len(steps) > 0 and bool(steps.min() > 0 and steps.max() <= USUAL_STEPS * np.median(steps))


def _cut(stamps: list[int], keys: list[int], part: float, warm_up: float) -> tuple[Part, ...]:
    """Parts of at least `part` ticks, each begun at a key frame."""
    begins = [stamps[0]]
    while (at := bisect_left(keys, begins[-1] + part)) < len(keys) and stamps[-1] - keys[at] >= part / 2:
        begins.append(keys[at])
    if len(begins) < 2:
        return ()
    parts = []
    for number, begin in enumerate(begins):
        warm = keys[max(0, bisect_right(keys, begin - warm_up) - 1)] if number else begin
        first, owned = bisect_left(stamps, warm), bisect_left(stamps, begin)
        end = len(stamps) if number == len(begins) - 1 else bisect_left(stamps, begins[number + 1])
        parts.append(Part(number, Span(first, stamps[0], tuple(stamps[first:end])), owned))
    return tuple(parts)
