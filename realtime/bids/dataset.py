"""Writes a session into a folder laid out like a BIDS dataset; existing files are kept."""

import gzip
import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from realtime.bids.describe import description, events_sidecar, physio_sidecar, readme
from realtime.bids.labels import Entities
from realtime.bids.samples import Frames, Samples
from realtime.errors import SinkError
from realtime.sinks.events import COLUMNS, UNNAMED
from realtime.sinks.paths import reason

MISSING = "n/a"
PARTICIPANTS = "participants.tsv"


def export(frames: Frames, samples: Samples, entities: Entities, folder: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Writes a session, and the files of the dataset that are not there yet; returns the paths of what was written.

    Raises:
        SinkError: a file cannot be written, or one of this participant, task and run exists and may not be replaced.
    """
    texts: dict[str, bytes] = {
        f"{entities.stem}_physio.tsv.gz": _zipped(_table(samples)),
        f"{entities.stem}_physio.json": _json(physio_sidecar(frames, samples)),
        f"{entities.stem}_events.tsv": _events(frames).encode(),
        f"{entities.stem}_events.json": _json(events_sidecar(frames)),
    }
    taken = [name for name in texts if (folder / name).exists()]
    if taken and not overwrite:
        raise SinkError(
            f"{folder / taken[0]} exists; --run {_next_run(folder, entities)} adds this session as another run, "
            "--overwrite replaces the files"
        )
    common = {"dataset_description.json": _json(description()), "README": readme().encode()}
    texts |= {name: text for name, text in common.items() if not (folder / name).exists()}
    return (*_write(folder, texts), *_list_participant(folder, entities.subject))


def _next_run(folder: Path, entities: Entities) -> int:
    number = max(2, entities.run or 2)
    while (folder / f"{Entities(entities.participant, entities.task, number).stem}_physio.json").exists():
        number += 1
    return number


def _write(folder: Path, texts: dict[str, bytes]) -> tuple[Path, ...]:
    """Writes each file under another name first, so that none is ever incomplete."""
    paths = []
    for name, text in texts.items():
        path = folder / name
        aside = path.with_name(f"{path.name}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(text)
            aside.replace(path)
        except OSError as error:
            raise SinkError(f"cannot write {path}: {reason(error)}") from error
        paths.append(path)
    return tuple(paths)


def _list_participant(folder: Path, subject: str) -> tuple[Path, ...]:
    """Adds a row to the table of participants, if they are not in it; its other columns are kept.

    Raises:
        SinkError: the table cannot be read or written.
    """
    path = folder / PARTICIPANTS
    try:
        rows = path.read_text(encoding="utf-8").splitlines() if path.exists() else ["participant_id"]
    except (OSError, UnicodeDecodeError) as error:
        raise SinkError(f"cannot read {path}: {error}; check that it is a table of participants") from error
    if any(row.split("\t")[0] == subject for row in rows):
        return ()
    rows.append("\t".join([subject, *[MISSING] * rows[0].count("\t")]))
    return _write(folder, {PARTICIPANTS: ("\n".join(rows) + "\n").encode()})


def _table(samples: Samples) -> str:
    """Rows without a header, as BIDS asks of continuous recordings."""
    return "".join("\t".join(map(_cell, row)) + "\n" for row in samples.values)


def _events(frames: Frames) -> str:
    rows: list[Sequence[str]] = [COLUMNS]
    for marker in frames.markers:
        onset = marker.t if marker.at is None else marker.at
        if onset is not None:
            name = " ".join((marker.name or UNNAMED).split())
            rows.append((f"{onset:.6f}", "0", name, str(marker.index), marker.by))
    return "".join("\t".join(row) + "\n" for row in rows)


def _cell(value: float) -> str:
    return MISSING if np.isnan(value) else f"{value:.10g}"


def _zipped(text: str) -> bytes:
    """Compresses without a name and a time inside, so that the same session gives the same bytes."""
    into = BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=into, mtime=0) as file:
        file.write(text.encode())
    return into.getvalue()


def _json(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
