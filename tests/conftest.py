"""Shared fixtures: folders of real data and clips, and a check for leftover threads and handlers."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.model import cache
from realtime.neutral import profiles

ROOT = Path(__file__).parent.parent


def _folder(variable: str, default: str) -> Path:
    # relative to the project's folder; tests run programs elsewhere
    folder = (ROOT / os.environ.get(variable, f"../shared/{default}")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; set {variable} to run this test")
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with ckplus48.zip, fer2013.csv.xz and fer2013new.csv."""
    return _folder("FER_DATA", "data")


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder with the real clips."""
    return _folder("FER_CLIPS", "clips")


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Gives tests, and the programs they start, temporary folders for the cache and for profiles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.VARIABLE, str(tmp_path_factory.mktemp("cache")))
        patch.setenv(profiles.VARIABLE, str(tmp_path_factory.mktemp("profiles")))
        yield


@pytest.fixture(autouse=True)
def same_scheduling() -> Iterator[None]:
    """Fails a test that gives this process another scheduling policy: browsers at real-time priority starve the machine."""
    before = _policy()
    yield
    assert _policy() == before


def _policy() -> int | None:
    return os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaves other threads or signal handlers than before.

    The network's threads end when the network is garbage-collected.
    """
    handlers = _handlers()
    threads = set(threading.enumerate())
    yield
    assert {thread for thread in set(threading.enumerate()) - threads if not thread.name.startswith("network_")} == set()
    assert _handlers() == handlers


def _handlers() -> dict[str, object]:
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return {name: signal.getsignal(getattr(signal, name)) for name in names}
