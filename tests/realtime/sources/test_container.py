"""What a container says of itself: the main stream among several, and the rate of a stream that carries no times."""

from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from realtime.sources.file import VideoFile
from tests.video_files import gray_levels, read_all, write_video

SMALL, LARGE = (32, 24), (64, 48)


def write_streams(
    path: Path, sizes_wh: list[tuple[int, int]], dispositions: list[Disposition], *, codecs: tuple[str, ...] = ()
) -> Path:
    """A file of several videos of 20 frames at 25 a second."""
    with av.open(str(path), "w") as container:
        streams = []
        for n, (width, height) in enumerate(sizes_wh):
            stream = container.add_stream(codecs[n] if codecs else "mpeg4", rate=25)
            stream.width, stream.height = width, height
            stream.pix_fmt = "yuvj420p" if codecs and codecs[n] == "mjpeg" else "yuv420p"
            stream.disposition = dispositions[n]
            streams.append(stream)
        for i in range(20):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(np.full((stream.height, stream.width, 3), 90, np.uint8), format="bgr24")
                frame.pts, frame.time_base = i, Fraction(1, 25)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


NONE, DEFAULT = Disposition(0), Disposition.default


@pytest.mark.parametrize(
    ("sizes", "dispositions", "chosen"),
    [
        ([SMALL, LARGE], [NONE, DEFAULT], LARGE),
        ([LARGE, SMALL], [NONE, DEFAULT], SMALL),
        ([SMALL, LARGE], [DEFAULT, NONE], SMALL),
        ([SMALL, LARGE], [NONE, NONE], LARGE),
        ([SMALL, LARGE, SMALL], [DEFAULT, DEFAULT, NONE], LARGE),
    ],
)
def test_the_default_stream_or_the_largest(
    tmp_path: Path, sizes: list[tuple[int, int]], dispositions: list[Disposition], chosen: tuple[int, int]
) -> None:
    source = VideoFile(write_streams(tmp_path / "several.mkv", sizes, dispositions))
    assert (source.info.width, source.info.height) == chosen
    assert len(read_all(source)) == 20
    source.close()


def test_a_cover_that_is_larger_than_the_video_is_no_video(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "cover.mp4", [LARGE, SMALL], [Disposition.attached_pic, NONE], codecs=("mjpeg", "mpeg4"))
    source = VideoFile(path)
    assert (source.info.width, source.info.height) == SMALL
    source.close()


def test_a_playlist_of_several_qualities_gives_the_best(tmp_path: Path) -> None:
    for name, size in (("low", SMALL), ("high", LARGE), ("middle", (48, 36))):
        write_video(tmp_path / f"{name}.ts", gray_levels(50), size_wh=size, fps=25)
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXTINF:2.0,", f"{name}.ts", "#EXT-X-ENDLIST"]
        (tmp_path / f"{name}.m3u8").write_text("\n".join(lines))
    rates = {"low": 60_000, "high": 800_000, "middle": 300_000}
    variants = [f"#EXT-X-STREAM-INF:BANDWIDTH={rate}\n{name}.m3u8" for name, rate in rates.items()]
    (tmp_path / "master.m3u8").write_text("\n".join(["#EXTM3U", *variants]))
    source = VideoFile(tmp_path / "master.m3u8")
    assert (source.info.width, source.info.height) == LARGE
    assert [frame.media_time for frame in read_all(source)] == pytest.approx([i / 25 for i in range(50)], abs=0.002)
    source.close()


@pytest.mark.parametrize(
    ("suffix", "codec"), [("h264", "libx264"), ("hevc", "libx265"), ("m4v", "mpeg4"), ("m2v", "mpeg2video")]
)
@pytest.mark.parametrize("fps", [24, 30, 50])
def test_a_bare_stream_has_the_rate_of_its_header(tmp_path: Path, suffix: str, codec: str, fps: int) -> None:
    encoder = {"x265-params": "log-level=none", "preset": "ultrafast"} if codec == "libx265" else {}
    source = VideoFile(write_video(tmp_path / f"bare.{suffix}", gray_levels(20), codec=codec, fps=fps, encoder=encoder))
    assert source.info.fps == fps
    assert [frame.media_time for frame in read_all(source)] == pytest.approx([i / fps for i in range(20)], abs=0.001)
    source.close()


def test_a_bare_stream_without_a_rate_plays_at_25_as_in_a_player(tmp_path: Path) -> None:
    # SVT-AV1 gives the process that encodes real-time priority if it may, and never takes it back
    with ProcessPoolExecutor(1, get_context("spawn")) as child:
        writing = child.submit(write_video, tmp_path / "a.obu", gray_levels(20), codec="libsvtav1", size_wh=(64, 64), fps=30)
    source = VideoFile(writing.result())
    assert source.info.fps == 25
    assert [frame.media_time for frame in read_all(source)] == pytest.approx([i / 25 for i in range(20)], abs=0.001)
    source.close()


def test_the_rate_of_a_dv_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.dv", [90] * 5, codec="dvvideo", size_wh=(720, 576), fps=25)
    source = VideoFile(path)
    assert (source.info.fps, source.info.width, source.info.height) == (25, 768, 576)  # 720 pixels of 16:15
    source.close()
