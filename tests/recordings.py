"""Writes recordings of invented faces for tests of what is read from them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from realtime.labels import LABELS, UNCERTAIN
from realtime.records import FaceRecord, FrameRecord, Header, Marker, Record, to_line
from tests import builders

STEP_S = 0.1


def face(
    label: str = "neutral",
    number: int = 1,
    *,
    likely: float = 0.86,
    state: str = "seen",
    reason: str | None = None,
    quality: float = 0.9,
    width: float = 80.0,
) -> FaceRecord:
    """A face; an uncertain one is most likely neutral."""
    shown = "neutral" if label == UNCERTAIN else label
    rest = (1 - likely) / (len(LABELS) - 1)
    probs = tuple(likely if name == shown else rest for name in LABELS)
    confidence = None if label == UNCERTAIN else likely
    raw = probs if state == "seen" else None
    return FaceRecord(number, state, (10.0, 10.0, width, width), label, confidence, probs, raw, quality, reason)


def frame(
    index: int, faces: Sequence[FaceRecord], t: float, *, latency_ms: float = 12.0, dropped: int = 0, effort: str = "full"
) -> FrameRecord:
    """A frame at a time."""
    return FrameRecord(index, "clip.mp4", t, None, None, latency_ms, dropped, effort, LABELS, tuple(faces))


def frames(script: Iterable[Sequence[FaceRecord]], *, step_s: float = STEP_S) -> list[FrameRecord]:
    """A frame per entry, from 0 on."""
    return [frame(i, faces, round(i * step_s, 6)) for i, faces in enumerate(script)]


def one_face(*labels: str) -> list[FrameRecord]:
    """A frame per label, all of one face; the empty label stands for no face."""
    return frames([face(label)] if label else [] for label in labels)


def marker(t: float, name: str | None = None) -> Marker:
    """A marker, set at a time between two frames."""
    return Marker(round(t / STEP_S), t, name, t)


def write(
    path: Path,
    lines: Iterable[Record],
    *,
    live: bool = False,
    fps: float | None = 1 / STEP_S,
    weights_sha256: str = "ab" * 32,
    source: str = "clip.mp4",
    complete: bool = True,
) -> Path:
    """Writes a recording: header, these lines and, if it is complete, a summary."""
    run = replace(builders.run_info(builders.source_info(source, live=live, fps=fps)), weights_sha256=weights_sha256)
    header = Header(run, 100.0, "2026-01-31T12:00:00.000000Z")
    every = (header, *lines, *([builders.summary()] if complete else []))
    path.write_text("".join(to_line(line, run) + "\n" for line in every), encoding="utf-8")
    return path
