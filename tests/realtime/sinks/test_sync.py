"""The sound of a saved video where the source's timestamps are wrong, have holes, or begin anew."""

from pathlib import Path

import numpy as np
import pytest

from realtime.sinks.sync import SoundClock
from realtime.sources.file import VideoFile
from tests.films import Film, frames_at, make_clip, save

TICKS_PER_S = 90_000


def times(stamps: list[float], *, start_s: float = 0.0, images: list[tuple[float, float]] | None = None) -> list[float | None]:
    """Media times of packets of 0.5 s; `images` is the shift of the images' clock and the time that they have reached."""
    clock = SoundClock(start_s)
    around = images or [(0.0, stamp - start_s) for stamp in stamps]
    return [
        clock.seconds(stamp, 0.5, stamps[n + 1 :], shift_s, image_s)
        for n, (stamp, (shift_s, image_s)) in enumerate(zip(stamps, around, strict=True))
    ]


def test_times_count_from_the_first_image() -> None:
    assert times([6.5, 7.0, 7.5], start_s=7.0) == [-0.5, 0.0, 0.5]


def test_a_hole_stays_one() -> None:
    assert times([0.0, 0.5, 3.0, 3.5]) == [0.0, 0.5, 3.0, 3.5]


@pytest.mark.parametrize("wrong", [[1000.0], [-3.0], [0.0], [1000.0, 2000.0], [1000.0, -5.0, 1000.5]])
def test_wrong_timestamps_change_nothing_else(wrong: list[float]) -> None:
    good = [0.5 * n for n in range(4, 10)]
    assert times([0.0, 0.5, *wrong, *[stamp - 1.0 + 0.5 * len(wrong) for stamp in good]]) == [
        0.5 * n for n in range(2 + len(wrong) + len(good))
    ]


def test_a_joined_recording_follows_its_images() -> None:
    """The sound before the join is half a second shorter than the images, which go on at 2 s."""
    images = [(0.0, 0.0), (0.0, 0.5), (-2.0, 2.0), (-2.0, 2.5)]
    assert times([0.0, 0.5, 0.0, 0.5], images=images) == [0.0, 0.5, 2.0, 2.5]


def test_of_two_sounds_at_a_join_the_first_is_kept() -> None:
    images = [(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (-1.0, 1.0), (-1.0, 1.5), (-1.0, 2.0)]
    assert times([0.0, 0.5, 1.0, 0.0, 0.5, 1.0], images=images) == [0.0, 0.5, 1.0, None, 1.5, 2.0]


def test_sound_that_begins_anew_alone_is_joined_on() -> None:
    images = [(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.0, 1.5)]
    assert times([10.0, 10.5, 0.0, 0.5], start_s=10.0, images=images) == [0.0, 0.5, 1.0, 1.5]


# whole files


def copied(clip: Path) -> Film:
    """The saved copy of a clip."""
    source = VideoFile(clip)
    frames = frames_at([frame.media_time or 0.0 for frame in iter(source.read, None)])
    source.close()
    return save(clip.with_name("out.mp4"), frames, source.info)


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def move_sound(path: Path, packet: int, by_s: float) -> Path:
    """Changes the timestamp of one of the sound's packets in an MPEG-TS."""
    data, seen = bytearray(path.read_bytes()), -1
    for at in range(0, len(data), 188):
        start = data.find(b"\0\0\1\xc0", at + 4, at + 188)
        if not data[at + 1] & 0x40 or start < 0:
            continue
        seen += 1
        if seen == packet:
            field = data[start + 9 : start + 14]
            stamp = (field[0] >> 1 & 7) << 30 | field[1] << 22 | field[2] >> 1 << 15 | field[3] << 7 | field[4] >> 1
            stamp = (stamp + round(by_s * TICKS_PER_S)) % (1 << 33)
            field[0] = field[0] & 0xF1 | (stamp >> 30 & 7) << 1
            field[1], field[2] = stamp >> 22 & 255, (stamp >> 15 & 127) << 1 | 1
            field[3], field[4] = stamp >> 7 & 255, (stamp & 127) << 1 | 1
            data[start + 9 : start + 14] = field
    assert seen > packet
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("codec", ["libmp3lame", "aac"])
@pytest.mark.parametrize("sound_s", [1.5, 2.0, 3.0])
def test_the_sound_of_joined_recordings_stays_in_step(codec: str, sound_s: float, tmp_path: Path) -> None:
    first = make_clip(tmp_path / "first.ts", codec, rate=44_100, sound_s=sound_s)
    second = make_clip(tmp_path / "second.ts", codec, rate=44_100)
    film = copied(joined(tmp_path / "both.ts", first, second))
    assert len(film.times) == 40
    assert film.sound_times[-1] == pytest.approx(4, abs=0.1)
    assert np.diff(film.sound_times).min() > 0
    if codec == "aac":  # encoded anew: what is missing is silent
        assert np.diff(film.sound_times).max() < 0.1


@pytest.mark.parametrize("codec", ["libmp3lame", "aac"])
@pytest.mark.parametrize("by_s", [-1.0, 1000.0])
def test_a_wrong_timestamp_does_not_end_the_sound(codec: str, by_s: float, tmp_path: Path) -> None:
    clip = move_sound(make_clip(tmp_path / "a.ts", codec, rate=44_100, seconds=4), 3, by_s)
    film = copied(clip)
    assert len(film.times) == 40
    assert film.sound_times[-1] == pytest.approx(4, abs=0.1)
    assert np.diff(film.sound_times).max() < 0.1


def test_re_encoded_sound_that_begins_late_is_silent_until_then(tmp_path: Path) -> None:
    """Fragmented MP4 moves the first packet to 0; players that only count samples would hear all of it too early."""
    silent = make_clip(tmp_path / "a.ts", "mp2", rate=44_100, seconds=2)
    clip = silent.read_bytes()
    late = tmp_path / "late.ts"
    packets = [clip[at : at + 188] for at in range(0, len(clip), 188)]
    sound = [n for n, each in enumerate(packets) if (each[1] & 31) << 8 | each[2] == 0x101]
    dropped = set(sound[: len(sound) // 2])
    late.write_bytes(b"".join(each for n, each in enumerate(packets) if n not in dropped))
    film = copied(late)
    assert film.sound_times[0] == pytest.approx(0, abs=0.03)
    assert film.sound_times[-1] == pytest.approx(2, abs=0.1)
    assert np.diff(film.sound_times).max() < 0.1
