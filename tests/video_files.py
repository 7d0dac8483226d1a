"""Small video files for tests, whose frames can be told apart by their gray level."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from realtime.datatypes import Frame
from realtime.sources.base import Source

IDENTITY = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
CLOCKWISE = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
"""Display matrices of an MP4 track: as it is, and to be turned by 90 degrees clockwise."""


def gray_levels(count: int) -> list[int]:
    """Levels that every codec keeps apart, each within 5."""
    return [16 + 11 * (i % 20) for i in range(count)]


def write_video(
    path: Path,
    levels: Sequence[int],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    size_wh: tuple[int, int] = (64, 48),
    fps: int = 30,
    times_ms: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video of plain frames; the left half of each is dark, so that a rotation shows."""
    width, height = size_wh
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i, level in enumerate(levels):
            image = np.full((height, width, 3), level, np.uint8)
            image[:, : width // 2] //= 2
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = i if times_ms is None else times_ms[i]
            frame.time_base = Fraction(1, fps if times_ms is None else 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """A file with a second of silence and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for i in range(40):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44100, i * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn_clockwise(path: Path) -> Path:
    """Sets the rotation in the header of an MP4 with one track, as a phone held upright does."""
    data = path.read_bytes()
    at = data.index(IDENTITY, data.index(b"tkhd"))
    path.write_bytes(data[:at] + CLOCKWISE + data[at + len(IDENTITY) :])
    return path


def level(frame: Frame) -> int:
    """Gray level of the frame's last pixel."""
    return round(float(frame.image[-1, -1].mean()))


def read_all(source: Source) -> list[Frame]:
    """Every frame until the end."""
    return list(iter(source.read, None))
