"""The jobs of a worker, which may be on another machine: to read a recording, or a part of one, and write its tables."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from realtime import provenance
from realtime.bulk.parts import Part, Survey, survey
from realtime.bulk.recordings import Recording, fingerprint
from realtime.bulk.tables import RecordTables
from realtime.config import Config
from realtime.datatypes import RunInfo
from realtime.engine import Engine
from realtime.errors import SourceLostError
from realtime.model.classifier import Classifier
from realtime.recorder import Recorder
from realtime.sources.feed import AheadFeed
from realtime.sources.part import VideoPart

PART_AHEAD = 8
"""Decoded frames that wait for the network."""


@dataclass(frozen=True)
class Job:
    """A recording or a part to read, and the paths of its tables.

    Attributes:
        recording: a video, an image or a folder of images.
        config: settings of recognition and the network.
        frames, faces: the tables.
        part: None for the whole recording.
    """

    recording: Recording
    config: Config
    frames: Path
    faces: Path
    part: Part | None = None


@dataclass(frozen=True)
class Read:
    """The result of a job.

    Attributes:
        frames: number of them, the warm-up included.
        faces: number of different faces, or in images of all.
        seconds: media time of the last frame, and as long as it is shown; None for images.
        error: why the recording ended early; None if it is whole.
    """

    frames: int
    faces: int
    seconds: float | None
    error: str | None = None


@dataclass(frozen=True)
class Looked:
    """A recording before it is read.

    Attributes:
        fingerprint: of its content.
        survey: its length and parts.
        error: why it cannot be read at all.
    """

    fingerprint: str
    survey: Survey
    error: str | None = None


def look_at(recordings: Sequence[tuple[Recording, str]], cut: bool) -> tuple[Looked, ...]:
    """Looks at recordings, each with the fingerprint under which it is done; a task for each would cost more than the look."""
    return tuple(look(recording, cut, done) for recording, done in recordings)


def look(recording: Recording, cut: bool, done: str = "") -> Looked:
    """Fingerprint and length of a recording, and its parts if it is to be cut; of one that is done the fingerprint alone."""
    try:
        mark = fingerprint(recording)
    except OSError as error:
        return Looked("", Survey(None), f"{recording.path} cannot be read: {error.strerror}")
    worth = recording.video and cut and mark != done
    return Looked(mark, survey(Path(recording.path)) if worth else Survey(None))


def read(job: Job) -> Read:
    """Reads and writes; what was written appears when it is whole.

    Raises:
        SourceError: nothing can be read, or a part is not where the survey says.
        ModelError: the network cannot be used on this machine.
        SinkError: the tables cannot be written.
    """
    with _engine(job) as (engine, run):
        recorder, error = Recorder(run), None
        frames, ids, many, last = 0, set[int](), 0, None
        extra = None if job.part is None else {"owned": job.part.owned}
        with RecordTables(job.frames, job.faces, run, extra) as tables:
            try:
                for result in engine.results(lambda line: None):
                    record = recorder.record(result)
                    tables.write(record)
                    frames, many, last = frames + 1, many + len(record.faces), record.t
                    ids.update(face.id for face in record.faces)
            except SourceLostError as lost:
                if job.part is not None:
                    raise
                error = str(lost)
    seconds = None if last is None else last + (1 / run.source.fps if run.source.fps else 0.0)
    return Read(frames, len(ids) if run.source.temporal else many, seconds, error)


@contextmanager
def _engine(job: Job) -> Iterator[tuple[Engine, RunInfo]]:
    config = job.config.but(source=job.recording.path)
    classifier = _network(config.model.name, config.model.threads, config.model.provider)
    if job.part is None:
        engine = Engine.open(config, classifier)
    else:
        source = VideoPart(Path(job.recording.path), job.part.span)
        engine = Engine.on(AheadFeed(source, ahead=PART_AHEAD), config, classifier)
    with engine:
        yield engine, provenance.of_run(config, engine.info, classifier)


@lru_cache(maxsize=1)
def _network(name: str, threads: int, provider: str) -> Classifier:
    """The network of this process; loading one takes as long as a few hundred faces."""
    return Classifier.load(name, threads, provider)
