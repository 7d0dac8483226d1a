"""Videos for tests: written and read back, with times and sound."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult, SourceInfo
from realtime.drawing.painter import Painted
from realtime.sinks.video import VideoSink
from tests import builders


@dataclass(frozen=True, eq=False)
class Film:
    """The contents of a video file."""

    times: list[float]
    images: list[NDArray[np.uint8]]
    keys: list[float]
    codec: str
    pix_fmt: str
    sound: str | None
    sound_times: list[float]


def read(path: Path) -> Film:
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        frames = list(file.decode(video))
        codec, pix_fmt = video.codec_context.name, str(video.codec_context.pix_fmt)
    sound, sound_times = None, []
    with av.open(str(path)) as file:
        if file.streams.audio:
            sound = file.streams.audio[0].codec_context.codec.canonical_name
            sound_times = [
                float(p.pts * p.time_base) for p in file.demux(audio=0) if p.pts is not None and p.time_base is not None
            ]
    return Film(
        times=[float(f.time) for f in frames],
        images=[pixels(f) for f in frames],
        keys=[float(f.time) for f in frames if f.key_frame],
        codec=codec,
        pix_fmt=pix_fmt,
        sound=sound,
        sound_times=sound_times,
    )


def pixels(frame: av.VideoFrame, kind: str = "bgr24") -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(format=kind), np.uint8)


def frames_at(times: list[float], size_wh: tuple[int, int] = (64, 48)) -> list[FrameResult]:
    return [
        builders.result(of=builders.frame(i, media_time=t, size_wh=size_wh, fill=20 + 10 * i % 200))
        for i, t in enumerate(times)
    ]


def save(path: Path, results: list[FrameResult], source: SourceInfo | None = None) -> Film:
    sink = VideoSink(path, builders.run_info(source))
    for result in results:
        sink.write(Painted(result))
    sink.close(builders.summary())
    sink.close(builders.summary())
    return read(path)


def clip_info(path: Path, frames: int = 20, start_s: float = 0.0) -> SourceInfo:
    return builders.source_info(path.name, path=str(path), fps=10.0, frames=frames, start_s=start_s)


def make_clip(
    path: Path,
    codec: str,
    *,
    seconds: int = 2,
    rate: int = 22050,
    start_s: float = 0.0,
    channels: int = 2,
    key_frames: int = 250,
    late_s: float = 0.0,
    sound_s: float | None = None,
) -> Path:
    """A clip of 10 frames/s with a tone that starts before the first frame; key frames at a fixed interval.

    The tone is as long as the video unless `sound_s` is given.
    """
    layout = "mono" if channels == 1 else "stereo"
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=10, options={"preset": "ultrafast", "g": str(key_frames)})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = file.add_stream(codec, rate=rate)
        assert isinstance(sound, av.AudioStream)
        sound.codec_context.layout = layout
        resampler = av.AudioResampler(sound.format, layout, rate, sound.codec_context.frame_size or 1024)
        shift = round(start_s * rate)
        for n in range(seconds * 10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 80, np.uint8), format="bgr24")
            frame.pts, frame.time_base = n + round((start_s + late_s) * 10), Fraction(1, 10)
            file.mux(video.encode(frame))
        wave = (np.sin(np.arange(round((seconds if sound_s is None else sound_s) * rate)) / 10) * 8000).astype(np.int16)
        tone = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="s16p", layout="stereo")
        tone.sample_rate, tone.pts = rate, shift
        for piece in [*resampler.resample(tone), *resampler.resample(None)]:
            file.mux(sound.encode(piece))
        file.mux(video.encode(None))
        file.mux(sound.encode(None))
    return path
