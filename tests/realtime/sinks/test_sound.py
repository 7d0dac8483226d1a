"""The sound of the source, in the annotated video."""

import os
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.container import OutputContainer

from realtime.drawing.painter import Painted
from realtime.sinks.sound import SoundTrack
from realtime.sinks.video import VideoSink
from realtime.sources.file import VideoFile
from tests import builders
from tests.films import clip_info, frames_at, make_clip, read, save

TWO_SECONDS = [n / 10 for n in range(20)]


@pytest.mark.parametrize(
    ("name", "codec", "kept"),
    [
        ("a.mp4", "aac", "aac"),
        ("a.mkv", "libmp3lame", "mp3"),
        ("a.mkv", "pcm_s16le", "aac"),
        ("a.mkv", "ac3", "aac"),
        ("a.ts", "aac", "aac"),
    ],
)
def test_the_sound_track_is_kept(name: str, codec: str, kept: str, tmp_path: Path) -> None:
    rate = 48000 if codec == "ac3" else 22050
    clip = make_clip(tmp_path / name, codec, rate=rate)
    film = save(tmp_path / "out.mp4", frames_at([n / 10 for n in range(20)]), clip_info(clip))
    assert film.sound == kept
    assert film.times == pytest.approx([n / 10 for n in range(20)], abs=1e-5)
    assert film.sound_times[0] == pytest.approx(0, abs=0.07)
    assert film.sound_times[-1] == pytest.approx(2, abs=0.15)
    assert np.diff(film.sound_times).max() < 0.06, "a hole"


def test_sound_that_a_container_cannot_hold_is_encoded_anew(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", "libopus", rate=48000)
    frames = frames_at([n / 10 for n in range(20)])
    assert save(tmp_path / "out.mp4", frames, clip_info(clip)).sound == "opus"
    film = save(tmp_path / "out.mov", frames, clip_info(clip))
    assert film.sound == "aac"
    assert film.sound_times[-1] == pytest.approx(2, abs=0.15)


def test_sound_of_an_unknown_format_costs_the_sound_not_the_video(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", "libmp3lame")
    clip.write_bytes(clip.read_bytes().replace(b"A_MPEG/L3", b"A_ZZZZ/L3"))
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info(clip_info(clip)))
    for result in frames_at([0.0, 0.1]):
        sink.write(Painted(result))
    sink.close(builders.summary())
    assert "its format is not supported" in str(sink.notices())
    assert len(read(tmp_path / "out.mp4").times) == 2


def test_sound_counts_from_the_first_image(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "late.mkv", "pcm_s16le", start_s=5.0)
    film = save(tmp_path / "out.mp4", frames_at([n / 10 for n in range(20)]), clip_info(clip, start_s=5.0))
    assert film.sound_times[0] == pytest.approx(0, abs=0.07)
    assert film.sound_times[-1] == pytest.approx(2, abs=0.15)


def test_sound_ends_where_the_user_quit(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", "aac")
    film = save(tmp_path / "out.mp4", frames_at([n / 10 for n in range(5)]), clip_info(clip))
    assert film.sound_times[-1] == pytest.approx(0.5, abs=0.06)


def test_sound_is_there_after_a_kill_too(tmp_path: Path) -> None:
    """Sound and images are interleaved while the program runs, not at its end."""
    clip = make_clip(tmp_path / "a.mp4", "aac", seconds=4)
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info(clip_info(clip, 40)))
    for result in frames_at([n / 10 for n in range(40)]):
        sink.write(Painted(result))
    film = read(tmp_path / "out.mp4")
    assert film.times[-1] > 2.8
    assert film.sound_times[-1] > 2.8
    sink.close(builders.summary())


def test_a_live_source_and_a_silent_file_have_no_sound(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    save(silent, frames_at([0.0, 0.1]))
    assert save(tmp_path / "out.mp4", frames_at([0.0, 0.1]), clip_info(silent)).sound is None


def test_sound_that_cannot_be_read_costs_the_sound_not_the_video(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info(builders.source_info(path=str(tmp_path / "gone.mp4"))))
    assert sink.notices() == ()
    for result in frames_at([0.0, 0.1]):
        sink.write(Painted(result))
    sink.close(builders.summary())
    assert "the sound track cannot be kept" in str(sink.notices())
    assert len(read(tmp_path / "out.mp4").times) == 2


@pytest.mark.parametrize("rate", [192_000, 37_800, 5_512])
def test_sound_at_a_rate_that_the_encoder_lacks_is_resampled(rate: int, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", "pcm_s16le", rate=rate)
    film = save(tmp_path / "out.mp4", frames_at(TWO_SECONDS), clip_info(clip))
    assert film.times == pytest.approx(TWO_SECONDS, abs=1e-5)
    assert film.sound == "aac"
    assert film.sound_times[-1] == pytest.approx(2, abs=0.15)


def test_a_damaged_packet_leaves_a_hole_and_the_rest_stays_in_step(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.ts", "aac")
    data = bytearray(clip.read_bytes())
    spoilt = 0
    for at in range(len(data) * 4 // 10 // 188 * 188, len(data), 188):
        if (data[at + 1] & 31) << 8 | data[at + 2] == 0x101 and spoilt < 2:
            data[at + 60 : at + 150] = bytes(byte ^ 0x5A for byte in data[at + 60 : at + 150])
            spoilt += 1
    clip.write_bytes(data)
    assert spoilt == 2
    film = save(tmp_path / "out.mp4", frames_at(TWO_SECONDS), clip_info(clip))
    assert film.sound_times[-1] == pytest.approx(2, abs=0.15)


def test_sound_whose_channels_change_goes_on(tmp_path: Path) -> None:
    mono, stereo = (make_clip(tmp_path / f"{n}.ts", "aac", channels=n, start_s=2.0 * (n - 1)) for n in (1, 2))
    both = tmp_path / "both.ts"
    both.write_bytes(mono.read_bytes() + stereo.read_bytes())
    film = save(tmp_path / "out.mp4", frames_at([n / 10 for n in range(40)]), clip_info(both, 40))
    assert film.sound_times[-1] == pytest.approx(4, abs=0.2)
    assert np.diff(film.sound_times).max() < 0.2


def test_sound_is_in_step_where_the_first_frames_cannot_be_decoded(tmp_path: Path) -> None:
    """A transport stream that begins between two key frames: its sound begins earlier than what can be seen."""
    clip = make_clip(tmp_path / "a.ts", "mp2", seconds=4, key_frames=20, rate=44100)
    data = clip.read_bytes()
    clip.write_bytes(data[188 * (len(data) // 188 // 8) :])
    source = VideoFile(clip)
    frames = list(iter(source.read, None))
    source.close()
    assert len(frames) == 20
    film = save(tmp_path / "out.mp4", frames_at([frame.media_time or 0.0 for frame in frames]), source.info)
    assert film.sound_times[0] == pytest.approx(0, abs=0.07)
    assert film.sound_times[-1] == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("name", ["a.mkv", "a.webm"])
def test_a_file_whose_video_begins_after_its_sound_is_whole_and_in_step(name: str, tmp_path: Path) -> None:
    """Matroska counts a track's duration from 0, wherever its first frame lies."""
    clip = make_clip(tmp_path / "a.mkv", "libopus", rate=48000, seconds=4, late_s=2.0).rename(tmp_path / name)
    source = VideoFile(clip)
    frames = list(iter(source.read, None))  # raises SourceLostError for a file that breaks off
    source.close()
    assert len(frames) == 40
    assert source.info.start_s == pytest.approx(2, abs=0.01)
    film = save(tmp_path / "out.mp4", frames_at([frame.media_time or 0.0 for frame in frames]), source.info)
    assert film.sound_times[0] == pytest.approx(0, abs=0.07)
    assert film.sound_times[-1] == pytest.approx(2, abs=0.15)  # it lasted 4 s, of which 2 lie before the first frame


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are made here")
def test_a_pipe_is_not_opened_again(tmp_path: Path) -> None:
    """Whoever opens a pipe takes data from its reader, and waits for ever where there is no writer."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info(builders.source_info(path=str(pipe))))
    for result in frames_at([0.0, 0.1]):
        sink.write(Painted(result))
    sink.close(builders.summary())
    assert "a pipe can be read only once" in str(sink.notices())
    assert len(read(tmp_path / "out.mp4").times) == 2


class Refusing:
    """A container that fails in an unexpected way."""

    format = av.ContainerFormat("mp4", "w")

    def add_stream(self, *_: object, **__: object) -> None:
        raise ZeroDivisionError("no such luck")

    add_stream_from_template = add_stream


def test_no_error_of_any_kind_leaves_the_sound_track(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", "pcm_s16le")
    track = SoundTrack(str(clip), cast("OutputContainer", Refusing()))
    assert list(track.until(None)) == []
    assert "no such luck" in str(track.trouble)
