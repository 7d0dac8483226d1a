"""A recording at a constant rate, as BIDS requires; a camera's frames arrive irregularly."""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import State, Summary
from realtime.errors import ConfigError, SourceOpenError
from realtime.records import FaceRecord, FrameRecord, Header, Marker, records
from realtime.report.events import STALE_S
from realtime.sinks.live import LargestFace

FACE_COLUMNS = ("confidence", "quality", "seen", "face_id")
FRAME_COLUMNS = ("faces", "frame")

MOST_HZ = 1000.0

TIME_STEP_S = 1e-6
"""Times are rounded to this in the data, so that a frame may seem to come this much too late for its sample."""


@dataclass(frozen=True, eq=False)
class Frames:
    """The n frames of a recording; the largest face stands for each.

    Attributes:
        header: of the recording.
        summary: None if the run was killed.
        t: float64 (n,), seconds, never decreasing.
        values: float64 (n,c), by `columns`; NaN where there is no face.
        markers: in their order.
    """

    header: Header
    summary: Summary | None
    t: NDArray[np.float64]
    values: NDArray[np.float64]
    markers: tuple[Marker, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the values."""
        return (*(f"p_{label}" for label in self.header.run.labels), *FACE_COLUMNS, *FRAME_COLUMNS)

    @property
    def step_s(self) -> float:
        """Median time between two frames; 0 if there is one frame."""
        return float(np.median(np.diff(self.t))) if len(self.t) > 1 else 0.0

    @property
    def rate_hz(self) -> float:
        """The nominal rate of the source; if it is unknown, the whole number nearest to the rate of the recording."""
        fps = self.header.run.source.fps
        if fps:
            return round(fps, 6)
        return float(max(1, round(1 / self.step_s))) if self.step_s else 1.0


@dataclass(frozen=True, eq=False)
class Samples:
    """A recording at a constant rate: each sample has the values of the newest frame that is not stale.

    Attributes:
        rate_hz: samples a second.
        start_s: time of the first sample on the axis of the recording.
        stale_s: the greatest age of a frame, seconds.
        values: float64 (m,c), NaN without a face, or without a recent enough frame.
        frameless: samples without a frame.
        unused: frames that no sample has.
    """

    rate_hz: float
    start_s: float
    stale_s: float
    values: NDArray[np.float64]
    frameless: int
    unused: int


def read(path: Path) -> Frames:
    """Reads the recording of a session.

    Raises:
        SourceError: it cannot be read, holds no frame, or is of images, which have no time.
    """
    every = records(path)
    header = next(every)
    assert isinstance(header, Header)
    width = len(header.run.labels) + len(FACE_COLUMNS) + len(FRAME_COLUMNS)
    t, values = array("d"), array("d")
    markers: list[Marker] = []
    summary: Summary | None = None
    leader = LargestFace()
    for record in every:
        match record:
            case FrameRecord(t=moment):
                if moment is None:
                    raise SourceOpenError(f"{path} is of images, which have no time; give a session of a video or a camera")
                t.append(moment)
                values.extend(_row(leader.of(record), record))
            case Marker():
                markers.append(record)
            case Summary():
                summary = record
    if not t:
        raise SourceOpenError(f"{path} holds no frame; record for longer")
    return Frames(header, summary, np.maximum.accumulate(np.array(t)), np.array(values).reshape(-1, width), tuple(markers))


def resample(frames: Frames, rate_hz: float) -> Samples:
    """Holds the values of each frame until the next one, for as long as a report does.

    Raises:
        ConfigError: the rate is out of range.
    """
    if not 0 < rate_hz <= MOST_HZ:  # nor nan
        raise ConfigError(f"{rate_hz:g}: give samples a second above 0, {MOST_HZ:g} at most", "rate")
    start_s = float(frames.t[0])
    count = int((frames.t[-1] - start_s + TIME_STEP_S) * rate_hz) + 1
    moments = start_s + np.arange(count) / rate_hz
    rows = np.searchsorted(frames.t, moments + TIME_STEP_S, "right") - 1
    stale_s = max(STALE_S, 2 * frames.step_s)
    fresh = moments - frames.t[rows] <= stale_s
    values = np.where(fresh[:, None], frames.values[rows], np.nan)
    used = np.unique(rows[fresh])
    return Samples(rate_hz, start_s, stale_s, values, int((~fresh).sum()), len(frames.t) - len(used))


def _row(face: FaceRecord | None, frame: FrameRecord) -> tuple[float, ...]:
    nan = float("nan")
    whole = (float(len(frame.faces)), float(frame.index))
    if face is None:
        return (*(nan for _ in (*frame.labels, *FACE_COLUMNS)), *whole)
    confidence = nan if face.confidence is None else face.confidence
    return (*face.probs, confidence, face.quality, float(face.state == State.SEEN), float(face.id), *whole)
