"""Machines whose networks take as long as a test says, on a clock of their own."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ProviderError
from realtime.labels import LABELS
from realtime.model import session
from realtime.model.chooser import Computer, Opened, open_session
from realtime.model.spec import ModelSpec

INT8, FULL, FAST = (session.SHIPPED[name] for name in ("int8", "full", "fast"))


@dataclass
class Machine:
    """A computer: how many seconds a face takes by file and provider, and what it was made to do.

    Attributes:
        folder: its disk: the weights, and the cache.
        speeds: seconds a face, by file name and provider.
        providers: installed in it.
        broken: providers that do not really run.
        loaded: what was loaded, in order.
        closed: what was closed again.
        batches: faces in each call of a network.
    """

    folder: Path
    speeds: dict[tuple[str, str], float] = field(
        default_factory=lambda: {
            (INT8, "cpu"): 0.002,
            (FULL, "cpu"): 0.006,
            (FAST, "cpu"): 0.001,
            (INT8, "cuda"): 0.004,
            (FULL, "cuda"): 0.001,
            (FAST, "cuda"): 0.0009,
        }
    )
    providers: tuple[str, ...] = ("cpu",)
    processor: str = "a processor"
    instructions: tuple[str, ...] = ("avx2",)
    onnxruntime: str = "1.24.1"
    broken: tuple[str, ...] = ()
    loaded: list[tuple[str, str]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    now: float = 100.0

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def kept(self) -> Path:
        """The one file in the cache."""
        (path,) = self.cache.iterdir()
        return path

    def computer(self) -> Computer:
        """The machine as the program meets it."""
        return Computer(
            processor=lambda: self.processor,
            instructions=lambda: self.instructions,
            onnxruntime=self.onnxruntime,
            installed=lambda: self.providers,
            locate=lambda name: self.folder / session.SHIPPED[name],
            open=self.open,  # type: ignore[arg-type]  # a network that looks like a Session
            clock=lambda: self.now,
            cache=lambda: self.cache,
        )

    def open(self, path: Path, threads: int = 0, provider: str = "cpu") -> "Network":
        if provider in self.broken:
            raise ProviderError(f"--provider {provider}: no")
        self.loaded.append((path.name, provider))
        return Network(self, path, provider)

    def started(self, model: str = "auto", provider: str = "auto", threads: int = 2, **changes: Any) -> "Start":
        """A start of the program, on a machine with these changes."""
        self.loaded.clear()
        self.batches.clear()
        opened = open_session(model, threads, provider, replace(self.computer(), **changes))
        return Start(opened.session.path.name, opened.session.provider, opened)


@dataclass(frozen=True)
class Start:
    """The result."""

    file: str
    provider: str
    opened: Opened

    @property
    def notes(self) -> str:
        return "\n".join(self.opened.notes)


@dataclass
class Network:
    machine: Machine
    path: Path
    provider: str
    spec: ModelSpec = field(default_factory=lambda: ModelSpec("fake"))

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        assert batch.shape[1:] == (1, 48, 48)
        assert batch.dtype == np.float32
        self.machine.batches.append(len(batch))
        self.machine.now += len(batch) * self.machine.speeds[self.path.name, self.provider]
        return np.zeros((len(batch), len(LABELS)), np.float32)

    def close(self) -> None:
        self.machine.closed.append(self.path.name)
