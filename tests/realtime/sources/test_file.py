"""Video files: every frame in order with its true time; what is broken is said in one line."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer
from av.stream import Disposition

from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.decoder import UNREADABLE_PACKETS, OpenContainer
from realtime.sources.file import VideoFile
from tests.fakes import make_image
from tests.video_files import gray_levels, level, read_all, restamp, turn_clockwise, write_sound, write_video

pytestmark = pytest.mark.timeout(60)


def read_until_lost(source: VideoFile) -> tuple[list[float], SourceLostError]:
    """Media times of the frames before the error, and the error."""
    times: list[float] = []

    def read_on() -> None:
        while (frame := source.read()) is not None:
            times.append(frame.media_time or 0.0)

    with pytest.raises(SourceLostError) as caught:
        read_on()
    return times, caught.value


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


def test_a_file_cut_in_its_middle_gives_its_frames_and_then_says_so(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", gray_levels(90), options={"movflags": "+faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 5])
    times, error = read_until_lost(VideoFile(cut))
    assert 10 < len(times) < 90
    assert times == pytest.approx([i / 30 for i in range(len(times))], abs=0.002)
    assert f"cut.mp4 ends early, after {len(times)} frames" in str(error)
    assert "of 3.0 s" in str(error)
    assert "\n" not in str(error)


def test_a_matroska_cut_between_packets_is_noticed_by_its_length(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", gray_levels(90), codec="mjpeg", pix_fmt="yuvj420p")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    times, error = read_until_lost(VideoFile(cut))
    assert 30 < len(times) < 60
    assert "of 3.0 s" in str(error)


def test_damage_in_the_middle_is_skipped_and_reported_once(tmp_path: Path) -> None:
    path = write_video(tmp_path / "scratched.mp4", gray_levels(90), options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[start : start + 400] = bytes(400)
    path.write_bytes(data)
    notices: list[str] = []
    source = VideoFile(path, notify=notices.append)
    frames = read_all(source)
    assert source.damaged > 0
    assert len(frames) > 40
    assert frames[-1].media_time == pytest.approx(89 / 30, abs=0.002)
    times = [frame.media_time or 0.0 for frame in frames]
    assert times == sorted(set(times))
    assert "scratched.mp4 is damaged near" in notices[0]
    assert len(notices) <= 2
    source.close()


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


def refusal(path: Path, opener: OpenContainer = av.open) -> str:
    with pytest.raises(SourceOpenError) as caught:
        VideoFile(path, opener=opener)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def test_no_such_file(tmp_path: Path) -> None:
    assert "not found" in refusal(tmp_path / "nope.mp4")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "is empty" in refusal(path)


@pytest.mark.parametrize("name", ["text.mp4", "text.txt"])
def test_a_text_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("no frames here\n" * 200)
    assert "video" in refusal(path)


def test_a_file_without_its_index(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", gray_levels(30))  # the index is at the end
    cut = tmp_path / "cut.mp4"
    data = whole.read_bytes()
    cut.write_bytes(data[: data.index(b"moov") - 4])
    assert "complete" in refusal(cut)


def test_sound_only(tmp_path: Path) -> None:
    assert "sound but no video" in refusal(write_sound(tmp_path / "song.m4a"))


def test_a_song_with_a_cover(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.m4a"), "w", format="mp4") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        stream.disposition = Disposition.attached_pic
        container.mux(stream.encode(av.VideoFrame.from_ndarray(make_image(9, 48, 64), format="rgb24")))
        container.mux(stream.encode(None))
    assert "contains no video" in refusal(tmp_path / "song.m4a")


def test_a_recording_without_a_duration_is_a_file_all_the_same(tmp_path: Path) -> None:
    path = write_video(tmp_path / "browser.webm", gray_levels(30), codec="libvpx", options={"live": "1"})
    with av.open(str(path)) as container:
        assert container.duration is None
    source = VideoFile(path)
    assert source.info.live is False
    assert [frame.media_time for frame in read_all(source)] == pytest.approx([i / 30 for i in range(30)], abs=0.002)
    source.close()


@pytest.mark.parametrize("suffix", ["flv", "mkv"])
def test_a_length_known_only_of_the_whole_file(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"a.{suffix}", gray_levels(60))
    path.write_bytes(path.read_bytes().replace(b"DURATION", b"DURATI0N"))
    assert len(read_all(VideoFile(path))) == 60
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    times, error = read_until_lost(VideoFile(path))
    assert 10 < len(times) < 50
    assert " s of 2." in str(error)


def test_a_video_of_which_no_frame_can_be_decoded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "noise.mp4", [50, 60])
    data = bytearray(path.read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    assert "noise.mp4" in refusal(path)


def test_a_codec_that_is_not_known(tmp_path: Path) -> None:
    path = write_video(tmp_path / "new.mp4", [50])
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz9").replace(b"avcC", b"zzzC"))
    assert "new.mp4" in refusal(path)


def test_a_length_that_makes_no_sense_is_not_believed(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", gray_levels(30))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"00:00:01.0", b"an hour   ", 1))
    assert b"an hour" in path.read_bytes()
    source = VideoFile(path)
    assert len(read_all(source)) == 30
    source.close()


class BrokenDisk:
    """A container whose every read fails, with this error, after some packets."""

    def __init__(self, container: av.container.InputContainer, error: av.FFmpegError, good: int) -> None:
        self._container = container
        self._error = error
        self._good = good
        self.tries = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)

    def demux(self, stream: av.VideoStream) -> Iterator[av.Packet]:
        self.tries += 1
        for packet in self._container.demux(stream):
            if not self._good:
                raise self._error
            self._good -= 1
            yield packet


def broken(path: Path, error: av.FFmpegError) -> tuple[VideoFile, BrokenDisk]:
    """The file on a disk that breaks after 20 packets."""
    disk = BrokenDisk(av.open(str(path)), error, 20)
    return VideoFile(path, opener=lambda *_, **__: disk), disk  # type: ignore[arg-type, return-value]


def test_a_disk_that_breaks(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", gray_levels(60), codec="mjpeg", pix_fmt="yuvj420p")
    source, disk = broken(path, av.error.OSError(5, "Input/output error"))
    times, error = read_until_lost(source)
    assert times == pytest.approx([i / 30 for i in range(20)], abs=0.002)  # those within the decoder as well
    assert str(error) == "a.mkv stopped delivering frames: input/output error"
    assert disk.tries == 1
    source.close()


def test_damage_without_an_end_is_given_up(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", gray_levels(60), codec="mjpeg", pix_fmt="yuvj420p")
    source, disk = broken(path, av.error.InvalidDataError(1094995529, "Invalid data"))
    _, error = read_until_lost(source)
    assert str(error) == "the rest of a.mkv is too damaged to be read"
    assert disk.tries == source.damaged == UNREADABLE_PACKETS
    source.close()


def test_no_permission(tmp_path: Path) -> None:
    path = write_video(tmp_path / "secret.mp4", [50])

    def deny(*_: object, **__: object) -> InputContainer:  # root may read everything
        raise PermissionError(13, "Permission denied", str(path))

    assert "permissions" in refusal(path, deny)
