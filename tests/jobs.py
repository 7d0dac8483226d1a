"""Jobs for the workers of `fer-cam batch` in tests; other processes import them."""

import os
from dataclasses import dataclass
from typing import Any

from realtime.bulk.cluster import Tasks
from realtime.bulk.reading import Job, Read, read


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


@dataclass(frozen=True)
class Deadly:
    """Workers that die whenever they read a recording of this name."""

    tasks: Tasks
    name: str

    def submit(self, then: Any, job: Any, *arguments: Any, rank: int = 0) -> None:
        if job is read:
            job, arguments = read_or_die, (self.name, *arguments)
        self.tasks.submit(then, job, *arguments, rank=rank)

    def run(self) -> None:
        self.tasks.run()
