"""The annotated video: H.264 in fragmented MP4, which browsers play and which stays readable after a kill."""

import errno
import math
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from realtime.config import OutputConfig
from realtime.datatypes import FrameResult, RunInfo, Summary
from realtime.drawing.painter import Painted
from realtime.errors import SinkError
from realtime.sinks.background import BackgroundSink
from realtime.sinks.base import PaintedSink
from realtime.sinks.paths import OutputPaths, reason
from realtime.sinks.sound import SoundTrack

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Containers by suffix; each stays readable if its end is missing."""

FRAGMENT_S = 0.5
"""Time between key frames: the most that a kill can lose."""

TICKS_PER_S = 90_000
"""Least time units per second: media times are off by at most 6 microseconds, and exact at a constant rate."""

FALLBACK_FPS = 30
"""For sources without a known rate; timestamps are correct in any case."""

OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EPIPE, errno.EROFS})
"""Write errors that also affect the images."""

OPTIONS = {
    "flush_packets": "1",
    "max_interleave_delta": "200000",  # microseconds that images may wait for an ended sound track
}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
MATROSKA = {"cluster_time_limit": "500"}  # ms

# No look-ahead and no B frames: a frame is on disk when its fragment is, and memory stays small.
ENCODER_OPTIONS = {"preset": "veryfast", "crf": "20", "tune": "zerolatency", "forced-idr": "1"}


class VideoSink(PaintedSink):
    """Encodes every frame with its overlay, at the frame's own time.

    Odd sizes are padded by a pixel; frames of another size are fitted into the size of the first.

    Args:
        path: a file that may be replaced (`OutputPaths.place`); its suffix selects the container.
        run: provides the source; the sound track of a file is kept.

    Raises:
        SinkError: the file cannot be opened, or its suffix is not a known container.
    """

    def __init__(self, path: Path, run: RunInfo) -> None:
        self.path: Path = path
        self._source = run.source
        self._first_s: float | None = None
        self._last_pts = -1
        self._key_pts = 0
        self._stream: VideoStream | None = None
        self._sound: SoundTrack | None = None
        self._open = True
        self._reported = False
        container = FORMATS.get(path.suffix.lower())
        if container is None:
            raise SinkError(f"cannot write {path}: give a name that ends in {', '.join(FORMATS)}")
        options = OPTIONS | (MATROSKA if container == "matroska" else FRAGMENTED)
        try:
            path.open("ab").close()  # PyAV opens the file only at the first frame; fail earlier
            self._output = av.open(f"file:{path}", "w", format=container, options=options)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def notices(self) -> tuple[str, ...]:
        """Sound that cannot be kept; reported once."""
        trouble = None if self._sound is None else self._sound.trouble
        if trouble is None or self._reported:
            return ()
        self._reported = True
        return (trouble,)

    def write(self, painted: Painted) -> None:
        """Encodes one frame.

        Raises:
            SinkError: the disk is full, or the encoder refuses the image.
        """
        image, result = painted.image, painted.result
        try:
            if self._stream is None:
                self._begin(image)
            assert self._stream is not None
            time_s = self._time_s(result)
            self._mux_sound(time_s)
            self._mux(self._stream.encode(self._encodable(image, self._stream, time_s)))
        except (av.FFmpegError, OSError, ValueError) as error:
            self._abandon()
            raise self._failed(error) from error

    def close(self, summary: Summary) -> None:
        """Flushes the encoder and the sound; a video without frames is removed.

        Raises:
            SinkError: the end cannot be written.
        """
        if not self._open:
            return
        self._open = False
        try:
            if self._stream is None:
                self._output.close()
                if self.path.exists() and self.path.stat().st_size == 0:  # a file to be overwritten is still unchanged
                    self.path.unlink()
                return
            self._mux(self._stream.encode(None))
            if self._sound is not None:
                self._mux_sound(self._end_s())
                self._sound.close()
            self._output.close()
        except (av.FFmpegError, OSError, ValueError) as error:
            self._abandon()
            raise self._failed(error) from error

    def _begin(self, image: NDArray[np.uint8]) -> None:
        """Opens the encoder for images of this size, and the sound track beside it."""
        height, width = image.shape[:2]
        rate = Fraction(max(self._source.fps or FALLBACK_FPS, 1)).limit_denominator(1001)  # only a hint: headers can be wrong
        try:
            stream = self._output.add_stream("libx264", rate=rate, options=ENCODER_OPTIONS)
        except av.codec.codec.UnknownCodecError as error:
            raise SinkError("this build of PyAV has no H.264 encoder; try: pip install --force-reinstall av") from error
        context = stream.codec_context
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, rate.numerator * math.ceil(TICKS_PER_S / rate.numerator))
        stream.time_base = context.time_base
        context.gop_size = 10 * math.ceil(rate)  # key frames are requested by time, in _encodable
        context.thread_count = min(4, os.cpu_count() or 1)
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        self._stream = stream
        if self._source.path is not None and not self._source.live:
            self._sound = SoundTrack(self._source.path, self._output, self._source.start_s)

    def _time_s(self, result: FrameResult) -> float:
        """Media time of a file; time since the first frame otherwise."""
        if result.frame.media_time is not None:
            return result.frame.media_time
        if self._first_s is None:
            self._first_s = result.frame.captured_at
        return result.frame.captured_at - self._first_s

    def _encodable(self, image: NDArray[np.uint8], stream: VideoStream, time_s: float) -> av.VideoFrame:
        context = stream.codec_context
        fitted = fit(image, (context.width, context.height))
        frame = av.VideoFrame.from_ndarray(fitted, format="bgr24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        assert context.time_base is not None
        frame.time_base = context.time_base
        frame.pts = max(self._last_pts + 1, round(time_s / context.time_base))
        first = self._last_pts < 0
        self._last_pts = frame.pts
        due = first or (frame.pts - self._key_pts) * context.time_base >= FRAGMENT_S
        if due:
            self._key_pts = frame.pts
        frame.pict_type = PictureType.I if due else PictureType.NONE
        return frame

    def _end_s(self) -> float | None:
        """End of the sound: that of the last image, or None (no limit) after the whole file."""
        assert self._stream is not None
        assert self._stream.time_base is not None
        period_s = 1 / (self._source.fps or FALLBACK_FPS)
        end_s = float(self._last_pts * self._stream.time_base) + period_s
        whole = self._source.frames is not None and end_s >= (self._source.frames - 1) * period_s
        return None if whole else end_s

    def _mux(self, packets: Iterable["Packet[AudioStream] | Packet[VideoStream]"]) -> None:
        for packet in packets:
            self._output.mux(packet)

    def _mux_sound(self, end_s: float | None) -> None:
        """Writes the sound up to a time; if the container refuses it, only the sound ends."""
        if self._sound is None:
            return
        for packet in self._sound.until(end_s):
            try:
                self._output.mux(packet)
            except (av.FFmpegError, ValueError) as error:
                if isinstance(error, OSError) and error.errno in OF_THE_DISK:
                    raise
                self._sound.give_up(error)

    def _abandon(self) -> None:
        """Closes the output after an error; a further error is ignored, since the first one is reported."""
        self._open = False
        if self._sound is not None:
            self._sound.close()
        with suppress(av.FFmpegError, OSError):
            self._output.close()

    def _failed(self, error: Exception) -> SinkError:
        why = reason(error) if isinstance(error, OSError) else f"{error}; try another name or folder"
        return SinkError(f"cannot write {self.path}: {why}")


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], PaintedSink] | None:
    """An annotated video, if requested and the source has time; encoded on a thread of its own. See `base.Plan`."""
    if config.save is None or not run.source.temporal:
        return None
    path = paths.place(paths.target(config.save), ".mp4")
    return lambda: BackgroundSink(VideoSink(path, run))


def fit(image: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Fits an image to this size: one missing pixel repeats the edge; other sizes get black bars."""
    width, height = size_wh
    tall, wide = image.shape[:2]
    if (wide, tall) == size_wh:
        return image
    if (wide + wide % 2, tall + tall % 2) == size_wh:
        return np.asarray(cv2.copyMakeBorder(image, 0, height - tall, 0, width - wide, cv2.BORDER_REPLICATE), np.uint8)
    scale = min(width / wide, height / tall)
    inner = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    small = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    framed = np.zeros((height, width, 3), np.uint8)
    framed[top : top + inner[1], left : left + inner[0]] = small
    return framed
