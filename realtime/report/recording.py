"""Loads a recording as columns for the analysis."""

from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import State, Summary
from realtime.errors import SourceOpenError
from realtime.labels import UNCERTAIN
from realtime.meter import LONGEST_STEP_S
from realtime.records import FaceRecord, FrameRecord, Header, Marker, records

UNLABELLED = -1
"""The value in `FaceSeries.labels` for `uncertain`, which is not an expression."""

UNNAMED = "marker"
"""The name given to markers without a name."""


@dataclass(frozen=True, eq=False)
class FaceSeries:
    """One face in the m frames in which it is present.

    Attributes:
        id: the id in the recording.
        rows: int64 (m,), increasing, its frames as rows of `Recording.t`.
        seen: bool (m,), False while coasting.
        labels: int16 (m,), columns of the probabilities, or UNLABELLED.
        probs: float32 (m,k), smoothed.
        raw: float32 (m,k), NaN in frames in which the face was not classified.
        quality: float32 (m,), 0 to 1.
        width: float32 (m,), width of the box, pixels.
        reasons: (m,), why the face is uncertain or poor; None if it is neither.
    """

    id: int
    rows: NDArray[np.int64]
    seen: NDArray[np.bool_]
    labels: NDArray[np.int16]
    probs: NDArray[np.float32]
    raw: NDArray[np.float32]
    quality: NDArray[np.float32]
    width: NDArray[np.float32]
    reasons: tuple[str | None, ...]


@dataclass(frozen=True)
class MarkerAt:
    """A marker: its name, the time at which it was set (seconds of the recording, not the time of a frame), and its origin."""

    name: str
    t: float
    by: str = "key"


@dataclass(frozen=True, eq=False)
class Recording:
    """A run of n frames.

    Attributes:
        name: the name of its file.
        header: the facts of the run: program, network, source and settings.
        summary: the totals of the run; None if it was killed.
        t: float64 (n,), time of each frame, seconds, never decreasing.
        weight_s: float64 (n,), the time that each frame stands for: the time since the previous frame, as in the summary of
            the run, or 0 after a gap of more than LONGEST_STEP_S.
        latency_ms: float64 (n,).
        dropped: int64 (n,), number of frames dropped so far.
        efforts: (n,), the name of the effort for each frame.
        faces: ordered by id.
        markers: ordered by time.
    """

    name: str
    header: Header
    summary: Summary | None
    t: NDArray[np.float64]
    weight_s: NDArray[np.float64]
    latency_ms: NDArray[np.float64]
    dropped: NDArray[np.int64]
    efforts: tuple[str, ...]
    faces: tuple[FaceSeries, ...]
    markers: tuple[MarkerAt, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the expressions, which are the columns of the probabilities."""
        return self.header.run.labels

    @property
    def span_s(self) -> float:
        """Time from the first frame to the last."""
        return float(self.t[-1] - self.t[0]) if len(self.t) else 0.0

    @property
    def step_s(self) -> float:
        """Median time between two frames; 0 if there are fewer than two."""
        return float(np.median(np.diff(self.t))) if len(self.t) > 1 else 0.0

    def present_s(self, face: FaceSeries) -> float:
        """Time in which a face was present, seen or coasting."""
        return float(self.weight_s[face.rows].sum())


def load(path: Path) -> Recording:
    """Reads a recording.

    Raises:
        SourceError: the file cannot be read, a line is damaged, or it has no frames or frames of images, which have no time.
    """
    every = records(path)
    header = next(every)
    assert isinstance(header, Header)
    rows = _Rows(header)
    for record in every:
        match record:
            case FrameRecord():
                if record.t is None:
                    raise SourceOpenError(f"{path} is of images, which have no time; a report needs a video or a camera")
                rows.add(record, record.t)
            case Marker(t=t, at=at, name=named, by=by) if t is not None:
                rows.markers.append(MarkerAt(named or UNNAMED, t if at is None else at, by))
            case Summary():
                rows.summary = record
    if not rows.t:
        raise SourceOpenError(f"{path} holds no frame; record for longer")
    return rows.recording(path.name)


def weights_s(t: NDArray[np.float64], fps: float | None) -> NDArray[np.float64]:
    """The time that each frame stands for, see `Recording.weight_s`.

    Args:
        t: float64 (n,), n > 0, seconds, never decreasing.
        fps: nominal rate of the source; the first frame stands for one period of it.
    """
    period_s = 1 / fps if fps else 0.0
    steps = np.diff(t, prepend=t[0] - period_s)
    return np.where(steps <= max(LONGEST_STEP_S, 2 * period_s), steps, 0.0)


@dataclass
class _Face:
    """The growing columns of a face. They are flat arrays, because millions of small tuples would not fit into memory."""

    rows: "array[int]" = field(default_factory=lambda: array("q"))
    seen: "array[int]" = field(default_factory=lambda: array("b"))
    labels: "array[int]" = field(default_factory=lambda: array("h"))
    probs: "array[float]" = field(default_factory=lambda: array("f"))
    raw: "array[float]" = field(default_factory=lambda: array("f"))
    quality: "array[float]" = field(default_factory=lambda: array("f"))
    width: "array[float]" = field(default_factory=lambda: array("f"))
    reasons: list[str | None] = field(default_factory=list)


class _Rows:
    """Collects the frames and markers of a file."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._columns = {label: i for i, label in enumerate(header.run.labels)} | {UNCERTAIN: UNLABELLED}
        self._unread = (float("nan"),) * len(header.run.labels)
        self._latency_ms = array("d")
        self._dropped = array("q")
        self._efforts: list[str] = []
        self._faces: dict[int, _Face] = {}
        self.t = array("d")
        self.markers: list[MarkerAt] = []
        self.summary: Summary | None = None

    def add(self, frame: FrameRecord, t: float) -> None:
        row = len(self.t)
        self.t.append(t)
        self._latency_ms.append(frame.latency_ms)
        self._dropped.append(frame.dropped)
        self._efforts.append(frame.effort)
        for face in frame.faces:
            self._add_face(row, face)

    def _add_face(self, row: int, face: FaceRecord) -> None:
        columns = self._faces.setdefault(face.id, _Face())
        columns.rows.append(row)
        columns.seen.append(face.state == State.SEEN)
        columns.labels.append(self._columns[face.label])
        columns.probs.extend(face.probs)
        columns.raw.extend(self._unread if face.raw is None else face.raw)
        columns.quality.append(face.quality)
        columns.width.append(face.box_xywh[2])
        columns.reasons.append(face.reason)

    def recording(self, name: str) -> Recording:
        t = np.maximum.accumulate(np.array(self.t))
        return Recording(
            name=name,
            header=self._header,
            summary=self.summary,
            t=t,
            weight_s=weights_s(t, self._header.run.source.fps),
            latency_ms=np.array(self._latency_ms),
            dropped=np.array(self._dropped, np.int64),
            efforts=tuple(self._efforts),
            faces=tuple(self._series(number, self._faces[number]) for number in sorted(self._faces)),
            markers=tuple(sorted(self.markers, key=lambda marker: marker.t)),
        )

    def _series(self, number: int, face: _Face) -> FaceSeries:
        k = len(self._header.run.labels)
        return FaceSeries(
            id=number,
            rows=np.array(face.rows, np.int64),
            seen=np.array(face.seen, np.bool_),
            labels=np.array(face.labels, np.int16),
            probs=np.array(face.probs, np.float32).reshape(-1, k),
            raw=np.array(face.raw, np.float32).reshape(-1, k),
            quality=np.array(face.quality, np.float32),
            width=np.array(face.width, np.float32),
            reasons=tuple(face.reasons),
        )
