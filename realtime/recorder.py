"""Converts results to records, the same for every data output, with the time of each frame."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from realtime.datatypes import FrameResult, RunInfo, TrackedFace
from realtime.records import FaceRecord, FrameRecord, Marker
from realtime.rounding import iso, rounded, xywh


class Recorder:
    """Converts results to records, and computes the time of each.

    Args:
        run: facts of the run.
        clock: the clock of `Frame.captured_at`.
        utc: wall-clock time.
    """

    def __init__(
        self,
        run: RunInfo,
        clock: Callable[[], float] = time.perf_counter,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._run = run
        self._clock = clock
        self._utc = utc
        self._first_s = 0.0
        self._first_utc: datetime | None = None

    @property
    def first(self) -> tuple[float | None, str | None]:
        """When the first frame was captured, for the header: seconds of the clock, and wall-clock time as ISO 8601."""
        return (None, None) if self._first_utc is None else (round(self._first_s, 6), iso(self._first_utc))

    def record(self, result: FrameResult) -> FrameRecord:
        """The record of a frame; the first one sets the time at which live sources begin."""
        frame = result.frame
        if self._first_utc is None:
            self._first_s = frame.captured_at
            self._first_utc = self._utc() - timedelta(seconds=self._clock() - frame.captured_at)
        return FrameRecord(
            index=frame.index,
            source=frame.source,
            t=self._t(result),
            captured_at=round(frame.captured_at, 6),
            captured_utc=iso(self._first_utc + timedelta(seconds=round(frame.captured_at - self._first_s, 6))),
            latency_ms=round(result.latency_s * 1000, 3),
            dropped=result.dropped,
            effort=result.effort.name,
            labels=result.labels,
            faces=tuple(_face(face, result.labels) for face in result.faces),
        )

    def marker(self, result: FrameResult, name: str | None = None, at: float | None = None, by: str = "key") -> Marker:
        """A marker while a recorded frame was shown.

        Args:
            at: seconds of the clock of `Frame.captured_at`; None for the moment of the frame.
        """
        t = self._t(result)
        if at is None or t is None or not self._run.source.live:
            return Marker(result.frame.index, t, name, t, by, at)
        return Marker(result.frame.index, t, name, round(at - self._first_s, 6), by, at)

    def _t(self, result: FrameResult) -> float | None:
        frame = result.frame
        if not self._run.source.temporal:
            return None
        return round(frame.captured_at - self._first_s if frame.media_time is None else frame.media_time, 6)


def _face(face: TrackedFace, labels: tuple[str, ...]) -> FaceRecord:
    """A face with rounded values."""
    probs = rounded(face.probs)
    return FaceRecord(
        id=face.id,
        state=face.state.value,
        box_xywh=xywh(face.box_xyxy),
        label=face.label,
        confidence=None if face.confidence is None else probs[labels.index(face.label)],  # rounded alike
        probs=probs,
        raw=None if face.raw is None else rounded(face.raw),
        quality=round(face.quality, 4),
        reason=face.reason,
        profile=face.profile,
    )
