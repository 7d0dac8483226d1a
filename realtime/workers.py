"""Threads that do short jobs for an owner, and whose end has a limit."""

import math
import queue
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from realtime.errors import ModelError

T = TypeVar("T")

END_S = 5.0
"""How long `close` waits for the jobs under way; the longest of them, a scan of a 4K frame, takes about one second."""

RESULT_S = 60.0
"""How long `result` waits."""

SLICE_S = 1.0
"""Waits are cut into slices: while the program is stopped (Ctrl-Z) the clock goes on, and a job does not."""

_Jobs = queue.SimpleQueue[tuple["Future[Any]", Callable[[], None]] | None]


class Workers:
    """A pool of daemon threads for jobs of milliseconds.

    `concurrent.futures` waits without a limit for the jobs under way, in `shutdown` and again when the interpreter exits: one
    call that hangs in a driver keeps the program from ending. Here both waits have a limit. The threads start with the first
    job, and end when the pool is closed, is forgotten, or the program exits.

    Args:
        count: of threads.
        name: of the threads, which get a number behind it.
        end_s: how long `close` waits, seconds.
    """

    def __init__(self, count: int, name: str, *, end_s: float = END_S) -> None:
        self._jobs: _Jobs = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=_work, args=(self._jobs,), name=f"{name}_{n}", daemon=True) for n in range(count)
        ]
        self._started = False
        self._end = weakref.finalize(self, _end, self._jobs, self._threads, end_s)  # also called at exit

    def submit(self, job: Callable[[], T]) -> "Future[T]":
        """Has a thread do a job.

        Raises:
            RuntimeError: the pool is closed.
        """
        if not self._end.alive:
            raise RuntimeError("these threads have ended; nothing more can be done on them")
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()
        future: Future[T] = Future()
        self._jobs.put((future, partial(_do, future, job)))
        return future

    def close(self) -> None:
        """Drops the jobs that have not begun, and waits `end_s` at most for the others; may be called twice."""
        self._end()


def result(future: "Future[T]", what: str, limit_s: float = RESULT_S) -> T:
    """What a job returned; `what` names the job in the message.

    Raises:
        ModelError: it takes longer than `limit_s` seconds.
        Exception: whatever ended the job.
    """
    slices = math.ceil(limit_s / SLICE_S)
    for _ in range(slices):
        try:
            return future.result(limit_s / slices)
        except TimeoutError:
            if future.done():  # by now, or the job itself raised it
                return future.result(0)
    raise ModelError(f"{what} has hung for {limit_s:g} s; run it again, and report it if it happens again")


def _do(future: "Future[T]", job: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        value = job()
    except BaseException as error:  # arrives as itself from `result`
        future.set_exception(error)
    else:
        future.set_result(value)


def _work(jobs: _Jobs) -> None:
    """On a thread: does the jobs. It knows nothing of the pool, so that a pool can be forgotten."""
    while (item := jobs.get()) is not None:
        item[1]()
        del item  # its owner must not be kept until the next job
    jobs.put(None)  # for the next thread


def _end(jobs: _Jobs, threads: list[threading.Thread], end_s: float) -> None:
    try:
        while (item := jobs.get_nowait()) is not None:
            item[0].cancel()
    except queue.Empty:
        pass
    jobs.put(None)
    slices = math.ceil(end_s / SLICE_S)
    for _ in range(slices):
        busy = [thread for thread in threads if thread.is_alive() and thread is not threading.current_thread()]
        if not busy:
            return
        busy[0].join(end_s / slices)
