"""The sound track of a video file, for the annotated copy of that file.

No error here may affect the images: every failure of the sound becomes a notice.
"""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from realtime.sinks.sync import HOLE_S, in_step

SoundPacket: TypeAlias = "Packet[AudioStream]"

COPIED = frozenset({"aac", "mp3", "opus"})
"""Codecs that MP4 can hold and browsers can play; everything else is re-encoded."""

NOT_IN_MOV = frozenset({"opus"})

ENCODER = "aac"

BIT_RATE = 160_000
"""Bits a second of re-encoded sound: transparent for stereo AAC."""

USUAL_RATE = 48_000
"""Samples a second where the encoder cannot have the source's own rate."""

MOST_SILENCE_S = 10.0
"""The longest gap of re-encoded sound that is filled with silence; after longer gaps, timestamps alone place the sound."""


class SoundTrack:
    """Delivers the packets of a file's sound track in sync with the images; holds one packet in memory.

    Times count from the first image, as in `Frame.media_time`. No method raises; errors are stored in `trouble`.

    Args:
        path: the source file. A pipe is not opened: that would take data from its reader.
        output: gets a sound stream, if the source has sound.
        start_s: time of the first image on the file's own clock, seconds.
    """

    def __init__(self, path: str, output: OutputContainer, start_s: float = 0.0) -> None:
        self.trouble: str | None = None
        """Why the track is missing or ends early; None if it does not."""
        self._start_s = start_s
        self._input: InputContainer | None = None
        self._next: SoundPacket | None = None
        self._packets: Iterator[SoundPacket] = iter(())
        try:
            if not Path(path).is_file() and Path(path).exists():
                self.trouble = "a pipe can be read only once, so its sound is left out; save it to a file first to keep it"
                return
            source = av.open(f"file:{path}", metadata_errors="replace")
            self._input = source
            if source.streams.audio:
                best = source.streams.best("audio")
                track = best if isinstance(best, AudioStream) else source.streams.audio[0]
                self._packets = self._open(source, track, output)
            else:
                self.close()
        except Exception as error:  # of any kind: the images must continue
            self.give_up(error)

    def until(self, end_s: float | None) -> Iterator[SoundPacket]:
        """Packets that start at or before `end_s`, in order; all remaining ones if that is None."""
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

    def give_up(self, error: Exception) -> None:
        """Ends the track and stores the reason."""
        self.trouble = f"the sound track cannot be kept beyond here ({getattr(error, 'strerror', None) or error})"
        self.close()

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
        except Exception as error:
            self.give_up(error)
            return None

    def _open(self, source: InputContainer, track: AudioStream, output: OutputContainer) -> Iterator[SoundPacket]:
        codec = track.codec_context
        if codec is None:
            raise ValueError("its format is not supported")
        name = codec.codec.canonical_name  # a decoder of MP3 calls itself mp3float
        # AAC out of a transport stream has no header of its own (ADTS), which a fragmented MP4 needs before the first packet.
        copied = COPIED - NOT_IN_MOV if output.format.name == "mov" else COPIED
        if name in copied and (name != "aac" or codec.extradata) and _holds(output, track):
            return self._copied(source, track, output.add_stream_from_template(track))
        rate = _encodable_rate(codec.sample_rate)
        layout = "stereo" if codec.layout.nb_channels > 1 else "mono"
        _tried_encoder(rate, layout)  # before the file gets a stream that cannot be removed
        encoder = output.add_stream(ENCODER, rate=rate)
        assert isinstance(encoder, AudioStream)
        _configure(encoder.codec_context, layout)
        return self._encoded(source, track, encoder)

    def _copied(self, source: InputContainer, track: AudioStream, stream: AudioStream) -> Iterator[SoundPacket]:
        last_dts = -1
        for packet in in_step(source, track, self._start_s):
            # before 0 is an encoder's run-in, which would push every image back by its length; a muxer refuses times that fall
            if packet.dts is not None and packet.dts > last_dts:
                last_dts = packet.dts
                packet.stream = stream
                yield packet

    def _encoded(self, source: InputContainer, track: AudioStream, stream: AudioStream) -> Iterator[SoundPacket]:
        encoder = stream.codec_context
        encoder.open()
        due: int | None = None
        for piece in _resampled(_filled(_decoded(source, track, self._start_s)), encoder):
            if piece.pts is not None and piece.time_base is not None:
                stamp = round(piece.pts * piece.time_base * encoder.sample_rate)
                # Containers that count milliseconds make every stamp a little wrong: counting samples does not.
                if due is None or stamp > due + HOLE_S * encoder.sample_rate:
                    due = stamp
            piece.pts, piece.time_base = due, Fraction(1, encoder.sample_rate)
            due = None if due is None else due + piece.samples
            yield from (packet for packet in stream.encode(piece) if packet.dts is not None and packet.dts >= 0)
        yield from stream.encode(None)


def _decoded(source: InputContainer, track: AudioStream, start_s: float) -> Iterator[AudioFrame]:
    """Every sound frame; a damaged packet leaves a gap."""
    for packet in in_step(source, track, start_s):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue


def _filled(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """The frames, with silence in the gaps: not every player uses the timestamps of sound."""
    due_s = 0.0  # fragmented MP4 moves the first sound to 0, whatever its timestamp
    for frame in frames:
        if frame.pts is not None and frame.time_base is not None:
            at_s = float(frame.pts * frame.time_base)
            if HOLE_S < at_s - due_s <= MOST_SILENCE_S:
                yield from _silence(frame, due_s, at_s)
            if abs(at_s - due_s) > HOLE_S:
                due_s = at_s
        yield frame
        due_s += frame.samples / frame.sample_rate


def _silence(like: AudioFrame, start_s: float, end_s: float) -> Iterator[AudioFrame]:
    """Silent frames in the format of `like`."""
    assert like.time_base is not None
    left = round((end_s - start_s) * like.sample_rate)
    while left > 0:
        frame = AudioFrame(like.format.name, like.layout.name, min(left, like.sample_rate))
        for plane in frame.planes:
            # unsigned samples are silent in the middle of their range
            plane.update((b"\x80" if like.format.name in ("u8", "u8p") else b"\0") * plane.buffer_size)
        frame.sample_rate, frame.time_base = like.sample_rate, like.time_base
        frame.pts = round((end_s - left / like.sample_rate) / like.time_base)
        left -= frame.samples
        yield frame


def _resampled(frames: Iterator[AudioFrame], encoder: AudioCodecContext) -> Iterator[AudioFrame]:
    """The frames in the encoder's format; the input format may change."""
    resampler, before = None, None
    for frame in frames:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or kind != before:
            if resampler is not None:
                yield from resampler.resample(None)  # lets its last samples out
            resampler = av.AudioResampler(encoder.format, encoder.layout, encoder.sample_rate, encoder.frame_size)
            before = kind
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _encodable_rate(rate: int) -> int:
    """The source's rate if the encoder supports it, else the usual one."""
    return rate if rate in (av.Codec(ENCODER, "w").audio_rates or ()) else USUAL_RATE


def _configure(context: AudioCodecContext, layout: str) -> None:
    context.bit_rate = BIT_RATE
    context.layout = layout


def _tried_encoder(rate: int, layout: str) -> None:
    """Opens and discards an encoder with these settings.

    Raises:
        av.FFmpegError: it refuses.
    """
    context = av.CodecContext.create(ENCODER, "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.format = rate, av.Codec(ENCODER, "w").audio_formats[0]  # type: ignore[index]
    _configure(context, layout)
    context.open()


def _holds(output: OutputContainer, track: AudioStream) -> bool:
    """Whether the container format accepts the track unchanged: tried in memory, since a refusal would damage the file."""
    try:
        with av.open(io.BytesIO(), "w", format=output.format.name) as trial:
            trial.add_stream_from_template(track)
            trial.start_encoding()
    except Exception:
        return False
    return True
