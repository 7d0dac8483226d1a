"""Some consecutive frames of a video file, with the indices and times that they have in the whole file."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.video.frame import VideoFrame

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.container import frame_rate, video_stream
from realtime.sources.decoder import reason
from realtime.sources.display import Display
from realtime.sources.handle import Handle


@dataclass(frozen=True)
class Span:
    """Consecutive frames, the first of which is a key frame.

    Attributes:
        first: index of the first frame.
        origin: timestamp of the file's first frame.
        stamps: timestamp of each frame of the span.
    """

    first: int
    origin: int
    stamps: tuple[int, ...]


class VideoPart:
    """Reads the frames of a span.

    Args:
        path: the video.
        span: its frames, as `survey` lists them.

    Raises:
        SourceOpenError: it is not a readable video.
    """

    def __init__(self, path: Path, span: Span) -> None:
        self._name = path.name
        self._span = span
        self._count = 0
        try:
            self._container = av.open(f"file:{path}", metadata_errors="replace")
        except (OSError, av.FFmpegError) as error:
            raise SourceOpenError(f"{self._name} cannot be read as a video; check that it is complete") from error
        try:
            self._stream = video_stream(self._container, self._name)
            self._stream.thread_type = "AUTO"
            self._seconds = self._stream.time_base or 0
            self._display = Display(self._stream)
            self._container.seek(span.stamps[0], stream=self._stream)
            self._frames = self._decoded()
            self._next = next(self._frames, None)
            if self._next is None:
                raise SourceOpenError(f"no frame of this part of {self._name} can be decoded")
        except BaseException:
            self._container.close()
            raise
        self._handle = Handle(self._container.close)
        height, width = self._display.bgr(self._next).shape[:2]
        self.info = SourceInfo(
            name=self._name,
            live=False,
            temporal=True,
            width=width,
            height=height,
            fps=frame_rate(self._container, self._stream),
            frames=len(span.stamps),
            path=str(path),
        )

    def read(self) -> Frame | None:
        """The next frame; None at the end of the span and after `close`.

        Raises:
            SourceLostError: a frame is missing or cannot be decoded; the file has to be read in one piece.
        """
        with self._handle.use() as usable:
            if not usable or self._count == len(self._span.stamps):
                return None
            try:
                frame, self._next = self._next or next(self._frames, None), None
            except av.FFmpegError as error:
                raise SourceLostError(f"{self._name} stopped delivering frames: {reason(error)}") from error
            due = self._span.stamps[self._count]
            if frame is None or frame.pts != due or frame.is_corrupt:
                raise SourceLostError(f"{self._name}: frame {self._span.first + self._count} is not where its packet says")
            image = self._display.bgr(frame)
        media_time = float(due * self._seconds) - float(self._span.origin * self._seconds)
        index = self._span.first + self._count
        self._count += 1
        return Frame(image, index, time.perf_counter(), media_time, self._name)

    def close(self) -> None:
        """Closes the file."""
        self._handle.close()

    def _decoded(self) -> Iterator[VideoFrame]:
        """Frames from the first of the span on; those before it lack the frames that they refer to."""
        for frame in self._container.decode(self._stream):
            if frame.pts is None or frame.pts >= self._span.stamps[0]:
                yield frame
