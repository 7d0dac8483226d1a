"""open_feed on real files and a real camera on the network: drops, reconnection, errors."""

from pathlib import Path

import cv2
import pytest

from realtime.config import SourceConfig
from realtime.errors import ConfigError, SourceLostError, SourceOpenError
from realtime.sources.capture import open_feed
from realtime.sources.feed import AheadFeed
from tests.fakes import make_image
from tests.feeds import capture_threads, take_all
from tests.mjpeg_server import JPEGS, MjpegServer
from tests.video_files import gray_levels, level, write_video

pytestmark = pytest.mark.timeout(60)


def test_open_feed_gives_every_frame_of_a_file(tmp_path: Path) -> None:
    feed = open_feed(SourceConfig(str(write_video(tmp_path / "a.mp4", gray_levels(10)))))
    assert isinstance(feed, AheadFeed)
    assert [frame.index for frame in take_all(feed)] == list(range(10))
    feed.close()


def test_open_feed_reports_skipped_images(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", make_image(1))[1].tobytes())
    (tmp_path / "b.png").write_text("bad")
    feed = open_feed(SourceConfig(str(tmp_path)))
    assert len(take_all(feed)) == 1
    assert feed.notices() == (
        "b.png cannot be read as an image; it is damaged or not an image; skipped",
        "1 of 2 images read, 1 skipped",
    )


def test_open_feed_raises_the_error_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError):
        open_feed(SourceConfig(str(tmp_path / "nope.mp4")))
    assert capture_threads() == []


def test_a_reader_that_is_slow_sees_the_newest_frame_and_every_gap_is_a_drop() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        feed = open_feed(SourceConfig(server.url))
        frames = []
        for _ in range(4):
            server.wait_for(sent=server.sent + 15)  # a slow reader, by the server's own count
            frame = feed.next(5)
            assert frame is not None
            frames.append(frame)
        server.stall()
        while (frame := feed.next(1.0)) is not None:
            frames.append(frame)
        gaps = frames[-1].index - (len(frames) - 1)
        assert gaps == feed.dropped > 30
        # nothing is queued anywhere: what was captured last is what the server sent last
        assert level(frames[-1]) == pytest.approx(gray_levels(20)[(server.sent - 1) % 20], abs=3)
        assert frames[-1].index == server.sent - 1
        (thread,) = capture_threads()
        feed.close()  # in bounded time, though the read still waits for the stalled server
    thread.join(10)
    assert not thread.is_alive()


def test_a_connection_that_is_cut_is_made_again() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        feed = open_feed(SourceConfig(server.url))
        first = feed.next(5)
        assert first is not None
        before = first.index
        server.cut()
        server.wait_for(clients=2, sent=server.sent + 5)
        heard: list[str] = []
        while len(heard) < 2:
            frame = feed.next(5)
            assert frame is not None
            assert frame.index > before
            before = frame.index
            heard += feed.notices()
        feed.close()
    assert heard[0].endswith("; reconnecting")
    assert f"{server.url} is back after" in heard[1]


def test_a_server_that_is_gone_for_good_is_an_error() -> None:
    with MjpegServer(JPEGS, fps=60) as server:
        feed = open_feed(SourceConfig(server.url, reconnect_s=0.2))
        assert feed.next(5) is not None
        server.refuse()
        server.cut()
        with pytest.raises(SourceLostError, match=r"could not be re-opened within 0\.2 s"):
            take_all(feed)
        feed.close()
    assert capture_threads() == []


def test_reconnect_s_is_checked() -> None:
    with pytest.raises(ConfigError, match="reconnect_s -1"):
        SourceConfig(reconnect_s=-1)
