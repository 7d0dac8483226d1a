"""What every result carries: numbers with their spread, and the machine, commit and versions that made them."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from realtime.errors import SinkError
from realtime.version import processor

SCHEMA = 1
PACKAGES = ("numpy", "onnxruntime", "opencv-python", "av")


@dataclass(frozen=True)
class Timing:
    """n durations of one thing, in milliseconds."""

    what: str
    stage: str
    n: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @classmethod
    def of(cls, what: str, stage: str, seconds: Sequence[float]) -> "Timing":
        """Summarises durations in seconds; there must be at least one."""
        ms = np.asarray(seconds, dtype=np.float64) * 1000
        p50, p95, p99 = np.percentile(ms, (50, 95, 99))
        return cls(what, stage, len(ms), *(round(float(v), 3) for v in (ms.mean(), p50, p95, p99)))


@dataclass(frozen=True)
class Machine:
    """Where a result was measured."""

    cpu: str
    cores: int
    system: str
    python: str

    @classmethod
    def this(cls) -> "Machine":
        """The machine this runs on."""
        return cls(processor(), os.cpu_count() or 1, f"{platform.system()} {platform.machine()}", platform.python_version())

    @property
    def slug(self) -> str:
        """A short name for files: 2-core-amd-epyc."""
        words = "".join(c if c.isalnum() else " " for c in self.cpu.lower()).split()
        return "-".join([f"{self.cores}-core", *words[:3]])


@dataclass(frozen=True)
class Clip:
    """What was measured on."""

    name: str
    width: int
    height: int
    frames: int
    faces_per_frame: float


@dataclass(frozen=True)
class Record:
    """One committed result.

    Attributes:
        benchmark: the module's name.
        command: what to type to measure again.
        repeats: passes over the clip, the two sides taking turns; the first is warm-up and not counted.
    """

    benchmark: str
    command: str
    date: str
    commit: str
    machine: Machine
    versions: dict[str, str]
    threads: int
    model: str
    clip: Clip
    repeats: int
    timings: tuple[Timing, ...]
    schema: int = SCHEMA

    def write(self, folder: Path, name: str) -> Path:
        """Writes `name`.json into the folder.

        Raises:
            SinkError: it cannot be written.
        """
        path = folder / f"{name}.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise SinkError(f"cannot write {path}: {error.strerror}; choose another --out") from error
        return path


def now() -> str:
    """Date and time, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def versions() -> dict[str, str]:
    """Versions of the packages that the speed depends on."""
    return {name: version(name) for name in PACKAGES}
