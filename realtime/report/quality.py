"""The quality of a recording: watched time, missed faces, latency and effort."""

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
"""Stands for every "between neutral and sadness": pairs would make 28 rows."""

NO_REASON = "no reason given"

LATENCY_EDGES_MS = (0.0, 10.0, 20.0, 33.0, 50.0, 75.0, 100.0, 150.0, 250.0, 500.0, 1000.0)
"""Bars of the histogram; 33 ms is a frame at 30 frames a second. The last bar has no end."""

NOTEWORTHY = 0.05
"""Share of the time, or of the frames, above which a flaw is pointed out."""


@dataclass(frozen=True)
class Bar:
    """Frames with a latency from `low_ms` to below `high_ms`; None: no upper end."""

    low_ms: float
    high_ms: float | None
    frames: int


@dataclass(frozen=True)
class EffortChange:
    """From `t` on, seconds, so much work was done for a frame."""

    t: float
    name: str


@dataclass(frozen=True)
class FaceQuality:
    """One face, in seconds.

    Attributes:
        first_s, last_s: its first and last frame.
        present_s: seen or coasting.
        seen_s, coasting_s, uncertain_s: parts of `present_s`; uncertain may be either of the first two.
        reasons: seconds uncertain by reason, longest first.
        quality: median, 0 to 1.
        width: median of the box, pixels.
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
    """A whole recording.

    Attributes:
        frames: in the recording.
        span_s: from the first frame to the last.
        watched_s: without gaps; of this, `faceless_s` without any face.
        gaps: steps of more than a second between two frames, in which nothing was watched.
        longest_step_s, step_s: between two frames; the longest and the median.
        fps: frames a second while watched.
        dropped: frames of the source that were never processed.
        latency_ms, histogram: capture to the end of processing.
        efforts: how much work was done, from when on; one entry where it never changed.
        full_effort: share of the frames with full effort.
        complete: False where the run was killed.
        ended: how the run ended, in words.
        faces: by id.
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
        """Of all frames of the source."""
        return self.dropped / (self.frames + self.dropped)

    @property
    def present_s(self) -> float:
        """Seconds of all faces together."""
        return sum(face.present_s for face in self.faces)

    @property
    def coasting_s(self) -> float:
        """Seconds in which a face was missed and carried on, of all faces together."""
        return sum(face.coasting_s for face in self.faces)

    @property
    def uncertain_s(self) -> float:
        """Seconds without a label, of all faces together."""
        return sum(face.uncertain_s for face in self.faces)


def assess(recording: Recording) -> Quality:
    """The quality of a recording."""
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
    """Warnings to read before the results, a sentence each; empty if there are none."""
    found = []
    if not quality.complete:
        found.append("The run did not end properly: the recording has no summary and may lack its last seconds.")
    if quality.ended.startswith(End.FAILED):
        found.append(f"The run {quality.ended}.")
    if not quality.faces:
        found.append("No face was found.")
    elif quality.faceless_s > NOTEWORTHY * quality.watched_s:
        found.append(f"For {percent(quality.faceless_s, quality.watched_s)} of the time there was no face.")
    if quality.present_s and quality.uncertain_s > NOTEWORTHY * quality.present_s:
        found.append(f"Faces were uncertain for {percent(quality.uncertain_s, quality.present_s)} of their time.")
    if quality.present_s and quality.coasting_s > NOTEWORTHY * quality.present_s:
        found.append(
            f"Faces were missed for {percent(quality.coasting_s, quality.present_s)} of their time; labels were carried on."
        )
    if quality.dropped_share > NOTEWORTHY:
        found.append(f"{percent(quality.dropped_share)} of the frames were dropped.")
    if quality.gaps:
        pauses = "Once" if quality.gaps == 1 else f"{quality.gaps} times"
        found.append(f"{pauses} no frame came for more than {LONGEST_STEP_S:g} s; that time is not counted.")
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
    """How the run ended, such as "stopped by the user"."""
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
