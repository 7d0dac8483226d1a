"""open_source: what the user's word is taken for; and that importing it costs nothing."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import cv2
import pytest

from realtime.config import SourceConfig
from realtime.datatypes import SourceInfo
from realtime.errors import SourceOpenError
from realtime.sources import Equipment, open_source
from realtime.sources.file import VideoFile
from realtime.sources.images import ImageFiles
from tests.demo import CLIP
from tests.fakes import make_image
from tests.video_files import write_video

pytestmark = pytest.mark.timeout(60)


class Asked:
    """Stands for a source that needs hardware or a network: remembers what it was asked for."""

    info = SourceInfo("asked", True, True, 6, 4, None, None)

    def __init__(self, what: int | str, **options: object) -> None:
        self.what = what
        self.options = options


@pytest.mark.parametrize(("text", "index"), [("0", 0), ("12", 12), ("-1", -1), ("/dev/video2", 2)])
def test_a_number_is_a_camera(text: str, index: int) -> None:
    config = SourceConfig(text, camera_size_wh=(640, 480), camera_fps=60, open_timeout_s=3)
    source = open_source(config, verbose=True, equipment=Equipment(camera=Asked))
    assert isinstance(source, Asked)
    assert source.what == index
    wanted = {"size_wh": (640, 480), "fps": 60, "open_timeout_s": 3, "verbose": True}
    assert {key: source.options[key] for key in wanted} == wanted


@pytest.mark.parametrize("url", ["http://a/b", "https://a/b.mp4", "rtsp://u:p@a/b", "RTMP://a/b", "udp://@:1234"])
def test_an_address_is_a_stream(url: str) -> None:
    source = open_source(SourceConfig(url, open_timeout_s=4), equipment=Equipment(stream=Asked))
    assert isinstance(source, Asked)
    assert (source.what, source.options["timeout_s"]) == (url, 4)


@pytest.mark.parametrize(
    "text", ["anna:sesame@cam/1", "anna:x/sesame@cam", "rtsp:/anna:sesame@cam/1", "RTSP:anna:sesame@cam", "http:/cam?sesame"]
)
def test_an_address_without_its_scheme_is_not_shown(text: str) -> None:
    with pytest.raises(SourceOpenError, match=r"has no scheme .* rtsp://") as caught:
        open_source(SourceConfig(text))
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.mp4", "Übergröße 顔.mp4", "a#b?c%20d.mp4"])
@pytest.mark.parametrize("scheme", ["file://", "FILE://", "file://localhost"])
def test_a_file_address_is_a_file(tmp_path: Path, scheme: str, name: str) -> None:
    path = write_video(tmp_path / name, [50])
    source = open_source(SourceConfig(scheme + quote(str(path))))
    assert (source.info.name, source.info.path) == (name, str(path))
    source.close()


def test_a_file_address_of_another_machine() -> None:
    with pytest.raises(SourceOpenError, match=r"must name a file on this machine, such as file:///"):
        open_source(SourceConfig("file://server/a.mp4"))


def test_an_address_of_another_kind() -> None:
    with pytest.raises(SourceOpenError, match="begin with ftp:// are not supported; use one of http, https"):
        open_source(SourceConfig("ftp://a/b"))


def test_a_folder_and_an_image_are_images(tmp_path: Path) -> None:
    path = tmp_path / "a.PNG"
    path.write_bytes(cv2.imencode(".png", make_image(1))[1].tobytes())
    assert isinstance(open_source(SourceConfig(str(tmp_path))), ImageFiles)
    assert isinstance(open_source(SourceConfig(str(path))), ImageFiles)


def test_anything_else_is_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [50])
    source = open_source(SourceConfig(str(path)))
    assert isinstance(source, VideoFile)
    source.close()
    with pytest.raises(SourceOpenError, match="not found"):
        open_source(SourceConfig(str(tmp_path / "nope")))


def test_notices_of_a_source_are_delivered(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("bad")
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", make_image(1))[1].tobytes())
    notices: list[str] = []
    open_source(SourceConfig(str(tmp_path)), notices.append)
    assert [line.split()[0] for line in notices] == ["a.png"]


def test_demo_is_the_bundled_clip(tmp_path: Path) -> None:
    source = open_source(SourceConfig("demo"))
    assert (source.info.name, source.info.path, source.info.live) == ("demo", str(CLIP), False)
    source.close()
    equipment = Equipment(demo=tmp_path / "demo.mp4")
    with pytest.raises(SourceOpenError, match="demo clip is missing"):
        open_source(SourceConfig("demo"), equipment=equipment)
    write_video(tmp_path / "demo.mp4", [50, 60])
    source = open_source(SourceConfig("demo"), equipment=equipment)
    assert (source.info.name, source.info.frames) == ("demo", 2)
    source.close()


def test_importing_it_loads_neither_opencv_nor_pyav() -> None:
    code = "import sys, realtime.sources, realtime.sources.capture; print(sorted({'cv2', 'av'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
