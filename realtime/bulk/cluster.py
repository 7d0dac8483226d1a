"""Dask's workers: processes on this machine, or those of a scheduler elsewhere."""

import logging
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, WorkerPlugin, as_completed

from realtime import __version__
from realtime.errors import ConfigError, FerError

CONNECT_S = 20.0
END_S = 5.0
GONE = "the connection to the scheduler was lost; what is done is kept, run the same command again to go on"
DIED = "the process that read it died several times; the file may crash its decoder, or need more memory"

SETTINGS: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 2,
    "distributed.scheduler.worker-saturation": 1.0,  # one task each: further ones would die with it, and be blamed
    "distributed.scheduler.worker-ttl": None,  # after a sleep all workers would seem dead; nannies notice dead ones
    "distributed.comm.timeouts.connect": f"{CONNECT_S:g}s",
    # together they cost a worker a tenth of its time: an unused profiler, and memory given back after every frame
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.worker.daemon": True,  # workers end with this program, whatever happens to it
}


class Tasks:
    """Tasks on workers, and their results as they come.

    Args:
        client: connected.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._done = as_completed(loop=client.loop, raise_errors=False)
        self._then: dict[str, Callable[[Any, BaseException | None], None]] = {}

    @property
    def workers(self) -> int:
        """Number of running workers."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def submit(
        self, then: Callable[[Any, BaseException | None], None], job: Callable[..., Any], *arguments: Any, rank: int = 0
    ) -> None:
        """Starts a task.

        Args:
            then: gets its result, or its error; may submit more.
            job: a function that other processes can import.
            rank: tasks of a higher one come first.
        """
        future: Future[Any] = self._client.submit(job, *arguments, pure=False, priority=rank)
        self._then[str(future.key)] = then
        self._done.add(future)

    def run(self) -> None:
        """Returns when no task is left.

        Raises:
            ConfigError: the scheduler is gone.
        """
        for future in self._done:
            if future.cancelled():
                raise ConfigError(GONE)
            then = self._then.pop(str(future.key))
            error = future.exception()
            if isinstance(error, KilledWorker):
                error = FerError(DIED)
            then(future.result() if error is None else None, error)
            future.release()


@contextmanager
def tasks(scheduler: str | None, workers: int, memory: int | None = None) -> Iterator[Tasks]:
    """Workers, for the length of a block.

    Args:
        scheduler: the address of one that runs, such as tcp://node1:8786; None starts workers here.
        workers: processes to start here.
        memory: bytes for each; None divides that of the machine.

    Raises:
        ConfigError: the scheduler does not answer, or its workers have another version of fer-cam.
    """
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(SETTINGS))
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="Sending large graph")  # timestamps of a part: 100 kB
        for name in ("distributed", "distributed.client", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            if scheduler is None:
                client = _local(workers, memory, stack)
            else:
                client = stack.enter_context(Client(scheduler, timeout=CONNECT_S, set_as_default=False))
        except (OSError, ValueError, TimeoutError) as error:
            raise ConfigError(
                f"{scheduler}: no scheduler answers there; start one with: dask scheduler", "scheduler"
            ) from error
        if scheduler is not None:
            _check_versions(client)
        yield Tasks(client)


def version() -> str:
    """The version of fer-cam in this process, which may be a worker's."""
    return __version__


def _check_versions(client: Client) -> None:
    for worker, found in client.run(version, on_error="return").items():
        if found != __version__:
            other = f"cannot load it ({found})" if isinstance(found, BaseException) else f"has {found}"
            raise ConfigError(f"the worker {worker} {other}; install fer-cam {__version__} there, as on this machine")


def _local(workers: int, memory: int | None, stack: ExitStack) -> Client:
    folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    with _without_interrupts():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # two runs on one machine would want the same port
            memory_limit="auto" if memory is None else memory,
            local_directory=folder,
            silence_logs=logging.CRITICAL,
        )
    stack.callback(_ended, cluster)
    client: Client = stack.enter_context(Client(cluster, set_as_default=False))
    client.register_plugin(IgnoreInterrupts())
    return client


def _ended(cluster: LocalCluster) -> None:
    with suppress(Exception):
        cluster.close(timeout=END_S)


class IgnoreInterrupts(WorkerPlugin):
    """Lets a worker ignore Ctrl-C, also one that replaces another: the terminal sends it to all of them, and this
    program ends the workers."""

    def setup(self, worker: object) -> None:
        """Runs in the worker, on its main thread."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that start in this block ignore Ctrl-C from their beginning on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
