"""Milliseconds a face of ONNX networks, side by side: in turns within one run, on the session of the live program."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.errors import ConfigError
from realtime.model.session import Session
from realtime.model.spec import ModelSpec
from train.extra import EXTRA

with EXTRA:
    from torch import nn

    from train.network import onnx_graph, quantize

FULL, INT8 = "fp32", "int8"

BATCHES = (1, 16)
THREADS = (1, 2)

ROUNDS, REPEATS = 20, 5
"""Turns of every network, and counted runs per turn."""


@dataclass(frozen=True)
class Candidate:
    """A network to be timed.

    Attributes:
        network: its name, for people.
        precision: FULL or INT8.
        path: the ONNX file.
    """

    network: str
    precision: str
    path: Path


@dataclass(frozen=True)
class Speed:
    """How long one network takes.

    Attributes:
        network, precision: of the candidate.
        batch: faces in one call.
        threads: of the session.
        n: calls that were counted.
        median_ms, p95_ms: over the calls, milliseconds a face: the call's time divided by the batch.
        size_mb: of the file, millions of bytes.
    """

    network: str
    precision: str
    batch: int
    threads: int
    n: int
    median_ms: float
    p95_ms: float
    size_mb: float


@dataclass(frozen=True, eq=False)
class _Turn:
    """One candidate in one setting, with the seconds that its calls took so far."""

    candidate: Candidate
    session: Session
    batch: NDArray[np.float32]
    seconds: list[float]


def write_candidates(
    network: nn.Module, spec: ModelSpec, faces: NDArray[np.uint8], folder: Path
) -> tuple[Candidate, Candidate]:
    """Writes `folder`/<spec.name>.onnx and its int8 copy <spec.name>-int8.onnx.

    Args:
        network: trained, or not: the weights decide the labels, not the time.
        spec: names the network.
        faces: prepared faces, uint8 (n,48,48), for the ranges of int8.
        folder: where the files go.
    """
    full = Candidate(spec.name, FULL, folder / f"{spec.name}.onnx")
    small = Candidate(spec.name, INT8, folder / f"{spec.name}-int8.onnx")
    onnx_graph.to_onnx(network, spec, full.path)
    quantize.quantize(full.path, small.path, faces, spec)
    return full, small


def measure(
    candidates: Sequence[Candidate],
    faces: NDArray[np.uint8],
    *,
    batches: Sequence[int] = BATCHES,
    threads: Sequence[int] = THREADS,
    rounds: int = ROUNDS,
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
    open_session: Callable[[Path, int], Session] = Session,
) -> tuple[Speed, ...]:
    """Times every candidate with every number of threads and every batch that has a face for each of them, in that order.

    All take turns, round by round and in another order each round, so that a noisy machine is noisy for all of them. The
    first call of a turn is not counted: the network before has emptied the processor's cache.

    Args:
        faces: prepared faces, uint8 (n,48,48), at least one; a batch that needs more begins again with the first.
        clock: seconds.
        open_session: loads a file for so many threads.

    Raises:
        ConfigError: nothing would be measured.
        WeightsNotFound, WeightsCorrupt, ModelSpecError: see `realtime.model.session.Session`.
    """
    if min(rounds, repeats, len(faces), *batches, *threads) < 1:
        raise ConfigError("a speed needs at least one round, repeat, face and thread, and batches of at least one face")
    turns = [
        _Turn(candidate, session, _batch(faces, size, session.spec), [])
        for candidate in candidates
        for count in threads
        for session in (open_session(candidate.path, count),)
        for size in batches
        if count <= size
    ]
    rng = np.random.default_rng(0)
    for _ in range(rounds):
        for index in rng.permutation(len(turns)):
            _take(turns[index], repeats, clock)
    return tuple(_summary(turn) for turn in turns)


def _batch(faces: NDArray[np.uint8], size: int, spec: ModelSpec) -> NDArray[np.float32]:
    return preprocess.normalise(faces[np.arange(size) % len(faces)], spec.mean, spec.std)


def _take(turn: _Turn, repeats: int, clock: Callable[[], float]) -> None:
    turn.session.run(turn.batch)
    for _ in range(repeats):
        started = clock()
        turn.session.run(turn.batch)
        turn.seconds.append(clock() - started)


def _summary(turn: _Turn) -> Speed:
    size = len(turn.batch)
    median, p95 = np.percentile(turn.seconds, (50, 95)) * 1000 / size
    return Speed(
        turn.candidate.network,
        turn.candidate.precision,
        size,
        turn.session.threads,
        len(turn.seconds),
        round(float(median), 4),
        round(float(p95), 4),
        round(turn.candidate.path.stat().st_size / 1e6, 2),
    )
