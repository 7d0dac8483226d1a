"""Cuts long videos at key frames, so that several workers can read one file.

Each part begins with a warm-up, which it shares with the end of the part before: trackers and smoothing settle there, and the
ids of both parts are matched there (see `joining`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from realtime.sources.container import duration_is_estimated, frame_rate, video_stream
from realtime.sources.decoder import REORDERED
from realtime.sources.part import Span
from realtime.sources.timestamps import MediaClock

PART_S = 300.0
WARM_UP_S = 10.0
"""Length of a part and of its warm-up, seconds of video; see `guides/bulk.md` for the measurement."""

IN_DECODER = 64
"""Packets that a decoder may hold, with its threads and its reordering."""


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
    """Reads a file's packets, without decoding, and cuts it if it is long and its timestamps are reliable."""
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
            reorder = REORDERED if stream.codec_context.has_b_frames else 0
            clock = MediaClock(stream.time_base, 1 / fps, reorder=reorder)
            base = stream.time_base
    except Exception:  # reading it in one piece reports what is wrong with it
        return Survey(None)
    shown = sorted(stamps)
    if not shown or (shown[-1] - shown[0]) * base < 0.99 * seconds - 0.5 or not _undoubted(shown, stamps, base, clock):
        return Survey(seconds)
    return Survey(seconds, _cut(shown, sorted(keys), part_s / float(base), warm_up_s / float(base)))


def _undoubted(shown: Sequence[int], packets: Sequence[int], base: Fraction, clock: MediaClock) -> bool:
    """Whether a reader of the whole file takes every timestamp as it is: pauses may be, but no wrong ones and no new clock.

    Args:
        shown, packets: the timestamps in order of presentation and of storage.
        base: seconds of one tick.
        clock: that of such a reader.
    """
    origin = float(shown[0] * base)
    for at, stamp in enumerate(shown):

        def ahead(at: int = at, stamp: int = stamp) -> list[int]:
            near = packets[max(0, at - IN_DECODER) : at + clock.horizon + IN_DECODER]
            return [other for other in near if other > stamp][: clock.horizon]

        if clock.seconds(stamp, ahead) != float(stamp * base) - origin:
            return False
    return True


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
