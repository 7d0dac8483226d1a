"""Runs rows split by split. Each finished split is saved, so that a stopped reproduction can continue."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from realtime.machine import current_commit
from train.data import manifest, protocols
from train.data.datasets import FaceSet
from train.data.manifest import Manifest, sequence_of
from train.data.protocols import Split
from train.reproduce import methods, results
from train.reproduce.methods import QUICK_IMAGES, Solution, Task
from train.reproduce.results import Result, SplitResult
from train.reproduce.rows import Row

PACKAGES = ("torch", "torchvision", "onnxruntime", "opencv-python", "scikit-learn", "numpy")

Step = Callable[[int, int, int, float], None]


@dataclass(frozen=True, eq=False)
class Settings:
    """Settings shared by all rows.

    Attributes:
        faces: the data.
        out: results go to out/results, runs in progress to out/runs.
        webcam: our FER+ network, full precision.
        quick: a trial with one split, one epoch and few images; its numbers mean nothing.
        command: the command line.
    """

    faces: FaceSet
    out: Path
    webcam: Path
    quick: bool
    command: str

    @property
    def results(self) -> Path:
        """The folder of the result files."""
        return self.out / "results"


def splits_of(row: Row, *, quick: bool) -> tuple[int, ...]:
    """The numbers of the splits to run."""
    return row.splits[:1] if quick else row.splits


def part(row: Row, number: int, faces: FaceSet, *, quick: bool) -> Split:
    """One split of the row's protocol, reduced to a few images with `quick`."""
    if row.protocol == "A":
        split = protocols.by_image(faces, number)
    elif row.protocol == "B":
        split = protocols.by_person(faces, number)
    else:
        nothing = np.zeros(len(faces), dtype=np.bool_)
        split = Split("all", nothing, ~nothing)
    if not quick:
        return split
    return replace(split, train=_first_of_each(split.train, faces), test=_first_of_each(split.test, faces))


def stored(row: Row, settings: Settings) -> Result | None:
    """The stored result of a row, or None.

    Raises:
        ConfigError: the file is damaged, or has another method or other data.
    """
    path = settings.results / f"{row.name}.json"
    if not path.exists():
        return None
    found = results.read(path)
    for what, theirs, ours in (
        ("method", found.method, row.method.words()),
        ("data", found.data_sha256, settings.faces.manifest_sha256()),
    ):
        if theirs != ours:
            raise ConfigError(f"{path}: differs in its {what} ({theirs} instead of {ours}); remove it, or give another --out")
    return found


def run(row: Row, settings: Settings, tell: Callable[[SplitResult], None], on_step: Step) -> Result:
    """Runs the missing splits of a row; returns its result.

    Args:
        tell: called with every split after its run.
        on_step: see `methods.Task`.

    Raises:
        FerError: any error of the method; finished splits are on disk.
    """
    faces = settings.faces
    found = stored(row, settings) or Result(
        row=row.name,
        protocol=row.protocol,
        labels=faces.labels,
        method=row.method.words(),
        data_sha256=faces.manifest_sha256(),
        command=settings.command,
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        versions={name: version(name) for name in PACKAGES},
    )
    method = methods.quick(row.method) if settings.quick else row.method
    for number in splits_of(row, quick=settings.quick):
        split = part(row, number, faces, quick=settings.quick)
        if split.name in {known.split for known in found.splits}:
            continue
        folder = settings.out / "runs" / row.name / split.name.replace(" ", "-")
        _make(folder)
        train, test = faces.where(split.train), faces.where(split.test)
        Manifest.of(train=train, test=test).write(folder / manifest.NAME)
        started = time.monotonic()
        solution = method.solve(Task(train, test, number, folder, settings.webcam, on_step))
        done = _judge(split, faces, test, solution, time.monotonic() - started)
        found = replace(found, splits=tuple(sorted((*found.splits, done), key=lambda each: each.split)))
        found.write(settings.results)
        tell(done)
    return found


def _judge(split: Split, faces: FaceSet, test: FaceSet, solution: Solution, seconds: float) -> SplitResult:
    truth, predicted = test.classes(), solution.probs.argmax(axis=1)
    sequences = np.array([sequence_of(name) or name for name in test.names])
    right = 0
    for sequence in np.unique(sequences):
        frames = sequences == sequence
        right += int(solution.probs[frames].mean(axis=0).argmax() == truth[frames][0])
    return SplitResult(
        split=split.name,
        commit=current_commit(),
        seconds=round(seconds, 1),
        train_pictures=int(split.train.sum()),
        truth=tuple(int(index) for index in truth),
        predicted=tuple(int(index) for index in predicted),
        sequences=len(np.unique(sequences)),
        sequences_right=right,
        sibling_share=protocols.sibling_share(faces, split),
        curve=solution.curve,
    )


def _first_of_each(rows: NDArray[np.bool_], faces: FaceSet) -> NDArray[np.bool_]:
    """The first QUICK_IMAGES of the rows, bool (n,), taken from the classes in turn."""
    classes = faces.classes()
    rank = np.zeros(len(faces), dtype=np.intp)
    for index in range(len(faces.labels)):
        members = np.flatnonzero(rows & (classes == index))
        rank[members] = np.arange(len(members))
    chosen = sorted(np.flatnonzero(rows), key=lambda row: (rank[row], classes[row]))[:QUICK_IMAGES]
    kept = np.zeros(len(faces), dtype=np.bool_)
    kept[chosen] = True
    return kept


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot create the folder ({error.strerror}); give another --out") from error
