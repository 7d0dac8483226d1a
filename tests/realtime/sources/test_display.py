"""Frames as a player shows them: pixel shape and all eight orientations, alone and together."""

import gc
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.sources.display import oriented, square_size
from realtime.sources.file import VideoFile
from tests import builders
from tests.films import save
from tests.video_files import read_all, set_matrix, write_video

ONE = 1 << 16
CORNERS = np.zeros((4, 6, 3), np.uint8)
CORNERS[0, 0], CORNERS[0, -1], CORNERS[-1, 0], CORNERS[-1, -1] = 1, 2, 3, 4
"""Top left, top right, bottom left, bottom right."""

ORIENTATIONS = {
    "as it is": ((1, 0, 0, 1), [[1, 2], [3, 4]]),
    "mirrored": ((-1, 0, 0, 1), [[2, 1], [4, 3]]),
    "upside down": ((-1, 0, 0, -1), [[4, 3], [2, 1]]),
    "flipped": ((1, 0, 0, -1), [[3, 4], [1, 2]]),
    "clockwise": ((0, 1, -1, 0), [[3, 1], [4, 2]]),
    "counter-clockwise": ((0, -1, 1, 0), [[2, 4], [1, 3]]),
    "transposed": ((0, 1, 1, 0), [[1, 3], [2, 4]]),
    "transposed the other way": ((0, -1, -1, 0), [[4, 2], [3, 1]]),
}


def matrix(a: float, b: float, c: float, d: float) -> list[int]:
    return [round(a * ONE), round(b * ONE), 0, round(c * ONE), round(d * ONE), 0, 0, 0, 1 << 30]


@pytest.mark.parametrize("name", ORIENTATIONS)
@pytest.mark.parametrize("scale", [1.0, 0.01, 3.0])
def test_all_eight_orientations(name: str, scale: float) -> None:
    terms, corners = ORIENTATIONS[name]
    shown = oriented(CORNERS, np.array(matrix(*(scale * term for term in terms)), np.int32))
    assert shown[:: shown.shape[0] - 1, :: shown.shape[1] - 1, 0].tolist() == corners
    assert shown.flags["C_CONTIGUOUS"]


def test_an_angle_in_between_goes_to_the_nearest_and_nonsense_changes_nothing() -> None:
    ten_degrees = oriented(CORNERS, np.array(matrix(0.985, 0.174, -0.174, 0.985), np.int32))
    assert np.array_equal(ten_degrees, CORNERS)
    assert np.array_equal(oriented(CORNERS, np.zeros(9, np.int32)), CORNERS)
    assert np.array_equal(oriented(CORNERS, np.array([-(2**31)] + [0] * 8, np.int32)), CORNERS[:, ::-1])


@pytest.mark.parametrize(
    ("coded", "shape", "shown"),
    [
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((320, 360), Fraction(2), (640, 360)),
        ((720, 480), Fraction(8, 9), (720, 540)),
        ((640, 360), None, (640, 360)),
        ((640, 360), Fraction(0), (640, 360)),
        ((640, 360), Fraction(1279, 1280), (640, 360)),
        ((640, 360), Fraction(1000), (640, 360)),
        ((640, 360), Fraction(1, 1000), (640, 360)),
        ((9000, 90), Fraction(2), (9000, 90)),
    ],
)
def test_square_pixels(coded: tuple[int, int], shape: Fraction | None, shown: tuple[int, int]) -> None:
    assert square_size(*coded, shape) == shown


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_file_with_wide_pixels_is_stretched_and_saved_as_shown(tmp_path: Path, suffix: str) -> None:
    source = VideoFile(write_video(tmp_path / f"wide.{suffix}", [200] * 20, size_wh=(64, 96), pixel_shape=Fraction(2)))
    frames = read_all(source)
    assert (source.info.width, source.info.height) == (128, 96)
    assert {frame.size_hw for frame in frames} == {(96, 128)}
    assert frames[0].image[:, :60].mean() == pytest.approx(100, abs=4)
    assert frames[0].image[:, 68:].mean() == pytest.approx(200, abs=4)
    save(tmp_path / "out.mp4", [builders.result(of=frame) for frame in frames], source.info)
    with av.open(str(tmp_path / "out.mp4")) as saved:
        video = saved.streams.video[0]
        assert Fraction(video.width, video.height) * (video.sample_aspect_ratio or 1) == Fraction(4, 3)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_wide_pixels_and_every_orientation_together(tmp_path: Path, name: str) -> None:
    terms, corners = ORIENTATIONS[name]
    path = write_video(tmp_path / "both.mp4", [200] * 3, size_wh=(64, 96), pixel_shape=Fraction(2))
    source = VideoFile(set_matrix(path, struct.pack(">9i", *matrix(*terms))))
    frame = source.read()
    source.close()
    assert frame is not None
    turned = terms[0] == 0
    assert (source.info.width, source.info.height) == ((96, 128) if turned else (128, 96))
    assert frame.size_hw == ((128, 96) if turned else (96, 128))
    # the coded left half is dark: corners 1 and 3
    found = frame.image[[[8], [-8]], [8, -8], 0].astype(int)
    assert np.abs(found - np.where(np.isin(corners, [1, 3]), 100, 200)).max() <= 5


def test_a_shape_that_changes_within_a_stream(tmp_path: Path) -> None:
    """Broadcasts change between 4:3 and 16:9."""
    encoder = {"bf": "0"}
    first = write_video(tmp_path / "1.ts", [200] * 30, pixel_shape=Fraction(1), encoder=encoder)
    second = write_video(tmp_path / "2.ts", [200] * 30, pixel_shape=Fraction(2), encoder=encoder)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    sizes = [frame.size_hw for frame in read_all(VideoFile(joined))]
    assert len(sizes) == 60
    assert (sizes[0], sizes[-1]) == ((48, 64), (48, 128))


def test_frames_that_were_read_do_not_pile_up(tmp_path: Path) -> None:
    """A cycle of references would keep them until the garbage collector runs, and 40 of them are 500 MB at 4K."""
    path = write_video(tmp_path / "clip.mp4", [100] * 30)
    gc.collect()
    gc.disable()
    try:
        source = VideoFile(path)
        read = 0
        while source.read() is not None:
            read += 1
        alive = sum(type(thing) is av.VideoFrame for thing in gc.get_objects())  # isinstance would wake lazy modules
        source.close()
    finally:
        gc.enable()
    assert read == 30
    assert alive <= 2
