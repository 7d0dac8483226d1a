"""Where long videos are cut, and that a part has the frames and times of the whole file."""

from pathlib import Path

import av
import numpy as np
import pytest

from realtime.bulk.parts import Survey, survey
from realtime.errors import SourceLostError
from realtime.sources.file import VideoFile
from realtime.sources.part import Span, VideoPart
from tests.video_files import gray_levels, write_video

FRAMES = 300
KEYS = {"g": "25", "keyint_min": "25", "sc_threshold": "0", "bf": "2"}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds with a key frame in each 25 frames, and frames between that are stored out of order."""
    return write_video(tmp_path_factory.mktemp("video") / "long.mp4", gray_levels(FRAMES), encoder=KEYS)


def test_parts_begin_at_key_frames_and_own_every_frame_once(video: Path) -> None:
    cut = survey(video, part_s=3.0, warm_up_s=1.0)
    assert cut.seconds == pytest.approx(10.0, abs=0.1)
    assert [(part.owned, part.span.first) for part in cut.parts] == [(0, 0), (100, 50), (200, 150)]
    ends = [part.span.first + len(part.span.stamps) for part in cut.parts]
    assert ends == [100, 200, FRAMES]


def test_a_part_has_the_frames_of_the_whole_file(video: Path) -> None:
    whole = VideoFile(video)
    frames = [whole.read() for _ in range(FRAMES)]
    for part in survey(video, part_s=3.0, warm_up_s=1.0).parts:
        source = VideoPart(video, part.span)
        for expected in frames[part.span.first : part.span.first + len(part.span.stamps)]:
            frame = source.read()
            assert frame is not None
            assert expected is not None
            assert (frame.index, frame.media_time) == (expected.index, pytest.approx(expected.media_time, abs=1e-9))
            assert np.array_equal(frame.image, expected.image)
        assert source.read() is None
        source.close()
    whole.close()


def test_short_videos_are_read_in_one_piece(video: Path) -> None:
    assert survey(video, part_s=6.0).parts == ()


@pytest.mark.parametrize("pause_ms", [100, 5000])
def test_a_pause_is_no_obstacle_and_has_the_times_of_the_whole_file(pause_ms: int, tmp_path: Path) -> None:
    times = [33 * n + (pause_ms if n > 150 else 0) for n in range(FRAMES)]
    path = write_video(tmp_path / "pause.mkv", gray_levels(FRAMES), times_ms=times, encoder=KEYS)
    cut = survey(path, part_s=3.0, warm_up_s=1.0)
    assert len(cut.parts) > 2
    whole = VideoFile(path)
    expected = [frame.media_time for _ in range(FRAMES) if (frame := whole.read()) is not None]
    whole.close()
    for part in cut.parts:
        source = VideoPart(path, part.span)
        found = [frame.media_time for _ in part.span.stamps if (frame := source.read()) is not None]
        source.close()
        assert found == expected[part.span.first : part.span.first + len(part.span.stamps)]


def test_a_wrong_timestamp_is_read_in_one_piece(video: Path, tmp_path: Path) -> None:
    """Only a reader that sees the whole file can tell, and estimates the time."""
    path = tmp_path / "wrong.mkv"
    with av.open(str(video)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(source.demux(video=0)):
            if packet.size:
                assert packet.pts is not None
                packet.pts += round(0.7 / packet.time_base) if index == 151 else 0
                packet.stream = stream
                target.mux(packet)
    assert len(survey(video, part_s=3.0).parts) == 3
    assert survey(path, part_s=3.0).parts == ()


@pytest.mark.parametrize(("suffix", "codec"), [(".avi", "mpeg4"), (".ts", "libx264")])
def test_formats_whose_times_are_invented_or_may_jump(suffix: str, codec: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / f"long{suffix}", gray_levels(FRAMES), codec=codec, encoder={"g": "25"})
    assert survey(path, part_s=3.0).parts == ()


def test_a_file_that_breaks_off_is_read_in_one_piece(tmp_path: Path) -> None:
    path = write_video(tmp_path / "cut.mkv", gray_levels(FRAMES), encoder=KEYS)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert survey(path, part_s=1.0).parts == ()


def test_something_else_has_no_length(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(bytes(1000))
    assert survey(path) == Survey(None)


def test_a_frame_that_is_not_where_its_packet_says(video: Path) -> None:
    span = survey(video, part_s=3.0).parts[0].span
    source = VideoPart(video, Span(span.first, span.origin, (span.stamps[0], span.stamps[2])))
    assert source.read() is not None
    with pytest.raises(SourceLostError, match="frame 1 is not where its packet says"):
        source.read()
    source.close()
