"""Thread pools for short jobs, closed in bounded time."""

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
"""How long `close` waits for running jobs; the longest, a scan of a 4K frame, takes about one second."""

RESULT_S = 60.0
"""How long `result` waits."""

SLICE_S = 1.0
"""Waits are divided into slices, since the clock continues while the program is stopped (Ctrl-Z), but jobs do not."""

_Jobs = queue.SimpleQueue[tuple["Future[Any]", Callable[[], None]] | None]


class Workers:
    """A pool of daemon threads for jobs of milliseconds.

    `concurrent.futures` waits without limit for running jobs, in `shutdown` and when the interpreter exits: a call that hangs
    in a driver keeps the program from ending. Here both waits are limited. The threads start with the first job, and end when
    the pool is closed or deleted, or the program exits.

    Args:
        count: of threads.
        name: prefix of the threads' names.
        end_s: how long `close` waits, seconds.
    """

    def __init__(self, count: int, name: str, *, end_s: float = END_S) -> None:
        self._jobs: _Jobs = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=_work, args=(self._jobs,), name=f"{name}_{n}", daemon=True) for n in range(count)
        ]
        self._starting = threading.Lock()
        self._started = False
        self._end = weakref.finalize(self, _end, self._jobs, self._threads, end_s)  # also called at exit

    def submit(self, job: Callable[[], T]) -> "Future[T]":
        """Runs a job on a thread.

        Raises:
            RuntimeError: the pool is closed.
        """
        if not self._end.alive:
            raise RuntimeError("this pool is closed; create a new one")
        with self._starting:  # two sessions may have their first job at the same time
            if not self._started:
                self._started = True
                for thread in self._threads:
                    thread.start()
        future: Future[T] = Future()
        self._jobs.put((future, partial(_do, future, job)))
        return future

    def close(self) -> None:
        """Cancels waiting jobs, and waits at most `end_s` for running ones; may be called twice."""
        self._end()


def result(future: "Future[T]", what: str, limit_s: float = RESULT_S) -> T:
    """The return value of a job; `what` names the job in the message.

    Raises:
        ModelError: it takes longer than `limit_s` seconds.
        Exception: the exception of the job.
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
    except BaseException as error:  # re-raised by `result`
        future.set_exception(error)
    else:
        future.set_result(value)


def _work(jobs: _Jobs) -> None:
    """Runs jobs on a thread. It has no reference to the pool, so that the pool can be deleted."""
    while (item := jobs.get()) is not None:
        item[1]()
        del item  # so that its owner is not kept alive until the next job
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
