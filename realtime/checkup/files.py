"""What a run writes: encoders, folders, and room on the disk."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.video.codeccontext import VideoCodecContext

from realtime.checkup.check import Check, Value
from realtime.errors import SinkError
from realtime.model import cache

GB = 1e9
SPARSE_B = 1 * GB
"""Below so much room on the disk a long recording may not fit."""

Create = Callable[..., object]
"""Takes the name of a codec and the mode "w"."""


def checks() -> Iterator[Check]:
    """Of this machine and the current folder."""
    yield h264(av.CodecContext.create)
    yield aac(av.CodecContext.create)
    yield cache_folder(cache.folder)
    yield current_folder(Path.cwd)


def h264(create: Create) -> Check:
    """Whether a frame can be encoded as the saved video is."""
    try:
        context = create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt, context.time_base = 64, 48, "yuv420p", Fraction(1, 30)
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24").reformat(format="yuv420p")
        frame.pts = 0
        size = sum(packet.size for packet in [*context.encode(frame), *context.encode(None)])
    except (av.FFmpegError, ValueError) as error:
        return Check.failure("h264", f"no video can be saved: {error}", _REINSTALL, SinkError.exit_code)
    return Check.ok("h264", f"encoded a frame ({size} bytes)")


def aac(create: Create) -> Check:
    """Whether sound can be encoded; most sound is copied as it is."""
    try:
        context = create("aac", "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate, context.layout, context.format = 48_000, "stereo", "fltp"
        context.time_base = Fraction(1, 48_000)
        frame = AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = 48_000, 0
        size = sum(packet.size for packet in [*context.encode(frame), *context.encode(None)])
    except (av.FFmpegError, ValueError) as error:
        return Check.warning("aac", f"sound in other formats is left out of saved videos: {error}", _REINSTALL)
    return Check.ok("aac", f"encoded sound ({size} bytes)")


_REINSTALL = "pip install --force-reinstall av"


def cache_folder(folder: Callable[[], Path]) -> Check:
    """Whether the timing of the networks can be kept; without it every start measures again.

    Args:
        folder: its path, which need not exist; raises OSError where there is none.
    """
    remedy = f"set {cache.VARIABLE} to a folder that you may write to"
    try:
        path = folder()
        _write_in(next(there for there in (path, *path.parents) if there.exists()))
    except OSError as error:
        return Check.warning("cache folder", f"cannot be written: {error}", remedy)
    return Check.ok("cache folder", str(path), {"path": str(path)})


def current_folder(
    folder: Callable[[], Path], free_b: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Check:
    """Whether outputs can be written to the current folder, and how much room its disk has.

    Args:
        folder: its path; raises OSError if it was deleted.
        free_b: bytes left on its disk.
    """
    try:
        path = folder()
        free = free_b(path)
        _write_in(path)
    except OSError as error:
        return Check.warning(
            "current folder", f"cannot be written: {error}", "change to another folder, or name one with --save"
        )
    found = f"{path}, {free / GB:.1f} GB free"
    values: dict[str, Value] = {"path": str(path), "free_gb": round(free / GB, 2)}
    if free < SPARSE_B:
        return Check.warning("current folder", found, "make room, or save to another disk with --save FOLDER", values)
    return Check.ok("current folder", found, values)


def _write_in(folder: Path) -> None:
    """Writes a file there that is gone at once; permissions alone do not tell on Windows and on network disks."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"fer-cam")
