"""Scripted fake sources and cameras, and a clock that a test moves."""

import threading
from collections.abc import Callable, Iterable

import numpy as np

from realtime.datatypes import Frame, SourceInfo


def make_image(value: int, height: int = 4, width: int = 6) -> np.ndarray:
    """A uniform uint8 image."""
    return np.full((height, width, 3), value, np.uint8)


class Clock:
    """Time that a test moves by hand, in seconds."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FakeSource:
    """Gives one frame per script entry, filled with its value, or raises it if it is an error; then ends.

    With `hang` it waits for `close` instead of ending, like the driver of a disconnected camera.
    """

    def __init__(self, script: Iterable[int | Exception] = (), *, live: bool = True, hang: bool = False) -> None:
        self.info = SourceInfo("fake", live, True, 6, 4, 30.0 if live else None, None)
        self.closed = threading.Event()
        self.reading = threading.Event()
        """Set while `read` hangs."""
        self._script = iter(script)
        self._hang = hang
        self.given = 0
        """How many frames it has given."""
        self.asked: Callable[[], object] = lambda: None
        """Called before each read; may take its time."""

    def read(self) -> Frame | None:
        self.asked()
        step = next(self._script, None)
        if isinstance(step, Exception):
            raise step
        if step is None:
            if self._hang:
                self.reading.set()
                self.closed.wait()
            return None
        frame = Frame(make_image(step), self.given, float(step), None, "fake")
        self.given += 1
        return frame

    def close(self) -> None:
        self.closed.set()


class FakeCapture:
    """A fake cv2.VideoCapture: gives the images (None: a failed read), then fails forever."""

    def __init__(
        self, images: Iterable[np.ndarray | Exception | None] = (), *, is_open: bool = True, fps: float = 30.0
    ) -> None:
        self.asked: list[tuple[int, float]] = []
        self.released = 0
        self.let_go = threading.Event()
        """Set once it is released."""
        self._images = iter(images)
        self._is_open = is_open
        self._fps = fps
        self._image: np.ndarray | None = None

    def isOpened(self) -> bool:  # noqa: N802
        return self._is_open

    def grab(self) -> bool:
        step = next(self._images, None)
        if isinstance(step, Exception):
            raise step
        self._image = step
        return step is not None

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        return self._image is not None, self._image

    def set(self, prop: int, value: float) -> bool:
        self.asked.append((prop, value))
        return True

    def get(self, prop: int) -> float:
        return self._fps

    def getBackendName(self) -> str:  # noqa: N802
        return "FAKE"

    def release(self) -> None:
        self.released += 1
        self.let_go.set()
