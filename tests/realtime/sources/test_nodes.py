"""Names of cameras: numbers, device nodes and links to them."""

import os
import sys
from pathlib import Path

import pytest

from realtime.config import SourceConfig
from realtime.errors import SourceOpenError
from realtime.sources import open_source
from realtime.sources.nodes import LARGEST_NUMBER, camera_number

links = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no device nodes")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("0", 0),
        ("12", 12),
        ("-1", -1),
        ("/dev/video3", 3),
        ("clip.mp4", None),
        ("/dev/video", None),
        ("./0", None),
        ("٣", None),
    ],
)
def test_numbers_and_nodes(name: str, number: int | None) -> None:
    assert camera_number(name) == number


@links
def test_a_link_to_a_node_is_its_camera_also_while_it_is_unplugged(tmp_path: Path) -> None:
    (tmp_path / "usb-Logitech-index0").symlink_to("/dev/video97")
    (tmp_path / "front").symlink_to("usb-Logitech-index0")
    (tmp_path / "dev").symlink_to("/dev")
    assert camera_number(str(tmp_path / "front")) == 97
    assert camera_number(str(tmp_path / "dev" / "video97")) == 97
    with pytest.raises(SourceOpenError, match="no camera 97 found"):
        open_source(SourceConfig(str(tmp_path / "front")))


@links
def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"film")
    (tmp_path / "link").symlink_to("clip.mp4")
    assert camera_number(str(tmp_path / "link")) is None


@links
def test_a_folder_that_was_deleted_has_no_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert camera_number("clip.mp4") is None


def test_a_name_that_no_file_can_have_is_no_camera() -> None:
    assert camera_number(f"a{os.sep}\0") is None


@pytest.mark.parametrize("digits", [str(LARGEST_NUMBER + 1), "1000000000000", "9" * 5000])
def test_a_number_too_large_for_opencv_is_one_short_line(digits: str) -> None:
    with pytest.raises(SourceOpenError, match="the camera number is too large") as caught:
        open_source(SourceConfig(digits))
    assert len(str(caught.value)) < 120
