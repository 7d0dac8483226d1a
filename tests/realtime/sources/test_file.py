"""Video files: every frame in order with its true time."""

from pathlib import Path

import numpy as np
import pytest

from realtime.sources.file import VideoFile
from tests.video_files import gray_levels, level, read_all, restamp, turn_clockwise, write_video

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "libx264"), ("mkv", "libx264"), ("avi", "mjpeg"), ("webm", "libvpx"), ("ts", "libx264")]
)
def test_every_frame_in_order_with_its_time(tmp_path: Path, suffix: str, codec: str) -> None:
    levels = gray_levels(20)
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    source = VideoFile(write_video(tmp_path / f"a.{suffix}", levels, codec=codec, pix_fmt=pix_fmt, fps=25))
    frames = read_all(source)
    assert [level(frame) for frame in frames] == pytest.approx(levels, abs=5)
    assert [frame.media_time for frame in frames] == pytest.approx([i / 25 for i in range(20)], abs=0.002)
    assert [frame.index for frame in frames] == list(range(20))
    assert {frame.source for frame in frames} == {f"a.{suffix}"}
    assert source.damaged == 0
    source.close()


def test_frames_stored_out_of_order_come_in_presentation_order_from_an_avi(tmp_path: Path) -> None:
    levels = gray_levels(25)
    source = VideoFile(write_video(tmp_path / "b.avi", levels, fps=25))  # x264 with B-frames, which AVI has no times for
    frames = read_all(source)
    assert [level(frame) for frame in frames] == pytest.approx(levels, abs=5)
    steps = np.diff([frame.media_time for frame in frames])
    assert steps == pytest.approx(np.full(24, 1 / 25), abs=0.021)
    source.close()


def test_the_facts_are_known_when_it_opens(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", gray_levels(12), fps=24)
    source = VideoFile(path)
    info = source.info
    assert (info.name, info.live, info.temporal) == ("a.mp4", False, True)
    assert (info.width, info.height, info.fps, info.frames, info.path) == (64, 48, 24, 12, str(path))
    source.close()


def test_a_name_can_be_given(tmp_path: Path) -> None:
    source = VideoFile(write_video(tmp_path / "a.mp4", [50]), name="demo")
    frame = source.read()
    assert frame is not None
    assert (source.info.name, frame.source) == ("demo", "demo")
    source.close()


def test_a_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    times_ms = [0, 40, 50, 400, 1000, 1033]
    source = VideoFile(write_video(tmp_path / "v.mkv", gray_levels(6), times_ms=times_ms))
    assert [frame.media_time for frame in read_all(source)] == pytest.approx([t / 1000 for t in times_ms], abs=0.0011)
    source.close()


@pytest.mark.parametrize("shifts_s", [{40: 3600.0}, {40: -0.9, 41: 5.0, 80: -2.0}, {40 + i: 3.0 for i in range(60)}])
def test_a_wrong_timestamp_affects_only_its_frame_and_is_reported(tmp_path: Path, shifts_s: dict[int, float]) -> None:
    path = write_video(tmp_path / "a.ts", gray_levels(150), fps=25, encoder={"bf": "0"})
    notices: list[str] = []
    source = VideoFile(restamp(path, shifts_s), notify=notices.append)
    times = [frame.media_time or 0.0 for frame in read_all(source)]
    source.close()
    assert len(times) == 150
    off = [abs(time_s - i / 25) for i, time_s in enumerate(times) if i not in shifts_s]
    assert max(off) < 0.01
    assert times == sorted(set(times))
    assert "a.ts has a wrong timestamp near 1.6 s" in notices[0]
    at_the_end = [f"a.ts has {len(shifts_s)} wrong timestamps; the times of those frames are estimates"]
    assert notices[1:] == (at_the_end if len(shifts_s) > 1 else [])


def test_wrong_timestamps_in_a_joined_recording(tmp_path: Path) -> None:
    first = restamp(write_video(tmp_path / "1.ts", gray_levels(100), fps=25, encoder={"bf": "0"}), {30: 9.0, 99: 3600.0})
    second = restamp(write_video(tmp_path / "2.ts", gray_levels(100), fps=25, encoder={"bf": "0"}), {1: -0.5, 50: 60.0})
    (tmp_path / "joined.ts").write_bytes(first.read_bytes() + second.read_bytes())
    times = [frame.media_time for frame in read_all(VideoFile(tmp_path / "joined.ts"))]
    good = [i for i in range(200) if i not in (30, 99, 101, 150)]
    assert [times[i] for i in good] == pytest.approx([i / 25 for i in good], abs=0.081)


def test_rotation_is_applied(tmp_path: Path) -> None:
    source = VideoFile(turn_clockwise(write_video(tmp_path / "upright.mp4", [200] * 3, size_wh=(64, 48))))
    assert (source.info.width, source.info.height) == (48, 64)
    frame = source.read()
    assert frame is not None
    assert frame.size_hw == (64, 48)
    # the dark left half is the dark upper half when turned clockwise
    assert frame.image[:24].mean() == pytest.approx(100, abs=4)
    assert frame.image[40:].mean() == pytest.approx(200, abs=4)
    source.close()


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [
        ("ffv1", "gray", "mkv"),
        ("ffv1", "gray16le", "mkv"),
        ("ffv1", "yuv422p10le", "mkv"),
        ("libx264", "yuv420p10le", "mp4"),
        ("ffv1", "bgra", "mkv"),
    ],
)
def test_every_depth_and_layout_becomes_bgr(tmp_path: Path, codec: str, pix_fmt: str, suffix: str) -> None:
    source = VideoFile(write_video(tmp_path / f"a.{suffix}", [40, 200], codec=codec, pix_fmt=pix_fmt))
    frames = read_all(source)
    assert [(frame.image.dtype, frame.image.shape) for frame in frames] == [(np.uint8, (48, 64, 3))] * 2
    assert [level(frame) for frame in frames] == pytest.approx([40, 200], abs=3)
    source.close()


@pytest.mark.parametrize("size_wh", [(1, 1), (37, 23), (641, 3)])
def test_odd_sizes(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    source = VideoFile(write_video(tmp_path / "odd.mkv", [90, 180], codec="ffv1", pix_fmt="bgr0", size_wh=size_wh))
    frames = read_all(source)
    assert [frame.size_hw for frame in frames] == [size_wh[::-1]] * 2
    assert [level(frame) for frame in frames] == [90, 180]
    source.close()


def test_a_name_that_looks_like_a_protocol(tmp_path: Path) -> None:
    source = VideoFile(write_video(tmp_path / "film.mp4", [60]).rename(tmp_path / "concat_12%d ä.mp4"))
    assert [level(frame) for frame in read_all(source)] == pytest.approx([60], abs=3)
    source.close()


def test_nothing_is_read_after_close(tmp_path: Path) -> None:
    source = VideoFile(write_video(tmp_path / "a.mp4", gray_levels(5)))
    source.close()
    source.close()
    assert source.read() is None


@pytest.mark.clips
def test_the_header_may_promise_a_few_frames_too_many(clips: Path) -> None:
    source = VideoFile(clips / "no_face.mp4")
    frames = read_all(source)
    assert (len(frames), source.info.frames, source.damaged) == (95, 98, 0)
    source.close()


@pytest.mark.clips
@pytest.mark.parametrize(
    ("name", "count", "fps", "last_s"),
    [("sad_then_happy.mp4", 472, 23.976, 19.6446), ("single_face.mp4", 72, 30, 2.3667), ("neutral_720p.mp4", 282, 30, 9.3667)],
)
def test_real_clips(clips: Path, name: str, count: int, fps: float, last_s: float) -> None:
    source = VideoFile(clips / name)
    times = [frame.media_time or 0.0 for frame in read_all(source)]
    assert len(times) == count
    assert source.info.fps == pytest.approx(fps, abs=0.001)
    assert (times[0], times[-1]) == (0.0, pytest.approx(last_s, abs=0.001))
    assert times == sorted(set(times))
    source.close()
