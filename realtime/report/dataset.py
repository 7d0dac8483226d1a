"""A dataset of many recordings as its report sees it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from realtime.datatypes import Setting


@dataclass(frozen=True)
class Setup:
    """A network and its settings; recordings with equal ones can be compared.

    Attributes:
        version: of fer-cam.
        model, provider, weights_sha256: the network, and what ran it.
        labels: its expressions.
        settings, versions: by name.
    """

    version: str
    model: str
    provider: str
    weights_sha256: str
    labels: tuple[str, ...]
    settings: tuple[tuple[str, Setting], ...]
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Measured:
    """Sums over one recording. A face counts for the time that its frames stand for, seconds; in images, which have no time, it
    counts as 1.

    Attributes:
        setup: what read it.
        timed: whether it has time.
        with_face: frames with a face.
        present: of all faces together.
        uncertain: part of it, without a label; by reason.
        labelled: the rest, by expression.
        quality: mean, 0 to 1; None without a face.
    """

    setup: Setup
    timed: bool
    with_face: int
    present: float
    uncertain: dict[str, float]
    labelled: dict[str, float]
    quality: float | None

    @property
    def labelled_sum(self) -> float:
        """The denominator of the shares of expressions."""
        return sum(self.labelled.values())


@dataclass(frozen=True)
class Row:
    """A recording of a dataset.

    Attributes:
        name, path: its name in the dataset, and its file.
        status: done, incomplete, failed, or unreadable if its tables are damaged.
        seconds: None for images and if it failed.
        frames, faces: how many.
        error: the reason, if it is not done.
        measured: None if it failed or is unreadable.
    """

    name: str
    path: str
    status: str
    seconds: float | None
    frames: int
    faces: int
    error: str | None
    measured: Measured | None


@dataclass(frozen=True)
class Overview:
    """A dataset.

    Attributes:
        name: of its folder.
        rows: by name.
        complete: False while a run writes it, or if that run was killed.
    """

    name: str
    rows: tuple[Row, ...]
    complete: bool

    @property
    def setups(self) -> tuple[tuple[Setup, int], ...]:
        """Every setup with the number of its recordings, the most frequent first."""
        found: list[list[Any]] = []
        for row in self.rows:
            if row.measured is not None:
                known = next((pair for pair in found if pair[0] == row.measured.setup), None)
                if known is None:
                    found.append([row.measured.setup, 1])
                else:
                    known[1] += 1
        return tuple((setup, count) for setup, count in sorted(found, key=lambda pair: -pair[1]))

    @property
    def labels(self) -> tuple[str, ...]:
        """The expressions of every network, in order."""
        return tuple(dict.fromkeys(label for setup, _ in self.setups for label in setup.labels))

    @property
    def statuses(self) -> Counter[str]:
        """Number of recordings by status."""
        return Counter(row.status for row in self.rows)

    @property
    def seconds(self) -> float:
        """Of all recordings together."""
        return sum(row.seconds or 0.0 for row in self.rows)

    @property
    def frames(self) -> int:
        """Of all recordings together."""
        return sum(row.frames for row in self.rows)

    @property
    def with_face(self) -> int:
        """Frames with a face."""
        return sum(row.measured.with_face for row in self.rows if row.measured is not None)

    @property
    def faces(self) -> int:
        """Of all recordings together."""
        return sum(row.faces for row in self.rows)
