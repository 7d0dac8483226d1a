"""Cameras, through OpenCV."""

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# OpenCV reads this when it is loaded. With these transforms, Media Foundation takes up to a minute to open a camera.
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.base import Notify, discard_notice
from realtime.sources.handle import Handle, within
from realtime.sources.nodes import LARGEST_NUMBER
from realtime.sources.pixels import as_bgr

BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION}
"""On other systems (Windows) OpenCV tries every backend. Naming one avoids trying those for files."""

FAILED_READS = 5
"""Failed reads in a row after which the camera counts as lost. Cheap cameras fail once when they change their exposure."""

MOST_CAMERAS = 10
"""Where the system does not list its cameras, the numbers below this are tried."""

OpenCapture = Callable[[int], cv2.VideoCapture]


def _may_use(node: Path) -> bool:
    return os.access(node, os.R_OK | os.W_OK)


@dataclass(frozen=True)
class System:
    """The operating system, as far as its cameras differ from those of others.

    Attributes:
        platform: as `sys.platform` names it.
        devices: the folder in which Linux has a node for every camera.
        may_use: whether this user may use a node.
        clock: seconds, for the stamps of frames.
    """

    platform: str = sys.platform
    devices: Path = Path("/dev")
    may_use: Callable[[Path], bool] = _may_use
    clock: Callable[[], float] = time.perf_counter


THIS_SYSTEM = System()


@dataclass(frozen=True)
class CameraInfo:
    """A camera that can be opened.

    Attributes:
        index: its number.
        backend: the backend of OpenCV that opens it.
        width, height: its default size, pixels.
        fps: frames a second as it reports them; 0 if it does not.
        open_s: seconds until its first frame.
    """

    index: int
    backend: str
    width: int
    height: int
    fps: float
    open_s: float


@dataclass(frozen=True, eq=False)
class _Opened:
    capture: cv2.VideoCapture
    image: NDArray[np.uint8]
    captured_at: float


def open_capture(index: int) -> cv2.VideoCapture:
    """OpenCV's camera, with the platform's backend."""
    return cv2.VideoCapture(index, BACKENDS.get(sys.platform, cv2.CAP_ANY))


class Camera:
    """A camera: every read waits for its next frame.

    Args:
        index: from 0.
        size_wh, fps: the requested values; the camera may choose others.
        open_timeout_s: limit for opening and for the next frame, seconds.
        verbose: let OpenCV log.
        notify: called if the camera chooses another size.
        opener: opens OpenCV's capture.
        system: what it runs on.

    Raises:
        SourceOpenError: the camera does not exist, access is denied, or it delivers no frame.
    """

    def __init__(
        self,
        index: int,
        *,
        size_wh: tuple[int, int] | None = None,
        fps: float | None = None,
        open_timeout_s: float = 10.0,
        verbose: bool = False,
        notify: Notify = discard_notice,
        opener: OpenCapture = open_capture,
        system: System = THIS_SYSTEM,
    ) -> None:
        self._name = f"camera {index}"
        self._limit_s = open_timeout_s
        self._clock = system.clock
        self._index = 0
        if not verbose:
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        if index < 0:  # OpenCV takes -1 for "any"
            raise SourceOpenError(
                f"camera {index} does not exist; numbers start at 0, and --list-cameras lists the available ones"
            )
        if index > LARGEST_NUMBER:
            raise SourceOpenError("the camera number is too large; --list-cameras lists the available ones")

        def make() -> _Opened:
            return _open(index, size_wh, fps, opener, system)

        try:
            if system.platform == "darwin" and threading.current_thread() is threading.main_thread():
                opened = make()  # macOS asks the user for permission on the main thread only
            else:
                opened = within(open_timeout_s, make, lambda late: late.capture.release())
        except TimeoutError as error:
            raise SourceOpenError(
                f"camera {index} did not open within {open_timeout_s:g} s; close other programs that may use it, "
                "or try --list-cameras"
            ) from error
        self._capture = opened.capture
        self._first: _Opened | None = opened
        self._handle = Handle(self._capture.release)
        height, width = opened.image.shape[:2]
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.info = SourceInfo(
            name=self._name,
            live=True,
            temporal=True,
            width=width,
            height=height,
            fps=rate,  # some drivers report -1, nan or 10000000; SourceInfo drops implausible values
            frames=None,
        )
        if size_wh is not None and size_wh != (width, height):
            notify(f"camera {index} gives {width}x{height} instead of {size_wh[0]}x{size_wh[1]}")

    @property
    def backend(self) -> str:
        """The backend of OpenCV that opened the camera."""
        return self._capture.getBackendName()

    def read(self) -> Frame | None:
        """The next frame; None after `close`.

        Raises:
            SourceLostError: several reads in a row failed, or none succeeded within the limit.
        """
        with self._handle.use() as usable:
            if not usable:
                return None
            first, self._first = self._first, None
            image, captured_at = (first.image, first.captured_at) if first else self._grab()
        frame = Frame(image, self._index, captured_at, None, self._name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Releases the camera, at the latest when a waiting read ends."""
        self._handle.close()

    def _grab(self) -> tuple[NDArray[np.uint8], float]:
        started = self._clock()
        for _ in range(FAILED_READS):
            image, captured_at = _grab(self._capture, self._clock)
            if image is not None:
                return image, captured_at
            if captured_at - started > self._limit_s:
                break
        raise SourceLostError(f"{self._name} stopped delivering frames; check that it is still plugged in")


def list_cameras(
    *, open_timeout_s: float = 5.0, opener: OpenCapture = open_capture, system: System = THIS_SYSTEM
) -> tuple[CameraInfo, ...]:
    """Every camera that opens and delivers a frame, by number. Opens each one, so their lights flash."""
    if system.platform == "linux":
        indices = sorted(int(node.name[5:]) for node in system.devices.glob("video*") if node.name[5:].isdecimal())
    else:
        indices = list(range(MOST_CAMERAS))
    found: list[CameraInfo] = []
    for index in indices:
        started = system.clock()
        try:
            camera = Camera(index, open_timeout_s=open_timeout_s, opener=opener, system=system)
        except SourceOpenError:
            continue  # on Linux every camera has a second node that delivers no images
        open_s = system.clock() - started
        info = camera.info
        found.append(CameraInfo(index, camera.backend, info.width, info.height, info.fps or 0.0, open_s))
        camera.close()
    return tuple(found)


def _open(index: int, size_wh: tuple[int, int] | None, fps: float | None, opener: OpenCapture, system: System) -> _Opened:
    try:
        capture = opener(index)
        try:
            if not capture.isOpened():
                raise SourceOpenError(
                    f"no camera {index} found{_permission_hint(index, system)}; --list-cameras lists the available ones, "
                    "--demo runs without a camera"
                )
            _ask(capture, size_wh, fps)
            for _ in range(FAILED_READS):
                image, captured_at = _grab(capture, system.clock)
                if image is not None:
                    return _Opened(capture, image, captured_at)
            raise SourceOpenError(
                f"camera {index} opened but delivered no image; close other programs that may use it, or try --list-cameras"
            )
        except BaseException:
            capture.release()
            raise
    except cv2.error as error:
        raise SourceOpenError(f"camera {index} cannot be opened: {error.err}; try --list-cameras") from error


def _ask(capture: cv2.VideoCapture, size_wh: tuple[int, int] | None, fps: float | None) -> None:
    if size_wh is not None:
        # USB 2 carries uncompressed 1280x720 at 10 frames a second at most; the format must be set before the size
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_wh[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_wh[1])
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, not the oldest of four


def _grab(capture: cv2.VideoCapture, clock: Callable[[], float]) -> tuple[NDArray[np.uint8] | None, float]:
    try:
        grabbed = capture.grab()
        captured_at = clock()
        done, image = capture.retrieve() if grabbed else (False, None)
        return (as_bgr(image) if done and image is not None else None), captured_at
    except (cv2.error, ValueError):  # a truncated image; the caller counts it as a failed read
        return None, clock()


def _permission_hint(index: int, system: System) -> str:
    if system.platform == "linux":
        node = system.devices / f"video{index}"
        if node.exists() and not system.may_use(node):
            return f": {node} cannot be read; run `sudo usermod -aG video $USER`, then log in again"
    if system.platform == "darwin":
        return ", or this terminal may not use it (System Settings > Privacy & Security > Camera)"
    return ""
