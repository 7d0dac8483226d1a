"""Image files: all formats, natural order; a bad file in a folder is named and skipped."""

import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import SourceOpenError
from realtime.sources.images import ImageFiles, natural_key
from realtime.sources.pixels import as_bgr
from tests.fakes import make_image
from tests.video_files import level, read_all

pytestmark = pytest.mark.timeout(60)


def save(path: Path, image: np.ndarray) -> Path:
    done, data = cv2.imencode(path.suffix, image)
    assert done
    path.write_bytes(data.tobytes())
    return path


def test_a_folder_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        save(tmp_path / f"img{number}.png", make_image(number))
    source = ImageFiles(tmp_path)
    frames = read_all(source)
    assert [level(frame) for frame in frames] == [1, 2, 10]
    assert [frame.source for frame in frames] == ["img1.png", "img2.png", "img10.png"]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [frame.media_time for frame in frames] == [None] * 3
    assert source.skipped == 0


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["a10", "a9", "A1"], ["A1", "a9", "a10"]),
        (["b", "a", "10", "9"], ["9", "10", "a", "b"]),
        (["1-2", "1-10", "1"], ["1", "1-2", "1-10"]),
        (["x²", "x1"], ["x1", "x²"]),
    ],
)
def test_natural_key(names: list[str], ordered: list[str]) -> None:
    assert sorted(names, key=natural_key) == ordered


def test_the_facts_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    save(folder / "a.png", make_image(1, 20, 30))
    save(folder / "b.png", make_image(2, 5, 5))
    info = ImageFiles(folder).info
    assert (info.name, info.live, info.temporal, info.fps, info.frames) == ("holiday", False, False, None, 2)
    assert (info.width, info.height, info.path) == (30, 20, str(folder))


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "ppm"])
def test_every_format(tmp_path: Path, suffix: str) -> None:
    frames = read_all(ImageFiles(save(tmp_path / f"a.{suffix}", make_image(100, 16, 24))))
    assert [frame.size_hw for frame in frames] == [(16, 24)]
    assert level(frames[0]) == pytest.approx(100, abs=2)


def test_a_single_image_with_a_foreign_name_and_capital_suffix(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", make_image(7)).rename(tmp_path / "Übergröße 顔.PNG")
    source = ImageFiles(path)
    assert [level(frame) for frame in read_all(source)] == [7]
    assert (source.info.name, source.info.temporal) == ("Übergröße 顔.PNG", False)


@pytest.mark.parametrize(
    "image",
    [
        np.full((4, 6), 128, np.uint8),
        np.full((4, 6), 128 * 257, np.uint16),
        np.full((4, 6, 3), 128 * 257, np.uint16),
        np.dstack([make_image(128), np.zeros((4, 6), np.uint8)]),
    ],
    ids=["gray", "gray 16 bit", "colour 16 bit", "transparent"],
)
def test_gray_deep_and_transparent_images(tmp_path: Path, image: np.ndarray) -> None:
    (frame,) = read_all(ImageFiles(save(tmp_path / "a.png", image)))
    assert frame.image.dtype == np.uint8
    assert np.array_equal(frame.image, make_image(128))


def test_exif_rotation_is_obeyed(tmp_path: Path) -> None:
    image = make_image(200, 16, 32)
    image[:, :16] = 20
    data = cv2.imencode(".jpg", image)[1].tobytes()
    turned = struct.pack("<2sHIHHHII", b"II", 42, 8, 1, 0x0112, 3, 1, 6) + bytes(4)  # TIFF: one tag, orientation 6
    body = b"Exif\0\0" + turned
    path = tmp_path / "phone.jpg"
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])
    (frame,) = read_all(ImageFiles(path))
    assert frame.size_hw == (32, 16)
    assert frame.image[:8].mean() == pytest.approx(20, abs=3)  # the dark left is up when turned clockwise
    assert frame.image[24:].mean() == pytest.approx(200, abs=3)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 5), (4320, 7680)])
def test_extreme_sizes(tmp_path: Path, size_hw: tuple[int, int]) -> None:
    (frame,) = read_all(ImageFiles(save(tmp_path / "a.bmp", make_image(9, *size_hw))))
    assert frame.size_hw == size_hw
    assert level(frame) == 9


def test_a_bad_image_is_named_counted_and_skipped(tmp_path: Path) -> None:
    save(tmp_path / "1.png", make_image(1))
    (tmp_path / "2.png").write_text("not an image")
    (tmp_path / "3.png").touch()
    save(tmp_path / "4.png", make_image(4))
    notices: list[str] = []
    source = ImageFiles(tmp_path, notify=notices.append)
    frames = read_all(source)
    assert [(frame.index, level(frame)) for frame in frames] == [(0, 1), (1, 4)]
    assert source.skipped == 2
    assert [line.split()[0] for line in notices[:2]] == ["2.png", "3.png"]
    assert all(line.endswith("skipped") for line in notices[:2])
    assert notices[2:] == ["2 of 4 images read, 2 skipped"]


def test_other_files_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    save(tmp_path / "a.png", make_image(1))
    (tmp_path / "._a.png").write_text("what macOS leaves behind")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "more.png").mkdir()
    source = ImageFiles(tmp_path)
    assert [frame.source for frame in read_all(source)] == ["a.png"]
    assert (source.info.frames, source.skipped) == (1, 0)


def test_nothing_comes_after_close(tmp_path: Path) -> None:
    save(tmp_path / "a.png", make_image(1))
    save(tmp_path / "b.png", make_image(1))
    source = ImageFiles(tmp_path)
    source.close()
    source.close()
    assert source.read() is None


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(20)])
def test_a_single_image_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(SourceOpenError, match=r"^a\.png cannot be read as an image; .+$"):
        ImageFiles(path)


def test_an_image_with_too_many_pixels(tmp_path: Path) -> None:
    data = bytearray(cv2.imencode(".bmp", make_image(1))[1].tobytes())
    data[18:26] = struct.pack("<ii", 1 << 20, 1 << 20)
    path = tmp_path / "bomb.bmp"
    path.write_bytes(data)
    with pytest.raises(SourceOpenError, match=r"bomb\.bmp cannot be read"):
        ImageFiles(path)


def test_no_such_image(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="not found"):
        ImageFiles(tmp_path / "nope.png")


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(SourceOpenError, match="no image found in the folder"):
        ImageFiles(tmp_path)


def test_a_folder_of_bad_images(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("bad")
    with pytest.raises(SourceOpenError, match="none of the 2 images"):
        ImageFiles(tmp_path)


class Locked(type(Path())):  # type: ignore[misc]  # PosixPath or WindowsPath
    """A path that may not be read. Locking a real one would not stop root."""

    def read_bytes(self) -> bytes:
        raise PermissionError(13, "Permission denied")

    def iterdir(self) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")


def test_no_permission(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match=r"Permission denied.*check its permissions"):
        ImageFiles(Locked(save(tmp_path / "a.png", make_image(1))))
    with pytest.raises(SourceOpenError, match=r"Permission denied.*check its permissions"):
        ImageFiles(Locked(tmp_path))


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)])
@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_as_bgr_keeps_white_white_and_black_black(shape: tuple[int, ...], dtype: type, white: int) -> None:
    assert np.array_equal(as_bgr(np.full(shape, white, dtype)), make_image(255))
    assert np.array_equal(as_bgr(np.zeros(shape, dtype)), make_image(0))


def test_as_bgr_keeps_the_order_of_colours() -> None:
    assert as_bgr(np.full((1, 1, 4), (10, 20, 30, 40), np.uint8)).tolist() == [[[10, 20, 30]]]


@pytest.mark.parametrize(
    "image", [np.zeros((0, 0, 3), np.uint8), np.zeros((4, 6, 2), np.uint8), np.zeros((4, 6), np.float32), np.zeros(4, np.uint8)]
)
def test_as_bgr_refuses_other_arrays(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="is not an image"):
        as_bgr(image)
