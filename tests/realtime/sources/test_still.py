"""Image files of several images, turned ones, and those that are named because they are not read."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from realtime.errors import SourceOpenError
from realtime.sources.images import ImageFiles
from realtime.sources.still import read_images
from tests.fakes import make_image
from tests.video_files import level, read_all

pytestmark = pytest.mark.timeout(60)

LEVELS = [40, 120, 200]


def animated(path: Path, levels: list[int] = LEVELS) -> Path:
    """A file with one plain image per level."""
    images = [make_image(value, 16, 24) for value in levels]
    if path.suffix == ".tiff":
        done, data = cv2.imencodemulti(".tiff", images)
        assert done
        path.write_bytes(data.tobytes())
        return path
    animation = cv2.Animation()
    animation.frames = images
    animation.durations = np.full(len(images), 500, np.int32)
    assert cv2.imwriteanimation(str(path), animation)
    return path


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "avif", "tiff"])
def test_every_image_of_a_file_is_read(tmp_path: Path, suffix: str) -> None:
    source = ImageFiles(animated(tmp_path / f"a.{suffix}"))
    frames = read_all(source)
    # OpenCV writes a GIF with 256 fixed colours
    assert [level(frame) for frame in frames] == pytest.approx(LEVELS, abs=20 if suffix == "gif" else 4)
    assert [(frame.index, frame.source) for frame in frames] == [(n, f"a.{suffix}") for n in range(3)]
    assert source.info.frames == 3


def test_a_folder_with_files_of_several_images(tmp_path: Path) -> None:
    animated(tmp_path / "b.gif")
    for name in ("a.jfif", "c.jpg"):
        (tmp_path / name).write_bytes(cv2.imencode(".jpg", make_image(90, 16, 24))[1].tobytes())
    source = ImageFiles(tmp_path)
    frames = read_all(source)
    assert [(frame.index, frame.source) for frame in frames] == list(enumerate(["a.jfif", "b.gif", "b.gif", "b.gif", "c.jpg"]))
    assert source.info.frames is None  # not known before all are read
    assert source.skipped == 0


def test_more_images_than_fit_into_memory_are_reported(tmp_path: Path) -> None:
    notices: list[str] = []
    images = read_images(animated(tmp_path / "a.gif"), notices.append, most_bytes=2 * 16 * 24 * 3)
    assert len(images) == 2
    assert notices == ["a.gif: only its first 2 images are read; split the file to read the others"]


@pytest.mark.parametrize(
    ("name", "as_suffix"), [("a.jfif", ".jpg"), ("a.gif", ".gif"), ("a.apng", ".png"), ("a.PJPEG", ".jpg")]
)
def test_rarer_names_are_images_too(tmp_path: Path, name: str, as_suffix: str) -> None:
    (tmp_path / name).write_bytes(cv2.imencode(as_suffix, make_image(100, 16, 24))[1].tobytes())
    (frame,) = read_all(ImageFiles(tmp_path))
    assert level(frame) == pytest.approx(100, abs=30 if as_suffix == ".gif" else 2)


@pytest.mark.parametrize("name", ["a.nef", "a.DNG", "a.psd", "a.svg", "a.jxl"])
def test_images_that_are_not_read_are_named_and_counted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(cv2.imencode(".tiff", make_image(1))[1].tobytes())  # raw images look like a TIFF
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", make_image(9))[1].tobytes())
    notices: list[str] = []
    source = ImageFiles(tmp_path, notify=notices.append)
    assert [level(frame) for frame in read_all(source)] == [9]
    assert source.skipped == 1
    assert notices == [
        f"{name} is an image in a format that is not supported; convert it to JPEG or PNG; skipped",
        "1 of 2 images read, 1 skipped",
    ]
    with pytest.raises(SourceOpenError, match="convert it to JPEG or PNG"):
        ImageFiles(tmp_path / name)


# AVIF and HEIC


def quarters() -> np.ndarray:
    """An image that looks different in each of its eight orientations."""
    image = np.zeros((32, 48, 3), np.uint8)
    image[:16, :24], image[:16, 24:], image[16:, :24], image[16:, 24:] = 30, 90, 150, 210
    return image


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def with_property(data: bytes, added: bytes) -> bytes:
    """An AVIF whose image has one more property."""
    position = data.index(b"ipco") - 4
    size = int.from_bytes(data[position : position + 4], "big")
    properties = data[position + 8 : position + size]
    grown = box(b"ipco", properties, added)
    count, at = 0, 0
    while at < len(properties):
        at += int.from_bytes(properties[at : at + 4], "big")
        count += 1
    association_at = data.index(b"ipma") - 4
    association_size = int.from_bytes(data[association_at : association_at + 4], "big")
    association = bytearray(data[association_at : association_at + association_size])
    association[18] += 1  # properties of the first item, behind: size, kind, version, entries, item
    association += bytes([0x80 | (count + 1)])
    association[:4] = len(association).to_bytes(4, "big")
    longer = len(added) + 1
    out = bytearray(data[:position] + grown + bytes(association) + data[association_at + association_size :])
    for kind in (b"iprp", b"meta"):
        start = out.index(kind) - 4
        out[start : start + 4] = (int.from_bytes(out[start : start + 4], "big") + longer).to_bytes(4, "big")
    # the data have moved: the item's location, the last number but one of iloc
    start = out.index(b"iloc") - 4
    end = start + int.from_bytes(out[start : start + 4], "big")
    offset = int.from_bytes(out[end - 8 : end - 4], "big") + longer
    out[end - 8 : end - 4] = offset.to_bytes(4, "big")
    return bytes(out)


@pytest.mark.parametrize(
    ("added", "shown"),
    [
        (box(b"irot", b"\x01"), np.rot90(quarters(), 1)),
        (box(b"irot", b"\x02"), np.rot90(quarters(), 2)),
        (box(b"irot", b"\x03"), np.rot90(quarters(), 3)),
        (box(b"imir", b"\x00"), quarters()[::-1]),
        (box(b"imir", b"\x01"), quarters()[:, ::-1]),
        (box(b"irot", b"\x01") + box(b"imir", b"\x00"), np.rot90(quarters(), 1)[::-1]),
    ],
    ids=["turned left", "upside down", "turned right", "top to bottom", "left to right", "turned and mirrored"],
)
def test_avif_is_turned_and_mirrored_as_it_says(tmp_path: Path, added: bytes, shown: np.ndarray) -> None:
    data = cv2.imencode(".avif", quarters(), [cv2.IMWRITE_AVIF_QUALITY, 100])[1].tobytes()
    path = tmp_path / "a.avif"
    path.write_bytes(with_property(data, added))
    (frame,) = read_all(ImageFiles(path))
    assert frame.image.shape == shown.shape
    assert np.abs(frame.image.astype(int) - shown).mean() < 5


def hevc_image(path: Path) -> Path:
    """One HEVC frame in an MP4 that says it is a HEIC image; FFmpeg reads both in the same way."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=1, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(make_image(120, 64, 64), format="bgr24")
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = path.read_bytes()
    path.write_bytes(data[:8] + b"heic" + data[12:])
    return path


def test_heic_is_read(tmp_path: Path) -> None:
    (frame,) = read_all(ImageFiles(hevc_image(tmp_path / "a.heic")))
    assert frame.size_hw == (64, 64)
    assert level(frame) == pytest.approx(120, abs=4)


def test_heic_in_tiles_is_named_and_not_shown_as_its_first_tile(tmp_path: Path) -> None:
    path = hevc_image(tmp_path / "a.heic")
    data = path.read_bytes()
    size = int.from_bytes(data[:4], "big")
    path.write_bytes(data[:size] + box(b"free", b"grid") + data[size:])
    with pytest.raises(SourceOpenError, match=r"^a\.heic is a tiled HEIC image, .* convert it to JPEG$"):
        ImageFiles(path)


def test_a_damaged_heic_is_named(tmp_path: Path) -> None:
    path = hevc_image(tmp_path / "a.heic")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SourceOpenError, match=r"^a\.heic cannot be read as an image"):
        ImageFiles(path)
