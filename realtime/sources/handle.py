"""Native handles shared between threads: opened in bounded time, freed only while no read is running."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


def within(timeout_s: float, make: Callable[[], T], discard: Callable[[T], None]) -> T:
    """Calls `make` on a helper thread and waits at most `timeout_s` seconds.

    Drivers and name servers can hang far longer than any limit one can set on them. A late result goes to `discard`; an
    exception of `make` is raised here unchanged.

    Raises:
        TimeoutError: it took longer.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            result = make()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    def late(done: Future[T]) -> None:
        if done.exception() is None:
            discard(done.result())

    threading.Thread(target=work, name="open source", daemon=True).start()
    try:
        return future.result(timeout_s)
    except BaseException:  # including Ctrl-C: the result is no longer needed
        future.add_done_callback(late)
        raise


class Handle:
    """A native handle that one thread reads while another may close it; freed once, by the last of the two to finish.

    FFmpeg and OpenCV crash if a handle is freed during a read, and neither offers a way to end that read.
    """

    def __init__(self, free: Callable[[], None]) -> None:
        self._free = free
        self._in_use = threading.Lock()
        self._closed = False
        self._freed = False

    @contextmanager
    def use(self) -> Iterator[bool]:
        """Keeps the handle from being freed inside the block; yields False if it is already closed and must not be used."""
        try:
            with self._in_use:
                yield not self._closed
        finally:
            if self._closed:
                self._free_if_idle()

    def close(self) -> None:
        """Frees the handle now, or when the current read ends. Never waits."""
        self._closed = True
        self._free_if_idle()

    def _free_if_idle(self) -> None:
        # if the lock is held, its holder checks `_closed` when it releases it
        if self._in_use.acquire(blocking=False):
            try:
                if not self._freed:
                    self._freed = True
                    self._free()
            finally:
                self._in_use.release()
