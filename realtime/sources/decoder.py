"""Decodes anything FFmpeg can open, through PyAV; shared by video files and network streams."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.base import Notify
from realtime.sources.container import (
    UNREADABLE_PACKETS,
    duration_is_estimated,
    frame_rate,
    has_timestamps,
    is_finite,
    readable_packets,
    times_may_jump,
    video_stream,
)
from realtime.sources.display import Display
from realtime.sources.lookahead import Lookahead
from realtime.sources.timestamps import MediaClock

OpenContainer = Callable[..., InputContainer]

MISSING_S = 0.5
MISSING_PART = 0.01
"""A file that ends earlier than declared by more than both is incomplete; headers are often wrong by a few frames."""

REORDERED = 8
"""Frames by which packets may be out of order if the codec reorders: the largest B-frame pyramid in common use."""

MOST_PENDING = 64
"""Packets inside a decoder: its reordering and one for each thread."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """One frame: uint8 (H,W,3) BGR as shown, seconds from the first frame, and perf_counter when its data arrived."""

    image: NDArray[np.uint8]
    media_time: float
    arrived_at: float


class Decoder:
    """Decodes the main video stream of an address frame by frame, in presentation order, as a player shows it.

    Args:
        url: any address FFmpeg supports.
        name: for messages.
        is_file: whether it has an end, whatever its header says; if False, the decoder finds out.
        timeout_s: limit for opening and for every read, seconds; None for files.
        options: for FFmpeg's protocols and formats.
        container_format: FFmpeg's name of the format; None detects it.
        notify: called once when data are damaged, and at the end with the count.
        opener: opens the container; takes what `av.open` takes.

    Raises:
        av.FFmpegError: it cannot be opened; the caller adds the remedy.
        SourceOpenError: it can be opened but contains no video.
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
        opener: OpenContainer = av.open,
    ) -> None:
        self._name = name
        self._notify = notify
        self.damaged = 0
        self.start_s = 0.0
        self._reported_damaged = 0
        self._reported_wrong = 0
        self._cut = False
        self._container = opener(url, format=container_format, options=options, timeout=timeout_s, metadata_errors="replace")
        try:
            self._stream = video_stream(self._container, name)
            finite = is_file or is_finite(self._container, self._stream)
            self.finite = bool(finite)
            self.fps = frame_rate(self._container, self._stream)
            # bare H.264 and JPEG have none; FFmpeg invents them from a rate that it also invents
            self.timed = has_timestamps(self._container)
            """Whether the frames have timestamps of their own."""
            self.frames = self._stream.frames or None
            # all cores for files; frame threading would delay live frames
            self._stream.thread_type = "AUTO" if self.finite else "SLICE"
            self._display = Display(self._stream)
            self._ahead = Lookahead(self._packets())
            # AVI stores no presentation times: FFmpeg invents them in decoding order, so that they jump back and forth
            self._by_dts = self._container.format.name == "avi"
            self._pending: deque[int] = deque(maxlen=MOST_PENDING)
            self._clock = MediaClock(
                self._stream.time_base or Fraction(1, av.time_base),
                1 / (self.fps or 25.0),
                may_jump=times_may_jump(self._container),
                reorder=REORDERED if self._stream.codec_context.has_b_frames else 0,
            )
            self._decoded = self._decode()
            self._first = next(self._decoded, None)
            if self._first is None:
                raise SourceOpenError(f"no frame of {name} can be decoded; it is damaged or contains no video")
        except BaseException:
            self._container.close()
            raise
        if finite is None:
            self.finite = not any(packet.size for packet in self._ahead.ahead(1))
        self.size_hw = self._first.image.shape[:2]

    def read(self) -> Decoded | None:
        """The next frame; None at the end.

        Raises:
            SourceLostError: reading failed, or the file ends before its declared length.
        """
        try:
            first, self._first = self._first, None
            frame = first or next(self._decoded, None)
        except av.FFmpegError as error:
            raise SourceLostError(f"{self._name} stopped delivering frames: {reason(error)}") from error
        self._report_damage(frame)
        self._report_wrong_times(frame)
        return frame

    def close(self) -> None:
        """Frees FFmpeg's memory and connections; not while `read` runs."""
        self._decoded.close()
        self._container.close()

    def _decode(self) -> Generator[Decoded]:
        count, end_s = 0, 0.0
        for frame, arrived_at in self._raw():
            self.damaged += frame.is_corrupt
            stamp = frame.dts if self._by_dts else frame.pts
            media_time = self._media_time(stamp)
            if count == 0 and stamp is not None:
                self.start_s = float(stamp * (self._stream.time_base or 0))
            count += 1
            end_s = media_time + float((frame.duration or 0) * (self._stream.time_base or 0))
            yield Decoded(self._display.bgr(frame), media_time, arrived_at)
        declared_s = None
        if not duration_is_estimated(self._container):
            declared_s = _declared_seconds(self._container, self._stream, self.start_s)
        early = declared_s is not None and end_s < declared_s - max(MISSING_S, MISSING_PART * declared_s)
        if (early or self._cut) and count and self.finite:
            of = "" if declared_s is None or declared_s < end_s else f" of {declared_s:.1f} s"
            raise SourceLostError(
                f"{self._name} ends early, after {count} frames ({end_s:.1f} s{of}): the recording or download is "
                "incomplete; fetch it again if possible"
            )

    def _media_time(self, stamp: int | None) -> float:
        if stamp is not None and stamp in self._pending:
            # earlier stamps before it belong to frames that were never shown (a second field, a hidden frame)
            behind = self._pending.index(stamp)
            pending = [other for at, other in enumerate(self._pending) if at > behind or other > stamp]
            self._pending = deque(pending, MOST_PENDING)
        return self._clock.seconds(stamp, self._stamps_ahead if self.finite else None)

    def _stamps_ahead(self) -> list[int]:
        """Timestamps of the next frames, in packet order: those inside the decoder, then those read ahead."""
        coming = (self._stamp(packet) for packet in self._ahead.ahead(self._clock.horizon))
        return [*self._pending, *(stamp for stamp in coming if stamp is not None)]

    def _stamp(self, packet: "Packet[VideoStream]") -> int | None:
        return packet.dts if self._by_dts else packet.pts

    def _raw(self) -> Iterator[tuple[VideoFrame, float]]:
        """Frames from FFmpeg, each with the arrival time of its data."""
        failures = 0
        try:
            for packet in self._ahead:
                arrived_at = time.perf_counter()
                if (stamp := self._stamp(packet)) is not None:
                    self._pending.append(stamp)
                if packet.size:
                    self._cut = packet.is_corrupt  # a truncated last packet
                try:
                    frames = packet.decode()
                except av.FFmpegError as error:
                    self.damaged += 1
                    failures += 1
                    # a file ends; a stream may continue like this for ever
                    if failures >= UNREADABLE_PACKETS and not self.finite:
                        raise SourceLostError(f"{self._name} sends data that cannot be decoded: {reason(error)}") from error
                    continue
                failures = 0
                yield from ((frame, arrived_at) for frame in frames)
        except (av.FFmpegError, SourceLostError):
            # still show the frames read before: the decoder holds one per thread
            with suppress(av.FFmpegError):
                yield from ((frame, time.perf_counter()) for frame in self._stream.codec_context.decode(None))
            raise

    def _packets(self) -> "Iterator[Packet[VideoStream]]":
        """Every readable packet, then the empty one that flushes the decoder."""
        if not (yield from readable_packets(self._container, self._stream, self._count_damage)):
            raise SourceLostError(f"the rest of {self._name} is too damaged to be read")

    def _count_damage(self) -> None:
        self.damaged += 1

    def _report_damage(self, frame: Decoded | None) -> None:
        if self.damaged and not self._reported_damaged:
            where = "near its end" if frame is None else f"near {frame.media_time:.1f} s"
            self._notify(f"{self._name} is damaged {where}; continuing with the readable parts")
            self._reported_damaged = self.damaged
        elif frame is None and self.damaged > self._reported_damaged:
            self._notify(f"{self._name} is damaged in {self.damaged} places; some of its frames are missing or faulty")
            self._reported_damaged = self.damaged

    def _report_wrong_times(self, frame: Decoded | None) -> None:
        if (wrong := self._clock.wrong) and not self._reported_wrong and frame is not None:
            self._notify(f"{self._name} has a wrong timestamp near {frame.media_time:.1f} s; using the time expected there")
            self._reported_wrong = wrong
        elif frame is None and wrong > self._reported_wrong:
            self._notify(f"{self._name} has {wrong} wrong timestamps; the times of those frames are estimates")
            self._reported_wrong = wrong


def reason(error: av.FFmpegError) -> str:
    """FFmpeg's reason without the address, which may contain a password."""
    if isinstance(error, av.error.ExitError | TimeoutError):
        return "no answer in time"
    return (error.strerror or type(error).__name__).strip().lower()


def _declared_seconds(container: InputContainer, stream: VideoStream, start_s: float) -> float | None:
    """The declared duration of the video, counted from its first frame; None if unknown, or known only for video and sound.

    Args:
        container, stream: the video.
        start_s: time of the first frame on the container's clock; data before it (sound, frames that need an earlier key
            frame) are not missing.
    """
    time_base = stream.time_base or 0
    if stream.duration and time_base:
        start = start_s if stream.start_time is None else float(stream.start_time * time_base)
        return start + float(stream.duration * time_base) - start_s
    if tag := stream.metadata.get("DURATION"):  # Matroska, "00:00:19.687000000": its end, counted from 0
        try:
            hours, minutes, seconds = (float(part) for part in tag.split(":"))
        except ValueError:
            return None
        return hours * 3600 + minutes * 60 + seconds - max(0.0, start_s)
    if container.duration and len(container.streams) == 1:
        start = start_s if container.start_time is None else container.start_time / av.time_base
        return start + container.duration / av.time_base - start_s
    return None
