"""Facts from a container: its video stream, its packets, its frame rate, and whether it ends."""

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from realtime.errors import SourceOpenError
from realtime.rates import plausible_fps

NOT_VIDEO = frozenset({"ansi"})
"""FFmpeg renders text files as a terminal would; no user wants that."""

PLAYLISTS = frozenset({"hls", "dash"})

NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails
"""Cover images of music, and thumbnails of chapters."""

SECOND_RATE = Disposition.still_image | Disposition.dependent | Disposition.visual_impaired | Disposition.hearing_impaired

NO_TIMESTAMPS = 0x80
TIMES_MAY_JUMP = 0x200
"""FFmpeg's AVFMT_NOTIMESTAMPS (a bare bitstream) and AVFMT_TS_DISCONT (a broadcast format: its clock may restart)."""

UNREADABLE_PACKETS = 200
"""Unreadable packets in a row after which the rest counts as unreadable."""

LONGEST_FILE = 1 << 40
"""Bytes; a server that announces more does not know the length."""


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The stream to read: the default one; if several or none are, the one with the largest image, then the highest bit rate.

    Raises:
        SourceOpenError: no stream is a video in a supported format.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & NO_FILM]
    known = [stream for stream in films if stream.codec_context is not None and stream.codec_context.name not in NOT_VIDEO]
    if known:
        chosen = max(known, key=_rank)  # the first of several that are equally good
        if container.format.name in PLAYLISTS:
            for stream in container.streams:
                if stream is not chosen:
                    with suppress(AttributeError):  # PyAV 14 cannot
                        stream.discard = av.stream.Discard.all  # or every variant would be downloaded
        return chosen
    if any(stream.codec_context is None for stream in films):
        raise SourceOpenError(f"{name} is a video in an unsupported format; convert it to H.264 first")
    what = "sound but no video" if container.streams.audio else "no video"
    raise SourceOpenError(f"{name} contains {what}; give a video file, an image or a folder of images")


def readable_packets(
    container: InputContainer,
    streams: VideoStream | list[VideoStream | AudioStream],
    on_damage: Callable[[], None] = lambda: None,
) -> "Generator[Packet[Any], None, bool]":
    """Every packet that can be read, then the empty ones that flush decoders.

    Args:
        on_damage: called for each packet that cannot be read.

    Returns:
        whether the end was reached; False after UNREADABLE_PACKETS.
    """
    failures = 0
    while failures < UNREADABLE_PACKETS:
        try:
            for packet in container.demux(streams):
                failures = 0
                yield packet
            return True
        except av.error.InvalidDataError:  # the next generator continues after the damage
            failures += 1
            on_damage()
    return False


def has_timestamps(container: InputContainer) -> bool:
    """Whether the format has timestamps; for a bare bitstream FFmpeg invents them."""
    return not container.format.flags & NO_TIMESTAMPS


def _rank(stream: VideoStream) -> tuple[bool, bool, int, int, float]:
    variant = stream.metadata.get("variant_bitrate", "")  # of HLS
    return (
        not stream.disposition & SECOND_RATE,
        bool(stream.disposition & Disposition.default),
        stream.codec_context.width * stream.codec_context.height,
        int(variant) if variant.isdecimal() else stream.codec_context.bit_rate or 0,
        float(stream.average_rate or 0),
    )


def frame_rate(container: InputContainer, stream: VideoStream) -> float | None:
    """Frames a second, or None if no plausible value is known."""
    # a sequence of images has no rate; FFmpeg then reports 25
    if "jpeg" in container.format.name or container.format.name.endswith("_pipe"):
        return None
    coded = stream.codec_context.framerate
    rates = [stream.average_rate, stream.guessed_rate, coded, stream.base_rate]
    if not has_timestamps(container):  # here the average is FFmpeg's 25; the guess uses the bitstream
        rates = [coded, stream.guessed_rate, stream.average_rate]
    return next((fps for rate in rates if (fps := plausible_fps(float(rate or 0))) is not None), None)


def times_may_jump(container: InputContainer) -> bool:
    """Whether a jump of the timestamps means a new clock, not a pause."""
    return bool(container.format.flags & TIMES_MAY_JUMP)


def duration_is_estimated(container: InputContainer) -> bool:
    """Whether FFmpeg estimated the duration from the first and last timestamps, which may be wrong or of two recordings."""
    return times_may_jump(container) and container.format.name not in PLAYLISTS


def is_finite(container: InputContainer, stream: VideoStream) -> bool | None:
    """Whether a network source ends; None if only a second image can tell."""
    form = container.format.name
    if form in PLAYLISTS:
        return bool(container.duration)
    if form == "mpjpeg":  # images that a camera pushes, whatever length it announces
        return False
    if _is_length(container.size):
        return True
    if form == "jpeg_pipe":  # one image, or a camera that sends a sequence
        return None
    if form.endswith("_pipe"):
        return True
    # the duration of an MP4 in progress is that received so far; FFmpeg divides an announced length by the bit rate
    if "mp4" in form.split(",") or (container.size or 0) > 0:
        return stream.frames > 0
    return bool(container.duration)


def _is_length(size: int | None) -> bool:
    """Whether a file can have this size, bytes. A camera that must announce a length sends 2147483647 or 99999999."""
    if size is None or not 0 < size < LONGEST_FILE:
        return False
    return not (size >= 1 << 30 and size & (size + 1) == 0) and not (size > 10**7 and set(str(size)) == {"9"})
