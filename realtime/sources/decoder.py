"""Frames of anything FFmpeg can open, through PyAV: what video files and network streams have in common."""

import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.base import Notify
from realtime.sources.timestamps import MediaClock

UNREADABLE_PACKETS = 200
"""So many unreadable packets in a row, and there is nothing left to read."""

MISSING_S = 0.5
MISSING_PART = 0.01
"""A file that ends earlier than it says by more than either is incomplete; headers are wrong by a few frames at times."""

NOT_VIDEO = frozenset({"ansi"})
"""FFmpeg draws text files as a terminal would; nobody who gives one means that."""

NO_TIMESTAMPS = 0x80
"""FFmpeg's AVFMT_NOTIMESTAMPS."""

PLAYLISTS = frozenset({"hls", "dash"})


@dataclass(frozen=True, eq=False)
class Decoded:
    """One frame: uint8 (H,W,3) BGR as shown, seconds from the first frame, and perf_counter when its data had arrived."""

    image: NDArray[np.uint8]
    media_time: float
    arrived_at: float


class Decoder:
    """The first real video stream of an address, decoded frame by frame in presentation order, rotation applied.

    Args:
        url: what FFmpeg understands.
        name: for messages.
        is_file: it has an end, whatever its header says; otherwise that is found out.
        timeout_s: limit for opening and for every read, seconds; None for files.
        options: of FFmpeg's protocols and formats.
        container_format: FFmpeg's name of the format; None lets it find out.
        notify: told once that data are damaged, and at the end how often.

    Raises:
        av.FFmpegError: it cannot be opened; the caller knows what to advise.
        SourceOpenError: it can be opened and holds no video.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        notify: Notify,
        is_file: bool = False,
        timeout_s: float | None = None,
        options: dict[str, str] | None = None,
        container_format: str | None = None,
    ) -> None:
        self._name = name
        self._notify = notify
        self.damaged = 0
        self._told_damaged = 0
        self._cut = False
        self._container: InputContainer = av.open(
            url, format=container_format, options=options, timeout=timeout_s, metadata_errors="replace"
        )
        try:
            self._stream = _video_stream(self._container, name)
            self.finite = is_file or _is_finite(self._container)
            # bare H.264 and JPEG carry none; FFmpeg makes them up from a rate that it makes up as well
            self.timed = not self._container.format.flags & NO_TIMESTAMPS
            """Whether the frames carry timestamps of their own."""
            self.fps = _rate(self._container, self._stream)
            self.frames = self._stream.frames or None
            # all cores for files; frame threading would hold live frames back
            self._stream.thread_type = "AUTO" if self.finite else "SLICE"
            self._decoded = self._decode()
            self._first = next(self._decoded, None)
            if self._first is None:
                raise SourceOpenError(f"no frame of {name} can be decoded; it is damaged, or holds no video")
        except BaseException:
            self._container.close()
            raise
        self.size_hw = self._first.image.shape[:2]

    def read(self) -> Decoded | None:
        """The next frame; None at the end.

        Raises:
            SourceLostError: reading failed, or the data end before the file says they do.
        """
        try:
            first, self._first = self._first, None
            frame = first or next(self._decoded, None)
        except av.FFmpegError as error:
            raise SourceLostError(f"{self._name} stopped giving frames: {reason(error)}") from error
        self._tell_damage(frame)
        return frame

    def close(self) -> None:
        """Frees FFmpeg's memory and connections; not while `read` runs."""
        self._decoded.close()
        self._container.close()

    def _decode(self) -> Generator[Decoded]:
        clock = MediaClock(self._stream.time_base or Fraction(1, av.time_base), 1 / (self.fps or 25.0))
        # AVI stores no presentation times: FFmpeg makes them up in decoding order, so that they jump to and fro
        by_dts = self._container.format.name == "avi"
        count, end_s = 0, 0.0
        for frame, arrived_at in self._raw():
            self.damaged += frame.is_corrupt
            media_time = clock.seconds(frame.dts if by_dts else frame.pts)
            count += 1
            end_s = media_time + float((frame.duration or 0) * (self._stream.time_base or 0))
            yield Decoded(_bgr(frame), media_time, arrived_at)
        declared_s = _declared_seconds(self._container, self._stream)
        early = declared_s is not None and end_s < declared_s - max(MISSING_S, MISSING_PART * declared_s)
        if (early or self._cut) and count and self.finite:
            of = "" if declared_s is None or declared_s < end_s else f" of {declared_s:.1f} s"
            raise SourceLostError(
                f"{self._name} breaks off after {count} frames ({end_s:.1f} s{of}): it is a recording or a download "
                "that was cut short; fetch it again if there is a whole one"
            )

    def _raw(self) -> Iterator[tuple[VideoFrame, float]]:
        """Frames as FFmpeg gives them, each with the time when its data had arrived."""
        failures = 0
        try:
            for packet in self._packets():
                arrived_at = time.perf_counter()
                if packet.size:
                    self._cut = packet.is_corrupt  # the last packet of a file that was cut within it
                try:
                    frames = packet.decode()
                except av.FFmpegError as error:
                    self.damaged += 1
                    failures += 1
                    # a file has an end, a stream may go on like this for ever
                    if failures >= UNREADABLE_PACKETS and not self.finite:
                        raise SourceLostError(f"{self._name} sends what cannot be decoded: {reason(error)}") from error
                    continue
                failures = 0
                yield from ((frame, arrived_at) for frame in frames)
        except (av.FFmpegError, SourceLostError):
            # what was read before is still to be shown: the decoder holds one frame a thread
            with suppress(av.FFmpegError):
                yield from ((frame, time.perf_counter()) for frame in self._stream.codec_context.decode(None))
            raise

    def _packets(self) -> "Iterator[Packet[VideoStream]]":
        """Every packet and the empty one that empties the decoder, passing over what cannot be read."""
        failures = 0
        while failures < UNREADABLE_PACKETS:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
                return
            except av.error.InvalidDataError:  # the next generator goes on behind the damage
                failures += 1
                self.damaged += 1
        raise SourceLostError(f"{self._name} is too damaged to be read further")

    def _tell_damage(self, frame: Decoded | None) -> None:
        if self.damaged and not self._told_damaged:
            where = "near its end" if frame is None else f"near {frame.media_time:.1f} s"
            self._notify(f"{self._name} is damaged {where}; going on with what can be read")
            self._told_damaged = self.damaged
        elif frame is None and self.damaged > self._told_damaged:
            self._notify(f"{self._name} is damaged in {self.damaged} places; some of its frames are missing or faulty")
            self._told_damaged = self.damaged


def reason(error: av.FFmpegError) -> str:
    """FFmpeg's reason in plain words, without the address (it may hold a password)."""
    if isinstance(error, av.error.ExitError | TimeoutError):
        return "no answer in time"
    return (error.strerror or type(error).__name__).strip().lower()


def _rate(container: InputContainer, stream: VideoStream) -> float | None:
    # pictures one after the other carry no rate; FFmpeg then says 25
    if "jpeg" in container.format.name or container.format.name.endswith("_pipe"):
        return None
    return float(stream.average_rate or stream.base_rate or 0) or None


def _is_finite(container: InputContainer) -> bool:
    if container.duration or container.format.name.endswith("_pipe"):  # a single picture
        return True
    # browsers record without a duration, but a web server knows how long the file is; a live playlist is short as well
    return (container.size or 0) > 0 and container.format.name not in PLAYLISTS


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:  # the cover of a piece of music
            continue
        if stream.codec_context is None:
            raise SourceOpenError(f"{name} is a video in a format that is not known here; convert it to H.264 first")
        if stream.codec_context.name not in NOT_VIDEO:
            return stream
    what = "sound but no video" if container.streams.audio else "no video"
    raise SourceOpenError(f"{name} holds {what}; give a video file, a picture or a folder of pictures")


def _declared_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    """How long the video says it is; None if it does not, or only together with its sound."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if tag := stream.metadata.get("DURATION"):  # Matroska, "00:00:19.687000000"
        try:
            hours, minutes, seconds = (float(part) for part in tag.split(":"))
        except ValueError:
            return None
        return hours * 3600 + minutes * 60 + seconds
    if container.duration and len(container.streams) == 1:
        return container.duration / av.time_base
    return None


def _bgr(frame: VideoFrame) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] = frame.to_ndarray(format="bgr24")  # type: ignore[assignment]  # bgr24 is uint8
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as np.rot90 turns
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image
