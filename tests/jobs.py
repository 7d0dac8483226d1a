"""Jobs for the workers of `fer-cam batch` in tests; other processes import them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from realtime.bulk.cluster import Tasks
from realtime.bulk.reading import Job, Looked, Read, look_at, read
from realtime.bulk.recordings import Recording


def double(number: int) -> int:
    """Twice as much."""
    return 2 * number


def die(_: object = None) -> None:
    """Ends the process at once, as a crash of a decoder does."""
    os._exit(1)


def read_or_die(name: str, job: Job) -> Read:
    """Reads, and dies of one recording."""
    if job.recording.name == name:
        die()
    return read(job)


def look_or_die(name: str, recordings: Sequence[tuple[Recording, str]], cut: bool) -> tuple[Looked, ...]:
    """Looks at recordings, and dies if one is among them."""
    if name in [recording.name for recording, _ in recordings]:
        die()
    return look_at(recordings, cut)


@dataclass(frozen=True)
class Deadly:
    """Workers that die whenever they read, or look at, a recording of this name."""

    tasks: Tasks
    name: str
    job: Callable[..., Any]

    @property
    def workers(self) -> int:
        return self.tasks.workers

    def submit(self, then: Any, job: Any, *arguments: Any, rank: int = 0) -> None:
        if job is self.job:
            job, arguments = {read: read_or_die, look_at: look_or_die}[job], (self.name, *arguments)
        self.tasks.submit(then, job, *arguments, rank=rank)

    def run(self) -> None:
        self.tasks.run()
