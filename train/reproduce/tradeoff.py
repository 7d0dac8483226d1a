"""The stored costs of the networks, for the trade-off suggested in the paper's conclusion."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from train.reproduce.results import read_json, write_json

NAME = "trade-off.json"
SCHEMA = 1


@dataclass(frozen=True)
class Timing:
    """Timing of one ONNX file.

    Attributes:
        median_ms, p95_ms: over the calls, milliseconds per face.
        size_mb: of the file, 10^6 bytes.
    """

    median_ms: float
    p95_ms: float
    size_mb: float


@dataclass(frozen=True)
class Cost:
    """Costs of one network.

    Attributes:
        network: its display name.
        row: the row with its accuracy.
        parameters: number of trainable parameters.
        macs: multiply-accumulates for one face.
        fp32: full precision.
        int8: quantised; None if that fails for the network.
    """

    network: str
    row: str
    parameters: int
    macs: int
    fp32: Timing
    int8: Timing | None = None


@dataclass(frozen=True)
class Costs:
    """The costs of several networks, measured in turns in one run.

    Attributes:
        machine: description.
        threads: of the session.
        batch: faces in one call.
        n: timed calls per file.
        commit: of the code that ran.
        versions: of the libraries.
        networks: the costs.
    """

    machine: str
    threads: int
    batch: int
    n: int
    commit: str
    versions: dict[str, str]
    networks: tuple[Cost, ...]

    def write(self, folder: Path) -> Path:
        """Writes folder/trade-off.json, atomically.

        Raises:
            SinkError: it cannot be written; an earlier file is untouched.
        """
        return write_json({"schema": SCHEMA, **asdict(self)}, folder / NAME)


def read(folder: Path) -> Costs | None:
    """The costs from folder/trade-off.json; None if there is none.

    Raises:
        ConfigError: it cannot be read, or is from another version.
    """
    path = folder / NAME
    return read_json(path, SCHEMA, _costs, "a trade-off", "measure again") if path.exists() else None


def _costs(fields: dict[str, Any]) -> Costs:
    return Costs(**{**fields, "networks": tuple(_cost(cost) for cost in fields["networks"])})


def _cost(fields: dict[str, Any]) -> Cost:
    small = fields["int8"]
    return Cost(**{**fields, "fp32": Timing(**fields["fp32"]), "int8": Timing(**small) if small else None})
