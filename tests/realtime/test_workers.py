"""Threads whose end has a limit, with jobs that hang until they are let go."""

import gc
import subprocess
import sys
import threading
import time
import weakref

import pytest

from realtime import workers
from realtime.errors import ModelError
from realtime.workers import Workers
from tests.conftest import ROOT

LIMIT_S = 20.0

pytestmark = [pytest.mark.usefixtures("nothing_left_behind"), pytest.mark.timeout(60)]


class Hang:
    """A job that hangs until `go` is set."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self) -> str:
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.go.wait(LIMIT_S)
        return "done"

    def end(self) -> None:
        """Lets it go, and waits for its thread."""
        self.go.set()
        assert self.thread is not None
        self.thread.join(LIMIT_S)


def fail() -> str:
    raise TimeoutError("the job's own")


def test_jobs_are_done_side_by_side_and_their_results_arrive() -> None:
    pool = Workers(2, "pool")
    meeting = threading.Barrier(2)
    jobs = [pool.submit(lambda: meeting.wait(LIMIT_S)) for _ in range(2)]
    assert sorted(workers.result(job, "a job") for job in jobs) == [0, 1]
    pool.close()


def test_an_error_arrives_as_itself() -> None:
    pool = Workers(1, "pool")
    with pytest.raises(TimeoutError, match="the job's own"):
        workers.result(pool.submit(fail), "a job")
    assert workers.result(pool.submit(lambda: "the thread goes on"), "a job") == "the thread goes on"
    pool.close()


def test_closing_waits_for_the_job_under_way_and_drops_the_others() -> None:
    pool, hang = Workers(1, "pool"), Hang()
    under_way, waiting = pool.submit(hang), pool.submit(lambda: "never done")
    assert hang.begun.wait(LIMIT_S)
    waiting.add_done_callback(lambda _: hang.go.set())  # called when it is dropped, before `close` waits
    pool.close()
    assert under_way.done()
    assert workers.result(under_way, "a job") == "done"
    assert waiting.cancelled()
    pool.close()
    with pytest.raises(RuntimeError, match="is closed"):
        pool.submit(lambda: "too late")


def test_a_pool_that_was_never_used_closes() -> None:
    Workers(3, "pool").close()
    Workers(0, "pool").close()


def test_a_job_that_hangs_is_left_behind() -> None:
    pool, hang = Workers(2, "pool", end_s=0.1), Hang()
    job = pool.submit(hang)
    assert hang.begun.wait(LIMIT_S)
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < LIMIT_S / 2
    assert not job.done()
    hang.end()


def test_a_result_that_does_not_come_is_one_line() -> None:
    pool, hang = Workers(1, "pool"), Hang()
    job = pool.submit(hang)
    with pytest.raises(ModelError, match=r"^the network has hung for 0\.1 s; run it again"):
        workers.result(job, "the network", 0.1)
    hang.end()
    pool.close()


def test_the_threads_of_a_forgotten_pool_end() -> None:
    pool = Workers(2, "pool")
    thread = workers.result(pool.submit(threading.current_thread), "a job")
    forgotten = weakref.ref(pool)
    del pool
    gc.collect()
    assert forgotten() is None
    thread.join(LIMIT_S)
    assert not thread.is_alive()


EXIT = """
import sys, threading
from realtime.workers import Workers

begun = threading.Event()
pool = Workers(2, "pool", end_s=float(sys.argv[1]))
def job():
    begun.set()
    threading.Event().wait(float(sys.argv[2]))
    print("done", flush=True)
pool.submit(job)
begun.wait()
"""


@pytest.mark.parametrize(("end_s", "job_s", "out"), [("0.2", "1000", ""), ("1000", "0.2", "done\n")])
def test_the_program_ends_despite_a_hung_job_and_waits_for_others(end_s: str, job_s: str, out: str) -> None:
    command = [sys.executable, "-c", EXIT, end_s, job_s]
    done = subprocess.run(command, cwd=ROOT, timeout=LIMIT_S, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (out, "")
