"""Measures the costs for the trade-off: parameters, multiply-accumulates and ONNX milliseconds per face."""

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.machine import current_commit, processor
from realtime.model.spec import ModelSpec
from train.data.datasets import FaceSet
from train.judging import speed
from train.judging.speed import FULL, INT8, Candidate, Speed
from train.network import layers, models, quantize
from train.reproduce.methods import Training
from train.reproduce.rows import NETWORKS, ROWS, Row
from train.reproduce.tradeoff import Cost, Costs, Timing

PACKAGES = ("onnxruntime", "torch", "torchvision", "numpy")

RESNET50 = "scratch-b"
"""The row of the paper's network with the same initialisation as the others."""

BATCH = 1
THREADS = 1
ROUNDS, QUICK_ROUNDS = 20, 2
QUICK_FACES = 14

Tell = Callable[[str], None]


def compared() -> dict[str, Row]:
    """The networks of the trade-off and their rows: from scratch, under protocol B."""
    rows = [row for row in ROWS if row.name == RESNET50 or row.part == NETWORKS]
    return {row.method.recipe.network: row for row in rows if isinstance(row.method, Training)}


def measure(faces: FaceSet, *, quick: bool = False, tell: Tell = lambda _: None) -> Costs:
    """Exports every network as fp32 and int8 ONNX into a temporary folder and times them in turns, one face at a time.

    The weights are untrained; the time does not depend on them.

    Args:
        faces: for int8 calibration and timing.
        quick: few rounds.
        tell: called with progress messages.

    Raises:
        SinkError: the files cannot be written.
    """
    prepared = quantize.calibration_faces(faces, QUICK_FACES if quick else quantize.FACES)
    with tempfile.TemporaryDirectory(prefix="fer-cam-costs-") as folder:
        return _measure(prepared, faces.labels, Path(folder), QUICK_ROUNDS if quick else ROUNDS, tell)


def _measure(prepared: NDArray[np.uint8], labels: tuple[str, ...], folder: Path, rounds: int, tell: Tell) -> Costs:
    candidates: list[Candidate] = []
    counts: dict[str, tuple[int, int]] = {}
    for name in compared():
        tell(f"exporting {name}")
        network = models.build(name, len(labels), max_pool=True, seed=0)
        counts[name] = (layers.total_parameters(network), layers.total_macs(network))
        candidates += speed.write_candidates(network, ModelSpec(name=name, labels=labels), prepared, folder)
    tell("timing")
    speeds = speed.measure(candidates, prepared, batches=(BATCH,), threads=(THREADS,), rounds=rounds)
    return Costs(
        machine=processor(),
        threads=THREADS,
        batch=BATCH,
        n=speeds[0].n,
        commit=current_commit(),
        versions={name: version(name) for name in PACKAGES},
        networks=tuple(
            Cost(name, row.name, *counts[name], _timing(speeds, name, FULL), _timing(speeds, name, INT8))
            for name, row in compared().items()
        ),
    )


def _timing(speeds: tuple[Speed, ...], network: str, precision: str) -> Timing:
    found = next(each for each in speeds if (each.network, each.precision) == (network, precision))
    return Timing(found.median_ms, found.p95_ms, found.size_mb)
