"""Writes datasets of invented faces, as `fer-cam batch` does."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from realtime.bulk.dataset import DONE, FAILED, Dataset, State
from realtime.bulk.tables import RecordTables
from realtime.datatypes import RunInfo
from realtime.records import FrameRecord
from tests import builders
from tests.recordings import STEP_S, face, frames, one_face

RUN = builders.run_info(replace(builders.source_info(), fps=1 / STEP_S))


def add(
    dataset: Dataset,
    name: str,
    records: Sequence[FrameRecord],
    run: RunInfo = RUN,
    *,
    status: str = DONE,
    error: str | None = None,
) -> None:
    """A recording with these frames, in place of one of that name."""
    with RecordTables(dataset.frames(name), dataset.faces(name), run) as tables:
        for record in records:
            tables.write(record)
    last = records[-1].t if records else None
    seconds = None if last is None else last + STEP_S
    faces = len({face.id for record in records for face in record.faces})
    path = f"/study/{name}"
    dataset.keep(State(name, path, status, seconds, len(records), faces, error, "content", "settings"))


def fail(dataset: Dataset, name: str, error: str) -> None:
    """A recording that could not be read."""
    dataset.keep(State(name, f"/study/{name}", FAILED, None, 0, 0, error, "content", "settings"))


def study(folder: Path) -> Path:
    """Three recordings with faces, one without, two that failed."""
    dataset = Dataset.made(folder)
    add(dataset, "a.mp4", one_face(*["neutral"] * 15, *["happiness"] * 5))
    add(dataset, "b.mp4", frames([[face("sadness"), face("uncertain", 2, reason="dark")]] * 10))
    add(dataset, "c.mp4", one_face(*["happiness"] * 4, *[""] * 6), status="incomplete", error="c.mp4 ends early")
    add(dataset, "d.mp4", one_face("", ""))
    fail(dataset, "e.mp4", "e.mp4 is empty; check that it was copied")
    fail(dataset, "f.mp4", "f.mp4 is empty; check that it was copied")
    dataset.write_recordings()
    return folder
