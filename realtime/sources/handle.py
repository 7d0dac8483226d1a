"""Native handles at the border between threads: opened in bounded time, freed only when nobody reads."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


def within(timeout_s: float, make: Callable[[], T], discard: Callable[[T], None]) -> T:
    """Calls `make` on a helper thread and waits at most `timeout_s` seconds for it.

    Drivers and name servers can hang far longer than any limit one can set on them. A result that comes too late goes to
    `discard`; what `make` raises arrives as itself.

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
    except BaseException:  # Ctrl-C as well: nobody is left to take the result
        future.add_done_callback(late)
        raise


class Handle:
    """A native handle that one thread reads while another may close it; freed once, by whichever of the two leaves last.

    FFmpeg and OpenCV crash when a handle is freed under a running read, and neither offers a way to end that read.
    """

    def __init__(self, free: Callable[[], None]) -> None:
        self._free = free
        self._in_use = threading.Lock()
        self._closed = False
        self._freed = False

    @contextmanager
    def use(self) -> Iterator[bool]:
        """Keeps the handle from being freed meanwhile; False if it is closed already and must not be touched."""
        try:
            with self._in_use:
                yield not self._closed
        finally:
            if self._closed:
                self._free_if_idle()

    def close(self) -> None:
        """Frees the handle now, or when the running read ends. Never waits."""
        self._closed = True
        self._free_if_idle()

    def _free_if_idle(self) -> None:
        # if the lock is taken, its holder sees `_closed` when it leaves
        if self._in_use.acquire(blocking=False):
            try:
                if not self._freed:
                    self._freed = True
                    self._free()
            finally:
                self._in_use.release()
