"""Small video files for tests; frames differ in their gray level."""

import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from realtime.datatypes import Frame
from realtime.sources.base import Source

IDENTITY = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
CLOCKWISE = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
"""Display matrices of an MP4 track: identity, and a clockwise rotation by 90 degrees."""


def gray_levels(count: int) -> list[int]:
    """Gray levels that every codec preserves within 5."""
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
    pixel_shape: Fraction | None = None,
    encoder: dict[str, str] | None = None,
) -> Path:
    """A video of frames with a dark left half, so that rotations are visible."""
    width, height = size_wh
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=fps, options=encoder or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        if pixel_shape is not None:
            stream.codec_context.sample_aspect_ratio = pixel_shape
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
    """An audio file with one second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for i in range(40):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44100, i * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn_clockwise(path: Path) -> Path:
    """Sets the rotation of an MP4 with one track, like an upright phone."""
    return set_matrix(path, CLOCKWISE)


def set_matrix(path: Path, matrix: bytes) -> Path:
    """Sets the display matrix in the header of an MP4 with one track."""
    data = path.read_bytes()
    at = data.index(IDENTITY, data.index(b"tkhd"))
    path.write_bytes(data[:at] + matrix + data[at + len(IDENTITY) :])
    return path


def restamp(path: Path, shifts_s: Mapping[int, float]) -> Path:
    """Shifts timestamps of single frames of an MPEG-TS without B frames, in seconds."""
    data = bytearray(path.read_bytes())
    frame = -1
    for packet in range(0, len(data), 188):
        at = packet + 4
        if data[packet + 3] & 0x20:  # an adaptation field
            at += 1 + data[at]
        if not data[packet + 1] & 0x40 or data[at : at + 4] != b"\0\0\1\xe0":
            continue
        frame += 1
        for stamp in range(at + 9, at + 9 + (10 if data[at + 7] >> 6 == 3 else 5), 5):
            a, b, c, d, e = data[stamp : stamp + 5]
            ticks = (a >> 1 & 7) << 30 | b << 22 | c >> 1 << 15 | d << 7 | e >> 1
            ticks = (ticks + round(90_000 * shifts_s.get(frame, 0.0))) % (1 << 33)
            data[stamp : stamp + 5] = bytes(
                (
                    a & 0xF1 | ticks >> 30 << 1,
                    ticks >> 22 & 0xFF,
                    (ticks >> 15 & 0x7F) << 1 | 1,
                    ticks >> 7 & 0xFF,
                    (ticks & 0x7F) << 1 | 1,
                )
            )
    path.write_bytes(data)
    return path


def level(frame: Frame) -> int:
    """Gray level of the frame's last pixel."""
    return round(float(frame.image[-1, -1].mean()))


def read_all(source: Source) -> list[Frame]:
    """Every frame until the end."""
    return list(iter(source.read, None))
