"""Assesses the quality of a recording: watched time, missed faces, latency and effort."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FULL_EFFORT, Percentiles
from realtime.ending import End
from realtime.meter import LONGEST_STEP_S, percentiles
from realtime.report.formats import percent
from realtime.report.recording import UNLABELLED, FaceSeries, Recording

BETWEEN = "between two expressions"
"""Groups reasons such as "between neutral and sadness", which would make 28 rows."""

NO_REASON = "no reason given"

LATENCY_EDGES_MS = (0.0, 10.0, 20.0, 33.0, 50.0, 75.0, 100.0, 150.0, 250.0, 500.0, 1000.0)
"""Lower edges of the bars of the histogram; 33 ms is the time between two frames at 30 frames a second."""

NOTEWORTHY = 0.05
"""Share of the time or of the frames above which a flaw is reported."""


@dataclass(frozen=True)
class Bar:
    """Number of frames with a latency from `low_ms` to below `high_ms`; None means no upper limit."""

    low_ms: float
    high_ms: float | None
    frames: int


@dataclass(frozen=True)
class EffortChange:
    """A change of the effort at time `t`, seconds, to the one with this name."""

    t: float
    name: str


@dataclass(frozen=True)
class FaceQuality:
    """The quality of the data about one face.

    Attributes:
        first_s, last_s: times of its first and last frame.
        present_s: time in which it was seen or coasting.
        seen_s, coasting_s: the two parts of that time.
        uncertain_s: time without a label, whether seen or coasting.
        reasons: uncertain time by reason, seconds, longest first.
        quality: median quality of its crops, 0 to 1.
        width: median width of its box, pixels.
    """

    id: int
    first_s: float
    last_s: float
    present_s: float
    seen_s: float
    coasting_s: float
    uncertain_s: float
    reasons: tuple[tuple[str, float], ...]
    quality: float
    width: float


@dataclass(frozen=True)
class Quality:
    """The quality of a whole recording.

    Attributes:
        frames: number of frames.
        span_s: time from the first frame to the last.
        watched_s: the same without gaps.
        faceless_s: the part of `watched_s` without any face.
        gaps: number of steps between two frames that are longer than a second; this time does not count as watched.
        longest_step_s, step_s: longest and median time between two frames.
        fps: frames per second of watched time.
        dropped: number of frames of the source that were not processed.
        latency_ms, histogram: time from capture to the end of processing.
        efforts: the effort at the start and every change of it.
        full_effort: share of the frames with full effort.
        complete: False if the recording has no summary, because the run was killed or still goes on.
        ended: how the run ended, for people.
        faces: the quality of each face, by id.
    """

    frames: int
    span_s: float
    watched_s: float
    faceless_s: float
    gaps: int
    longest_step_s: float
    step_s: float
    fps: float
    dropped: int
    latency_ms: Percentiles
    histogram: tuple[Bar, ...]
    efforts: tuple[EffortChange, ...]
    full_effort: float
    complete: bool
    ended: str
    faces: tuple[FaceQuality, ...]

    @property
    def dropped_share(self) -> float:
        """Share of dropped frames among all frames of the source."""
        return self.dropped / (self.frames + self.dropped)

    @property
    def present_s(self) -> float:
        """Present time of all faces together, seconds."""
        return sum(face.present_s for face in self.faces)

    @property
    def coasting_s(self) -> float:
        """Time in which faces were missed and kept, of all faces together, seconds."""
        return sum(face.coasting_s for face in self.faces)

    @property
    def uncertain_s(self) -> float:
        """Uncertain time of all faces together, seconds."""
        return sum(face.uncertain_s for face in self.faces)


def assess(recording: Recording) -> Quality:
    """Measures the quality of a recording."""
    steps = np.diff(recording.t)
    watched_s = float(recording.weight_s.sum())
    with_face = np.zeros(len(recording.t), np.bool_)
    for face in recording.faces:
        with_face[face.rows] = True
    return Quality(
        frames=len(recording.t),
        span_s=recording.span_s,
        watched_s=watched_s,
        faceless_s=float(recording.weight_s[~with_face].sum()),
        gaps=int((recording.weight_s[1:] < steps).sum()),
        longest_step_s=float(steps.max(initial=0.0)),
        step_s=recording.step_s,
        fps=int((recording.weight_s > 0).sum()) / watched_s if watched_s else 0.0,
        dropped=int(recording.dropped[-1]),
        latency_ms=percentiles([float(ms) / 1000 for ms in recording.latency_ms]),
        histogram=_histogram(recording.latency_ms),
        efforts=_changes(recording),
        full_effort=Counter(recording.efforts)[FULL_EFFORT.name] / len(recording.efforts),
        complete=recording.summary is not None,
        ended=_ended(recording),
        faces=tuple(_face(recording, face) for face in recording.faces),
    )


def flaws(quality: Quality) -> tuple[str, ...]:
    """Warnings that a reader should see before the results, one sentence each."""
    found = []
    if not quality.complete:
        found.append("The run did not end properly: the recording has no summary and may lack its last seconds.")
    if quality.ended.startswith(End.FAILED):
        found.append(f"The run {quality.ended}.")
    if not quality.faces:
        found.append("No face was found.")
    elif quality.faceless_s > NOTEWORTHY * quality.watched_s:
        found.append(f"There was no face for {percent(quality.faceless_s, quality.watched_s)} of the time.")
    if quality.present_s and quality.uncertain_s > NOTEWORTHY * quality.present_s:
        found.append(f"Faces were uncertain for {percent(quality.uncertain_s, quality.present_s)} of their time.")
    if quality.present_s and quality.coasting_s > NOTEWORTHY * quality.present_s:
        found.append(
            f"Faces were missed for {percent(quality.coasting_s, quality.present_s)} of their time and kept their labels."
        )
    if quality.dropped_share > NOTEWORTHY:
        found.append(f"{percent(quality.dropped_share)} of the frames were dropped.")
    if quality.gaps:
        pauses = "There is one gap" if quality.gaps == 1 else f"There are {quality.gaps} gaps"
        found.append(f"{pauses} of more than {LONGEST_STEP_S:g} s without a frame; that time is not counted.")
    if quality.full_effort < 1 - NOTEWORTHY:
        found.append(
            f"The machine could not keep up: {percent(1 - quality.full_effort)} of the frames had less than full effort."
        )
    return tuple(found)


def _histogram(latency_ms: NDArray[np.float64]) -> tuple[Bar, ...]:
    counts, _ = np.histogram(latency_ms, [*LATENCY_EDGES_MS, np.inf])
    ends = (*LATENCY_EDGES_MS[1:], None)
    return tuple(Bar(low, high, int(n)) for low, high, n in zip(LATENCY_EDGES_MS, ends, counts, strict=True))


def _ended(recording: Recording) -> str:
    """How the run ended, for people, such as "stopped by the user"."""
    summary = recording.summary
    if summary is None:
        return "killed, or still running"
    if summary.error is not None:
        return f"{summary.end}: {summary.error}"
    return summary.end or "not recorded"


def _changes(recording: Recording) -> tuple[EffortChange, ...]:
    first = EffortChange(float(recording.t[0]), recording.efforts[0])
    pairs = zip(recording.t[1:], pairwise(recording.efforts), strict=True)
    return (first, *(EffortChange(float(t), after) for t, (before, after) in pairs if before != after))


def _face(recording: Recording, face: FaceSeries) -> FaceQuality:
    weight_s = recording.weight_s[face.rows]
    uncertain = face.labels == UNLABELLED
    reasons: Counter[str] = Counter()
    for row in np.flatnonzero(uncertain):
        reason = face.reasons[row] or NO_REASON
        reasons[BETWEEN if reason.startswith("between ") else reason] += weight_s[row]
    return FaceQuality(
        id=face.id,
        first_s=float(recording.t[face.rows[0]]),
        last_s=float(recording.t[face.rows[-1]]),
        present_s=float(weight_s.sum()),
        seen_s=float(weight_s[face.seen].sum()),
        coasting_s=float(weight_s[~face.seen].sum()),
        uncertain_s=float(weight_s[uncertain].sum()),
        reasons=tuple((reason, float(seconds)) for reason, seconds in reasons.most_common()),
        quality=float(np.median(face.quality)),
        width=float(np.median(face.width)),
    )
