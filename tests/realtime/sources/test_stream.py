"""Streams over a real connection on loopback: live cameras, and videos and images on the web."""

from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from realtime.config import SourceConfig
from realtime.datatypes import Frame
from realtime.errors import SourceLostError
from realtime.sources.capture import open_feed
from realtime.sources.decoder import UNREADABLE_PACKETS
from realtime.sources.feed import Feed
from realtime.sources.stream import Stream
from tests.fakes import make_image
from tests.feeds import refusal
from tests.mjpeg_server import DIALECTS, JPEGS, MjpegServer
from tests.rtsp_server import RtspServer
from tests.video_files import gray_levels, level, read_all, write_video
from tests.web_server import web

pytestmark = pytest.mark.timeout(60)


def test_a_live_stream() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        source = Stream(server.url)
        frames = [source.read() for _ in range(30)]
        source.close()
    info = source.info
    assert (info.name, info.live, info.temporal, info.fps, info.frames) == (server.url, True, True, None, None)
    assert (info.width, info.height, info.path) == (64, 48, None)
    assert [(frame.index, frame.media_time) for frame in frames if frame] == [(i, None) for i in range(30)]
    levels = [level(frame) for frame in frames if frame]
    assert levels == pytest.approx(gray_levels(30), abs=2)
    stamps = [frame.captured_at for frame in frames if frame]
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_of_mjpeg(dialect: str) -> None:
    with MjpegServer(JPEGS, fps=60, dialect=dialect) as server:
        source = Stream(server.url)
        frames = [source.read() for _ in range(30)]
        source.close()
    assert (source.info.live, source.info.fps, source.info.frames) == (True, None, None)
    assert [(frame.index, frame.media_time) for frame in frames if frame] == [(i, None) for i in range(30)]
    assert [level(frame) for frame in frames if frame] == pytest.approx(gray_levels(30), abs=2)


@pytest.mark.parametrize("transports", [("tcp", "udp"), ("udp",)], ids=" and ".join)
@pytest.mark.parametrize("status", ["461 Unsupported Transport", "400 Bad Request", "501 Not Implemented"])
def test_rtsp_over_the_transports_of_the_camera(transports: tuple[str, ...], status: str) -> None:
    notices: list[str] = []
    with RtspServer(gray_levels(20), transports=transports, refusal=status) as server:
        source = Stream(server.url, notify=notices.append)
        frames = [source.read() for _ in range(25)]
        source.close()
    assert source.info.live is True
    assert server.used == ["tcp" if "tcp" in transports else "udp"]
    assert [line for line in notices if "UDP only" in line] == (
        [] if "tcp" in transports else [f"{server.url} sends over UDP only; lost packets will corrupt some frames"]
    )
    assert [frame.media_time for frame in frames if frame] == [None] * 25  # never held back
    shown = [round((level(frame) - 16) / 11) for frame in frames if frame]
    assert sum((after - before) % 20 == 1 for before, after in pairwise(shown)) >= 20  # UDP may lose some


def test_rtsp_without_a_transport_in_common() -> None:
    with RtspServer(gray_levels(20), transports=()) as server:
        assert "protocol not supported" in refusal(server.url)


def test_rtsp_with_an_unescaped_password() -> None:
    with RtspServer(gray_levels(20), login="anna:p#s?1@x") as server:
        source = Stream(server.url.replace("//", "//anna:p#s?1@x@"))
        assert source.read() is not None
        source.close()
        assert source.info.name == server.url.replace("//", "//anna@")
        assert "needs a login" in refusal(server.url.replace("//", "//anna:wrong@"))


def test_frames_that_come_in_one_burst_have_media_time_and_are_given_on_at_their_rate(tmp_path: Path) -> None:
    write_video(tmp_path / "a.webm", gray_levels(45), codec="libvpx", options={"live": "1"})
    with web(tmp_path) as address:
        feed = open_feed(SourceConfig(f"{address}/unsized/a.webm", reconnect_s=0))
        frames: list[Frame] = []
        with pytest.raises(SourceLostError):
            take_all(feed, frames)
        feed.close()
    assert feed.info.live is True
    assert len(frames) + feed.dropped == 45
    assert len(frames) >= 40  # on a machine that is busy with other things
    begin = frames[0].captured_at
    assert [frame.captured_at - begin for frame in frames] == pytest.approx([frame.index / 30 for frame in frames], abs=0.1)


def take_all(feed: Feed, frames: list[Frame]) -> None:
    while (frame := feed.next(20)) is not None:
        frames.append(frame)


def test_a_live_stream_that_the_server_ends_is_lost() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        source = Stream(server.url)
        server.cut()
        with pytest.raises(SourceLostError, match=r"video\.mjpg"):
            read_all(source)
        source.close()


def test_a_live_broadcast_that_comes_to_an_end_is_lost_too(tmp_path: Path) -> None:
    write_video(tmp_path / "a.ts", gray_levels(30))
    with web(tmp_path) as address:
        source = Stream(f"{address}/unsized/a.ts")
        with pytest.raises(SourceLostError, match=r"a\.ts ended the stream"):
            read_all(source)
        source.close()
    assert source.info.live is True


def test_a_live_stream_that_stalls_is_lost_within_the_limit() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        source = Stream(server.url, timeout_s=1)
        server.stall()
        with pytest.raises(SourceLostError, match="no answer in time"):
            read_all(source)
        source.close()


def test_a_live_stream_of_which_nothing_can_be_decoded_any_more_is_lost() -> None:
    junk = b"\xff\xd8" + bytes(300)
    with MjpegServer([JPEGS[0]] * 40 + [junk] * 2 * UNREADABLE_PACKETS, fps=500) as server:
        source = Stream(server.url)
        with pytest.raises(SourceLostError, match="sends data that cannot be decoded"):
            read_all(source)
        source.close()


def test_nothing_is_read_after_close() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        source = Stream(server.url)
        source.close()
        source.close()
        assert source.read() is None


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_video_on_the_web_is_a_file(tmp_path: Path, suffix: str) -> None:
    levels = gray_levels(60)
    write_video(tmp_path / f"a.{suffix}", levels, fps=25, options={"movflags": "+faststart"} if suffix == "mp4" else None)
    with web(tmp_path) as address:
        source = Stream(f"{address}/a.{suffix}")
        frames = read_all(source)
        source.close()
    assert (source.info.live, source.info.fps, source.info.path) == (False, 25, None)
    assert [level(frame) for frame in frames] == pytest.approx(levels, abs=5)
    assert [frame.media_time for frame in frames] == pytest.approx([i / 25 for i in range(60)], abs=0.002)


def test_a_video_on_the_web_without_a_duration_is_a_file_if_its_size_is_known(tmp_path: Path) -> None:
    write_video(tmp_path / "a.webm", gray_levels(30), codec="libvpx", options={"live": "1"})
    with web(tmp_path) as address:
        source = Stream(f"{address}/a.webm")
        assert len(read_all(source)) == 30
        assert source.info.live is False
        source.close()


@pytest.mark.parametrize("where", ["unsized", "endless/2147483647", "endless/99999999", "endless/9223372036854775807"])
def test_images_one_after_the_other_without_an_end_are_live(tmp_path: Path, where: str) -> None:
    (tmp_path / "camera.mjpeg").write_bytes(b"".join(JPEGS) * 5)
    with web(tmp_path) as address:
        source = Stream(f"{address}/{where}/camera.mjpeg")
        frame = source.read()
        assert (source.info.live, source.info.fps) == (True, None)
        assert frame is not None
        assert frame.media_time is None
        source.close()


@pytest.mark.parametrize("suffix", ["ts", "flv"])
def test_a_broadcast_that_promises_a_length_is_live(tmp_path: Path, suffix: str) -> None:
    write_video(tmp_path / f"a.{suffix}", gray_levels(60), codec="flv" if suffix == "flv" else "libx264")
    if suffix == "flv":  # as a server sends it that does not know how long it will take
        data = (tmp_path / "a.flv").read_bytes()
        at = data.index(b"duration") + 9
        (tmp_path / "a.flv").write_bytes(data[:at] + bytes(8) + data[at + 8 :])
    with web(tmp_path) as address:
        source = Stream(f"{address}/endless/2147483647/a.{suffix}")
        assert source.info.live is True
        source.close()


def test_the_same_images_in_a_file_are_finite(tmp_path: Path) -> None:
    (tmp_path / "recording.mjpeg").write_bytes(b"".join(JPEGS) * 5)
    with web(tmp_path) as address:
        source = Stream(f"{address}/recording.mjpeg")
        assert source.info.live is False
        assert len(read_all(source)) == 100
        source.close()


def test_one_image_without_a_length_is_one_frame(tmp_path: Path) -> None:
    (tmp_path / "snapshot.jpg").write_bytes(JPEGS[3])
    with web(tmp_path) as address:
        source = Stream(f"{address}/unsized/snapshot.jpg")
        assert source.info.live is False
        assert len(read_all(source)) == 1
        source.close()


FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


@pytest.mark.parametrize(
    ("where", "movflags", "live"),
    [("unsized/", FRAGMENTED, True), ("", FRAGMENTED, False), ("unsized/", {"movflags": "+faststart"}, False)],
)
def test_an_mp4_is_live_while_it_is_being_recorded(tmp_path: Path, where: str, movflags: dict[str, str], live: bool) -> None:
    write_video(tmp_path / "a.mp4", gray_levels(60), options=movflags, encoder={"g": "10", "tune": "zerolatency"})
    with web(tmp_path) as address:
        source = Stream(f"{address}/{where}a.mp4")
        assert source.info.live is live
        source.close()


def test_an_image_on_the_web_is_one_frame(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", make_image(77, 48, 64))[1].tobytes())
    with web(tmp_path) as address:
        source = Stream(f"{address}/a.png")
        assert [level(frame) for frame in read_all(source)] == [77]
        assert (source.info.live, source.info.fps) == (False, None)
        source.close()
