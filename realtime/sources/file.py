"""Video files: every frame, in presentation order, with its true time."""

import threading
from pathlib import Path

import av

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceOpenError
from realtime.sources.base import Notify, discard_notice
from realtime.sources.decoder import Decoder, OpenContainer, reason
from realtime.sources.handle import Handle, within


class VideoFile:
    """A video file. Damaged parts are skipped; an incomplete file delivers all its frames and then raises SourceLostError.

    Args:
        path: the file.
        name: shown instead of the file's name.
        notify: called when data are damaged.
        opener: see `Decoder`.

    Raises:
        SourceOpenError: it is not a readable video.
    """

    def __init__(
        self, path: Path, *, name: str | None = None, notify: Notify = discard_notice, opener: OpenContainer = av.open
    ) -> None:
        self._name = name or path.name
        self._index = 0
        self._decoder = _open(path, self._name, notify, opener)
        self._handle = Handle(self._decoder.close)
        height, width = self._decoder.size_hw
        self.info = SourceInfo(
            name=self._name,
            live=False,
            temporal=True,
            width=width,
            height=height,
            fps=self._decoder.fps,
            frames=self._decoder.frames,
            path=str(path),
            start_s=self._decoder.start_s,
        )

    @property
    def damaged(self) -> int:
        """Number of damaged packets and frames so far."""
        return self._decoder.damaged

    def read(self) -> Frame | None:
        """The next frame; None at the end and after `close`.

        Raises:
            SourceLostError: the file ends early, or its disk fails.
        """
        with self._handle.use() as usable:
            decoded = self._decoder.read() if usable else None
        if decoded is None:
            return None
        frame = Frame(decoded.image, self._index, decoded.arrived_at, decoded.media_time, self._name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Closes the file."""
        self._handle.close()


def _open(path: Path, name: str, notify: Notify, opener: OpenContainer) -> Decoder:
    if path.is_dir():  # FFmpeg would report a permission error on Windows
        raise SourceOpenError(f"{name} is a folder, not a video; give a folder of images with --source")
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise SourceOpenError(f"{name} is empty; check that it was copied or recorded to the end")

        def make() -> Decoder:
            # "file:" keeps FFmpeg from seeing a protocol in a name such as "12:30.mp4"
            return Decoder(f"file:{path}", name=name, notify=notify, is_file=True, opener=opener)

        if path.exists() and not path.is_file():
            # a pipe may have no writer yet, or one that sends nothing: a signal must be able to end the wait
            return within(threading.TIMEOUT_MAX, make, Decoder.close)
        return make()
    except FileNotFoundError as error:
        raise SourceOpenError(f"{path} not found; check the name and the folder") from error
    except PermissionError as error:
        raise SourceOpenError(f"{path} cannot be read; check its permissions") from error
    except av.FFmpegError as error:
        raise SourceOpenError(
            f"{name} cannot be read as a video ({reason(error)}); check that it is complete and plays in another program"
        ) from error
