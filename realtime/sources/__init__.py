"""Sources of frames. Importing this is cheap: OpenCV and PyAV are imported when a source is opened."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime.config import SourceConfig
from realtime.errors import SourceOpenError
from realtime.sources.base import IMAGE_SUFFIXES, Notify, Source, discard_notice
from realtime.sources.nodes import camera_number

DEMO = "demo"
URL_SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "udp")


def _camera(index: int, **options: Any) -> Source:
    from realtime.sources.camera import Camera

    return Camera(index, **options)


def _stream(url: str, **options: Any) -> Source:
    from realtime.sources.stream import Stream

    return Stream(url, **options)


@dataclass(frozen=True)
class Equipment:
    """The openers of sources other than files.

    Attributes:
        camera: opens a camera by its number; takes the options of `Camera`.
        stream: opens an address; takes the options of `Stream`.
        demo: the clip that "demo" means.
    """

    camera: Callable[..., Source] = _camera
    stream: Callable[..., Source] = _stream
    demo: Path = Path(__file__).parent.parent / "assets" / "demo.mp4"


EQUIPMENT = Equipment()


def open_source(
    config: SourceConfig, notify: Notify = discard_notice, *, verbose: bool = False, equipment: Equipment = EQUIPMENT
) -> Source:
    """Opens what `config.location` names: a camera, "demo", a URL, a folder of images, an image or a video file.

    Raises:
        SourceOpenError: it cannot be opened.
    """
    text = _path_of(config.location)
    if (camera := camera_number(text)) is not None:
        return equipment.camera(
            camera,
            size_wh=config.camera_size_wh,
            fps=config.camera_fps,
            open_timeout_s=config.open_timeout_s,
            verbose=verbose,
            notify=notify,
        )
    if url := re.match(r"([a-zA-Z][a-zA-Z0-9+.-]+)://", text):
        if url[1].lower() not in URL_SCHEMES:
            raise SourceOpenError(f"addresses that begin with {url[0]} are not supported; use one of {', '.join(URL_SCHEMES)}")
        return equipment.stream(text, timeout_s=config.open_timeout_s, notify=notify)
    if text == DEMO:
        return _demo(equipment.demo, notify)
    path = Path(text)
    if _like_address(text) and not path.exists():
        raise SourceOpenError("the address has no scheme and is not a file; put rtsp:// or http:// in front")
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        from realtime.sources.images import ImageFiles

        return ImageFiles(path, notify=notify)
    from realtime.sources.file import VideoFile

    return VideoFile(path, notify=notify)


def _like_address(text: str) -> bool:
    """Whether the text may contain a login; it must then not be shown as a file name."""
    return re.match(rf"[^/\\]*:.*@|(?:{'|'.join(URL_SCHEMES)}):/", text, re.IGNORECASE | re.DOTALL) is not None


def _path_of(text: str) -> str:
    """The path of a file:// address, as file managers write it; other text is returned unchanged."""
    if not text.lower().startswith("file://"):
        return text
    from urllib.request import url2pathname  # loads http and ssl

    parts = urlsplit(text)
    if parts.netloc.lower() not in ("", "localhost"):
        raise SourceOpenError(
            "a file:// address must name a file on this machine, such as file:///folder/clip.mp4; give a path instead"
        )
    # keep an unescaped # or ? as part of the name; on Windows the path may begin with C:
    return url2pathname(text.split("//", 1)[1][len(parts.netloc) :])


def _demo(clip: Path, notify: Notify) -> Source:
    from realtime.sources.file import VideoFile

    if not clip.is_file():
        raise SourceOpenError("the demo clip is missing from this installation; reinstall fer-cam")
    return VideoFile(clip, name=DEMO, notify=notify)
