"""What the networks cost, as it is stored beside the results: the other half of the trade-off that the paper asks about."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from realtime.errors import ConfigError
from train.reproduce.results import write_json

NAME = "trade-off.json"
SCHEMA = 1


@dataclass(frozen=True)
class Timing:
    """One ONNX file in use.

    Attributes:
        median_ms, p95_ms: over the calls, milliseconds a face.
        size_mb: of the file, millions of bytes.
    """

    median_ms: float
    p95_ms: float
    size_mb: float


@dataclass(frozen=True)
class Cost:
    """What one network costs.

    Attributes:
        network: its name, for people.
        row: the row of the reproduction that says how good it is.
        parameters: trainable numbers.
        macs: multiply-accumulates for one face.
        fp32: full precision.
        int8: quantized; None where that network cannot be.
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
        machine: in words.
        threads: of the session.
        batch: faces in one call.
        n: calls timed for each file.
        commit: of the code that ran.
        versions: of what made it.
        networks: what was found.
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
        ConfigError: it cannot be read, or is not of this version.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("schema") != SCHEMA:
            raise ValueError(f"it is not of schema {SCHEMA}")
        fields["networks"] = tuple(_cost(cost) for cost in fields["networks"])
        return Costs(**fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: is no trade-off of train.reproduce ({error}); remove it, and it is measured anew"
        ) from error


def _cost(fields: dict[str, Any]) -> Cost:
    small = fields["int8"]
    return Cost(**{**fields, "fp32": Timing(**fields["fp32"]), "int8": Timing(**small) if small else None})
