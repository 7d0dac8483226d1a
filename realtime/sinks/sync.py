"""Keeps the sound of a saved video in sync with its images when timestamps are wrong or restart."""

from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from realtime.sources.container import readable_packets, times_may_jump
from realtime.sources.timestamps import MediaClock

HOLE_S = 0.1
"""Smaller deviations of the sound's timestamps are rounding (containers that count milliseconds)."""

NEAR_S = 2.0
"""Largest time difference between adjacent sound and images in a file; in MPEG-TS it is up to 0.7 s."""

AHEAD = 128
"""Packets of both kinds to read ahead: 1.5 s of video at 30 frames a second with AAC."""


_Ahead: TypeAlias = "deque[tuple[Packet[AudioStream] | None, float]]"
"""Packets read ahead (None: an image's), each with the media time that the images had reached there."""


class SoundClock:
    """Converts the timestamps of successive sound packets to media time.

    A timestamp outside the sequence is wrong if the sequence continues without it. Otherwise the sound follows the images if
    those have started a new clock (joined recordings); a step forward is silence, and a step back is appended.

    Args:
        start_s: what the first image's timestamp reads, seconds.
    """

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._shift_s = start_s
        self._due_s: float | None = None
        self._overlaps = False

    def seconds(
        self, stamp_s: float, duration_s: float, coming: Sequence[float], images_shift_s: float, image_s: float
    ) -> float | None:
        """Media time of the next packet; None if it overlaps with earlier sound.

        Args:
            stamp_s, duration_s: of the packet.
            coming: timestamps of the packets that follow.
            images_shift_s: by how much the images' clock has changed since the start.
            image_s: media time that the images had reached where the packet lies in the file.
        """
        time_s, due_s = stamp_s - self._shift_s, self._due_s
        if due_s is not None and abs(time_s - due_s) > HOLE_S:
            follows_s = self._start_s + images_shift_s
            if self._goes_on(coming, duration_s):
                time_s = due_s
            elif abs(follows_s - self._shift_s) > HOLE_S and abs(stamp_s - follows_s - image_s) <= NEAR_S:
                self._shift_s = follows_s
                time_s = stamp_s - follows_s
            elif time_s < due_s and not self._catches_up(time_s, due_s):
                self._shift_s = stamp_s - due_s
                time_s = due_s
            self._overlaps = time_s < due_s
        if self._overlaps and due_s is not None and time_s < due_s - duration_s / 2:
            return None
        self._overlaps = False
        self._due_s = time_s + duration_s
        return time_s

    def _goes_on(self, coming: Sequence[float], duration_s: float) -> bool:
        """Whether one of the packets to come is where it would be if this one's timestamp did not count."""
        assert self._due_s is not None
        return any(
            abs(stamp_s - self._shift_s - self._due_s - (1 + n) * duration_s) <= HOLE_S for n, stamp_s in enumerate(coming)
        )

    def _catches_up(self, time_s: float, due_s: float) -> bool:
        """Whether this is a joined recording's sound that overlaps with the end of the sound before it."""
        return self._shift_s != self._start_s and due_s - time_s <= NEAR_S


def in_step(source: InputContainer, track: AudioStream, start_s: float) -> "Iterator[Packet[AudioStream]]":
    """The track's readable packets, with media times as timestamps."""
    video = source.streams.video[0] if source.streams.video else None
    images, sound = _Images(source, video, start_s), SoundClock(start_s)
    ahead: _Ahead = deque()
    for packet in readable_packets(source, [track] if video is None else [video, track]):
        is_sound = packet.stream_index == track.index
        if not is_sound:
            images.see(packet)
        ahead.append((packet if is_sound and packet.size else None, images.time_s))
        if len(ahead) > AHEAD:
            yield from _timed(ahead, sound, images)
    while ahead:
        yield from _timed(ahead, sound, images)


def _timed(ahead: "_Ahead", sound: SoundClock, images: "_Images") -> "Iterator[Packet[AudioStream]]":
    """Takes the first of the packets read ahead; gives it, with its media time, if it is sound that has a place."""
    packet, image_s = ahead.popleft()
    stamp_s = _stamp_s(packet)
    if packet is None or stamp_s is None or packet.time_base is None:
        return
    coming = [later for other, _ in ahead if (later := _stamp_s(other)) is not None]
    duration_s = float((packet.duration or 0) * packet.time_base)
    time_s = sound.seconds(stamp_s, duration_s, coming, images.shift_s, image_s)
    if time_s is not None:
        packet.pts = packet.dts = round(time_s / packet.time_base)
        yield packet


class _Images:
    """The clock of the images, read from their packets."""

    def __init__(self, source: InputContainer, video: VideoStream | None, start_s: float) -> None:
        self._start_s = start_s
        rate = 25 if video is None else float(video.average_rate or 25)
        self._time_base = Fraction(1) if video is None else video.time_base or Fraction(1)
        self._clock = MediaClock(self._time_base, 1 / rate, may_jump=times_may_jump(source))
        self._first_s: float | None = None
        self.shift_s = self.time_s = 0.0

    def see(self, packet: "Packet[VideoStream]") -> None:
        if packet.dts is None:
            return
        stamp_s = float(packet.dts * self._time_base)
        offset_s = stamp_s - self._clock.seconds(packet.dts)
        if self._first_s is None:
            self._first_s = offset_s
        self.shift_s = offset_s - self._first_s
        self.time_s = stamp_s - self._start_s - self.shift_s


def _stamp_s(packet: "Packet[AudioStream] | None") -> float | None:
    return None if packet is None or packet.pts is None or packet.time_base is None else float(packet.pts * packet.time_base)
