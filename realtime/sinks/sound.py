"""The sound track of a video file, for the annotated copy of that file."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

SoundPacket: TypeAlias = "Packet[AudioStream]"

COPIED = frozenset({"aac", "mp3", "opus"})
"""Codecs that MP4 can hold and browsers can play; everything else is re-encoded."""

NOT_IN_MOV = frozenset({"opus"})

BIT_RATE = 160_000
"""Bits a second of re-encoded sound: transparent for stereo AAC."""


HOLE_S = 0.1
"""A jump of the source's sound by more than this is a hole that stays one; less is rounding."""


class SoundTrack:
    """Gives the packets of a file's first sound track in step with the pictures; memory stays at one packet.

    Times count from the first picture, as `Frame.media_time` does.

    Args:
        path: the source file.
        output: gets a sound stream, if there is sound to keep.
    """

    def __init__(self, path: str, output: OutputContainer) -> None:
        self.trouble: str | None = None
        """Why the track is missing or ends early; None while all is well."""
        self._input: InputContainer | None = None
        self._next: Packet[AudioStream] | None = None
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        try:
            source = av.open(f"file:{path}")
            if not source.streams.audio:
                source.close()
                return
            self._input = source
            self._packets = self._open(source, source.streams.audio[0], output)
        except (av.FFmpegError, OSError, ValueError) as error:
            self._give_up(error)

    def until(self, end_s: float | None) -> Iterator[SoundPacket]:
        """Packets that start at or before `end_s`, in order; all that are left when that is None."""
        while True:
            if self._next is None:
                self._next = self._read()
            packet = self._next
            if packet is None or packet.pts is None or packet.time_base is None:
                return
            if end_s is not None and packet.pts * packet.time_base > end_s:
                return
            self._next = None
            yield packet

    def close(self) -> None:
        """Closes the source file; may be called twice."""
        self._packets = iter(())
        self._next = None
        if self._input is not None:
            self._input.close()
            self._input = None

    def _read(self) -> "SoundPacket | None":
        try:
            return next(self._packets, None)
        except (av.FFmpegError, OSError, ValueError) as error:
            self._give_up(error)
            return None

    def _give_up(self, error: Exception) -> None:
        self.trouble = f"the sound track cannot be kept beyond here ({getattr(error, 'strerror', None) or error})"
        self.close()

    def _open(self, source: InputContainer, track: AudioStream, output: OutputContainer) -> Iterator[SoundPacket]:
        video = source.streams.video[0]
        origin_s = Fraction(0) if video.start_time is None or video.time_base is None else video.start_time * video.time_base
        codec = track.codec_context
        if codec is None:
            raise ValueError("its format is not known here")
        name = codec.codec.canonical_name  # a decoder of MP3 calls itself mp3float
        # AAC out of a transport stream has no header of its own (ADTS), which a fragmented MP4 needs before the first packet.
        copied = COPIED - NOT_IN_MOV if output.format.name == "mov" else COPIED
        if name in copied and (name != "aac" or codec.extradata):
            return self._copied(source, track, output.add_stream_from_template(track), origin_s)
        encoder = output.add_stream("aac", rate=codec.sample_rate)
        encoder.codec_context.bit_rate = BIT_RATE
        encoder.codec_context.layout = "stereo" if codec.layout.nb_channels > 1 else "mono"
        return self._encoded(source, track, encoder, origin_s)

    def _copied(
        self, source: InputContainer, track: AudioStream, stream: AudioStream, origin_s: Fraction
    ) -> Iterator[SoundPacket]:
        for packet in source.demux(track):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            shift = round(origin_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            if packet.dts >= 0:  # an encoder's run-in, which would push every picture back by its length
                packet.stream = stream
                yield packet

    def _encoded(
        self, source: InputContainer, track: AudioStream, stream: AudioStream, origin_s: Fraction
    ) -> Iterator[SoundPacket]:
        encoder = stream.codec_context
        encoder.open()
        resampler = av.AudioResampler(encoder.format, encoder.layout, encoder.sample_rate, encoder.frame_size)
        decoded = (frame for packet in source.demux(track) for frame in packet.decode())
        due = None
        for frame in chain(decoded, [None]):  # None lets the resampler's last samples out
            for piece in resampler.resample(frame):
                if piece.pts is not None and piece.time_base is not None:
                    stamp = round((piece.pts * piece.time_base - origin_s) * encoder.sample_rate)
                    # Containers that count milliseconds make every stamp a little wrong: counting samples does not.
                    if due is None or stamp > due + HOLE_S * encoder.sample_rate:
                        due = stamp
                piece.pts, piece.time_base = due, Fraction(1, encoder.sample_rate)
                due = None if due is None else due + piece.samples
                yield from (packet for packet in stream.encode(piece) if packet.dts is not None and packet.dts >= 0)
        yield from stream.encode(None)
