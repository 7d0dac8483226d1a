"""Reads a dataset for its overview: one recording at a time, and of its faces one row group at a time."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from realtime.bulk.dataset import FAILED, Dataset, State
from realtime.bulk.tables import header_of
from realtime.labels import UNCERTAIN
from realtime.report.dataset import Measured, Overview, Row, Setup
from realtime.report.quality import BETWEEN, NO_REASON
from realtime.report.recording import weights_s

UNREADABLE = "unreadable"
"""The status of a recording whose tables are damaged."""

ROWS = 1 << 16
"""Rows of faces in memory at a time."""

COLUMNS = ["frame", "label", "quality", "reason"]


def summarize(folder: Path) -> Overview:
    """The recordings of a dataset; changes nothing in it.

    Args:
        folder: a dataset.
    """
    dataset = Dataset(folder)
    setups: dict[str, Setup] = {}
    rows = tuple(_row(dataset, state, setups) for state in dataset.states())
    return Overview(dataset.folder.name, rows, complete=not dataset.is_locked)


def _row(dataset: Dataset, state: State, setups: dict[str, Setup]) -> Row:
    status, error, measured = state.status, state.error, None
    if state.status != FAILED:
        try:
            measured = measure(dataset.frames(state.recording), dataset.faces(state.recording), setups)
        except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as damage:
            status, error = (
                UNREADABLE,
                f"its tables are damaged ({_line(damage)}); delete them and run batch again",
            )
    return Row(state.recording, state.path, status, state.seconds, state.frames, state.faces, error, measured)


def measure(frames: Path, faces: Path, setups: dict[str, Setup]) -> Measured:
    """Sums over one recording.

    Args:
        frames, faces: its tables.
        setups: those that were seen before, to which a new one is added; equal ones are the same object.

    Raises:
        OSError, ArrowException, KeyError, ValueError, TypeError: a table is damaged.
    """
    header = header_of(frames)
    table = pq.read_table(frames, columns=["frame", "t", "faces"], partitioning=None)
    index: NDArray[np.int64] = table["frame"].to_numpy()
    timed = len(index) > 0 and table["t"].null_count == 0
    weight = np.ones(len(index))
    if timed:
        weight = weights_s(np.maximum.accumulate(table["t"].to_numpy()), header["fps"])
    labels: defaultdict[str, float] = defaultdict(float)
    reasons: defaultdict[str, float] = defaultdict(float)
    quality_sum = 0.0
    with pq.ParquetFile(faces) as file:
        for batch in file.iter_batches(ROWS, columns=COLUMNS):
            of_faces = weight[np.searchsorted(index, batch["frame"].to_numpy())]
            _add(labels, batch["label"], of_faces)
            poor = np.asarray(batch["label"]) == UNCERTAIN
            _add(reasons, batch["reason"].filter(pa.array(poor)), of_faces[poor])
            quality_sum += float(of_faces @ batch["quality"].to_numpy())
    present = sum(labels.values())
    labels.pop(UNCERTAIN, None)
    return Measured(
        setup=_setup(header, setups),
        timed=timed,
        with_face=int(np.count_nonzero(table["faces"].to_numpy())),
        present=present,
        uncertain=_merged(reasons),
        labelled=dict(labels),
        quality=quality_sum / present if present else None,
    )


def _line(error: Exception) -> str:
    """The first line of a message, which may have none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _add(sums: defaultdict[str, float], column: pa.Array, weights: NDArray[np.float64]) -> None:
    """Adds the weight of each row to the sum of its text."""
    coded = column.fill_null(NO_REASON).dictionary_encode()
    totals = np.bincount(coded.indices.to_numpy(), weights, minlength=len(coded.dictionary))
    for text, total in zip(coded.dictionary.to_pylist(), totals, strict=True):
        sums[text] += float(total)


def _merged(reasons: dict[str, float]) -> dict[str, float]:
    """Every "between neutral and sadness" as one."""
    found: dict[str, float] = {}
    for reason, amount in reasons.items():
        name = BETWEEN if reason.startswith("between ") else reason
        found[name] = found.get(name, 0.0) + amount
    return found


def _setup(header: dict[str, Any], setups: dict[str, Setup]) -> Setup:
    """The part of a header that recordings have in common."""
    settings = {name: value for name, value in dict(header["settings"]).items() if name != "source"}
    facts = {name: header[name] for name in ("version", "model", "provider", "weights_sha256", "labels", "versions")}
    key = repr((facts, settings))
    if key not in setups:
        setups[key] = Setup(
            version=str(header["version"]),
            model=str(header["model"]),
            provider=str(header["provider"]),
            weights_sha256=str(header["weights_sha256"]),
            labels=tuple(header["labels"]),
            settings=tuple(settings.items()),
            versions=tuple(dict(header["versions"]).items()),
        )
    return setups[key]
