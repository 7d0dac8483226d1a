"""The envelope of every result: numbers with their spread, machine, commit and versions."""

import json
import os
import platform
import types
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import av
import cv2
import numpy as np

from realtime.errors import SinkError
from realtime.machine import processor
from realtime.model.session import RUNTIME

SCHEMA = 2
PACKAGES = ("numpy", "onnxruntime", "opencv-python", "av")

P = TypeVar("P")
"""The result of one benchmark: one of `payloads`."""


@dataclass(frozen=True)
class Timing:
    """Statistics of n durations, milliseconds."""

    what: str
    stage: str
    n: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.p50_ms <= self.p95_ms <= self.p99_ms:
            raise ValueError(f"impossible timing {self}")

    @classmethod
    def of(cls, what: str, stage: str, seconds: Sequence[float]) -> "Timing":
        """Summarises durations in seconds; there must be at least one."""
        ms = np.asarray(seconds, dtype=np.float64) * 1000
        p50, p95, p99 = np.percentile(ms, (50, 95, 99))
        return cls(what, stage, len(ms), *(round(float(v), 3) for v in (ms.mean(), p50, p95, p99)))


@dataclass(frozen=True)
class Spread:
    """Statistics of n values, in the unit of the containing field."""

    n: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float

    def __post_init__(self) -> None:
        if self.n < 1 or not self.p50 <= self.p95 <= self.p99 <= self.max:
            raise ValueError(f"impossible spread {self}")

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarises values; there must be at least one."""
        array = np.asarray(values, dtype=np.float64)
        p50, p95, p99 = np.percentile(array, (50, 95, 99))
        return cls(len(array), *(round(float(v), 3) for v in (array.mean(), p50, p95, p99, array.max())))


@dataclass(frozen=True)
class Machine:
    """The machine of a result."""

    cpu: str
    cores: int
    system: str
    python: str

    @classmethod
    def this(cls) -> "Machine":
        """This machine."""
        return cls(processor(), os.cpu_count() or 1, f"{platform.system()} {platform.machine()}", platform.python_version())

    @property
    def slug(self) -> str:
        """A short name for files: 2-core-amd-epyc."""
        words = "".join(c if c.isalnum() else " " for c in self.cpu.lower()).split()
        return "-".join([f"{self.cores}-core", *words[:3]])


@dataclass(frozen=True)
class Clip:
    """The clip of a measurement."""

    name: str
    width: int
    height: int
    frames: int
    faces_per_frame: float


@dataclass(frozen=True)
class Record(Generic[P]):
    """One result: a common envelope, and the payload of the benchmark.

    Attributes:
        benchmark: the module's name.
        command: measures again.
        threads, model: of fer-cam's network.
        result: the payload.
    """

    benchmark: str
    command: str
    date: str
    commit: str
    machine: Machine
    versions: dict[str, str]
    threads: int
    model: str
    result: P
    schema: int = SCHEMA

    def write(self, folder: Path, name: str) -> Path:
        """Writes `name`.json into the folder.

        Raises:
            SinkError: it cannot be written.
        """
        path = folder / f"{name}.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise SinkError(f"cannot write {path}: {error.strerror}; choose another --out") from error
        return path


def read(path: Path, result: type[P]) -> Record[P]:
    """Reads a result file with a payload of type `result`.

    Raises:
        ValueError: a field is missing, unknown, of the wrong type or impossible; the message names it.
    """
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise ValueError(f"{path.name} is not a result of schema {SCHEMA}")
    return Record(**_arguments(Record, value, result))


def _arguments(kind: Any, value: object, payload: Any = None) -> dict[str, Any]:
    """Converts a JSON object to the arguments of a dataclass; a generic field is the payload."""
    names = {field.name for field in fields(kind)}
    if not isinstance(value, dict) or set(value) != names:
        got = sorted(value) if isinstance(value, dict) else value
        raise ValueError(f"{kind.__name__} is {sorted(names)}, not {got}")
    hints = get_type_hints(kind)
    known = {name: payload if isinstance(hint, TypeVar) else hint for name, hint in hints.items()}
    return {name: _typed(known[name], value[name], f"{kind.__name__}.{name}") for name in names}


def _typed(kind: Any, value: Any, name: str) -> Any:
    """Converts a JSON value to the type of a field's annotation."""
    if is_dataclass(kind):
        return kind(**_arguments(kind, value))  # type: ignore[operator]
    if get_origin(kind) is types.UnionType:
        inner = next(part for part in get_args(kind) if part is not type(None))
        return None if value is None else _typed(inner, value, name)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_typed(get_args(kind)[0], part, name) for part in value)
    if get_origin(kind) is dict and isinstance(value, dict):
        return {key: _typed(get_args(kind)[1], part, f"{name}[{key}]") for key, part in value.items()}
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(kind, type) or type(value) is not kind:
        raise ValueError(f"{name} is {kind}, not {value!r}")
    return value


def now() -> str:
    """Date and time, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def versions() -> dict[str, str]:
    """Versions of the libraries that affect speed, from the loaded modules: package metadata may name another cv2."""
    return dict(zip(PACKAGES, (np.__version__, RUNTIME, cv2.__version__, av.__version__), strict=True))
