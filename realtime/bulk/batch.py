"""Reads many recordings into one dataset: new and changed recordings are read, all others are left as they are."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from realtime import __version__
from realtime.bulk.cluster import Tasks
from realtime.bulk.dataset import DONE, FAILED, INCOMPLETE, Dataset, State, state_of
from realtime.bulk.joining import Written, join
from realtime.bulk.parts import Part
from realtime.bulk.reading import Job, Looked, Read, look_at, read
from realtime.bulk.recordings import Recording
from realtime.config import Config
from realtime.errors import ModelError, SinkError

LOOK, READ, JOIN = 0, 1, 2
"""Ranks: recordings that were begun come first."""


MOST_TOGETHER, LEAST_EACH = 32, 8
"""Recordings that a worker looks at in one task, at most; and such tasks for each worker, so that all have something to do."""


class Progress(Protocol):
    """Shows the progress of a batch."""

    def found(self, seconds: float | None) -> None:
        """A recording is to be read, and how long it is."""

    def kept(self, state: State) -> None:
        """A recording is in the dataset already."""

    def ended(self, state: State) -> None:
        """A recording was read, or failed."""


@dataclass
class _Cut:
    """A recording that is read in parts."""

    looked: Looked
    parts: tuple[Part, ...]
    reads: dict[int, Read] = field(default_factory=dict)
    failed: bool = False


class Batch:
    """One run over some recordings.

    Args:
        dataset: locked.
        config: settings of recognition and the network.
        weights_sha256: of the network.
        tasks: the workers.
        progress: gets every event.
        cut: whether long videos are read in parts.
    """

    def __init__(
        self, dataset: Dataset, config: Config, weights_sha256: str, tasks: Tasks, progress: Progress, *, cut: bool = True
    ) -> None:
        self._dataset = dataset
        self._config = config
        self._tasks = tasks
        self._progress = progress
        self._cut = cut
        self._reading = reading_of(config, weights_sha256)

    def run(self, recordings: Sequence[Recording]) -> None:
        """Reads the new and changed recordings.

        Raises:
            ModelError: a worker cannot use the network.
            SinkError: the dataset cannot be written.
        """
        together = max(1, min(MOST_TOGETHER, len(recordings) // (LEAST_EACH * max(1, self._tasks.workers))))
        for first in range(0, len(recordings), together):
            self._look(recordings[first : first + together])
        self._tasks.run()
        shutil.rmtree(self._dataset.folder / "_parts", ignore_errors=True)

    def _look(self, recordings: Sequence[Recording]) -> None:
        states = [self._done(recording) for recording in recordings]
        work = [(each, "" if state is None else state.fingerprint) for each, state in zip(recordings, states, strict=True)]

        def then(found: Sequence[Looked] | None, error: BaseException | None) -> None:
            if found is not None:
                for recording, state, looked in zip(recordings, states, found, strict=True):
                    self._looked(recording, state, looked)
            elif len(recordings) > 1:  # one of them may have killed the process
                for recording in recordings:
                    self._look([recording])
            else:
                self._fail(recordings[0], "", error)

        self._tasks.submit(then, look_at, work, self._cut, rank=LOOK)

    def _done(self, recording: Recording) -> State | None:
        """The state of a recording that needs no reading if its content is the same."""
        state = self._dataset.state(recording.name)
        return state if state is not None and state.reading == self._reading and state.status != FAILED else None

    def _looked(self, recording: Recording, state: State | None, looked: Looked) -> None:
        if looked.error is not None:
            self._fail(recording, "", looked.error)
            return
        if state is not None and state.fingerprint == looked.fingerprint:
            if state.path != recording.path:  # it was moved
                state = replace(state, path=recording.path)
                self._dataset.keep(state)
            self._progress.kept(state)
            return
        self._progress.found(looked.survey.seconds)
        if looked.survey.parts:
            self._read_parts(recording, looked)
        else:
            self._read_whole(recording, looked)

    def _read_whole(self, recording: Recording, looked: Looked) -> None:
        job = Job(recording, self._config, self._dataset.frames(recording.name), self._dataset.faces(recording.name))
        self._tasks.submit(partial(self._read, recording, looked), read, job, rank=READ)

    def _read(self, recording: Recording, looked: Looked, result: Read | None, error: BaseException | None) -> None:
        if result is None:
            self._fail(recording, looked.fingerprint, error)
        else:
            self._keep(recording, looked, result)

    def _read_parts(self, recording: Recording, looked: Looked) -> None:
        cut = _Cut(looked, looked.survey.parts)
        for part in cut.parts:
            written = self._part(recording, looked, part)
            job = Job(recording, self._config, written.frames, written.faces, part)
            then = partial(self._part_read, recording, cut, part)
            if written.frames.exists() and written.faces.exists():  # from an earlier run
                then(Read(0, 0, None), None)
            else:
                self._tasks.submit(then, read, job, rank=READ)

    def _part_read(self, recording: Recording, cut: _Cut, part: Part, result: Read | None, error: BaseException | None) -> None:
        if result is None:
            _raise_if_general(error)
            cut.failed = True
        cut.reads[part.number] = result or Read(0, 0, None)
        if len(cut.reads) < len(cut.parts):
            return
        if cut.failed:  # reading it in one piece says what is wrong, and where
            self._read_whole(recording, cut.looked)
            return
        written = [self._part(recording, cut.looked, each) for each in cut.parts]
        target = self._dataset.frames(recording.name), self._dataset.faces(recording.name)
        self._tasks.submit(
            partial(self._read, recording, cut.looked), join, written, *target, cut.looked.survey.seconds, rank=JOIN
        )

    def _part(self, recording: Recording, looked: Looked, part: Part) -> Written:
        folder = self._dataset.parts(recording.name) / f"{looked.fingerprint[:16]}-{self._reading[:16]}"
        return Written(folder / f"{part.number:04}-frames.parquet", folder / f"{part.number:04}-faces.parquet")

    def _keep(self, recording: Recording, looked: Looked, result: Read) -> None:
        status = DONE if result.error is None else INCOMPLETE
        self._end(
            State(
                recording=recording.name,
                path=recording.path,
                status=status,
                seconds=result.seconds,
                frames=result.frames,
                faces=result.faces,
                error=result.error,
                fingerprint=looked.fingerprint,
                reading=self._reading,
            )
        )

    def _fail(self, recording: Recording, fingerprint: str, error: BaseException | str | None) -> None:
        if isinstance(error, BaseException):
            _raise_if_general(error)
        reason = str(error) or type(error).__name__  # a MemoryError has no words
        self._end(state_of(recording, FAILED, fingerprint, self._reading, reason))

    def _end(self, state: State) -> None:
        self._dataset.keep(state)
        shutil.rmtree(self._dataset.parts(state.recording), ignore_errors=True)
        self._progress.ended(state)


def reading_of(config: Config, weights_sha256: str) -> str:
    """Differs if a result could differ: version, network and settings of recognition."""
    facts = [__version__, weights_sha256, repr(config.reading)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _raise_if_general(error: BaseException | None) -> None:
    """Raises an error that every recording would have."""
    if isinstance(error, ModelError | SinkError):
        raise error
