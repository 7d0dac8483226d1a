"""Files that are cut, damaged or no videos: the frames that can be read, then one line."""

from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from av.container import InputContainer
from av.stream import Disposition

from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.decoder import UNREADABLE_PACKETS, OpenContainer
from realtime.sources.file import VideoFile
from tests.fakes import make_image
from tests.video_files import gray_levels, read_all, write_sound, write_video

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
