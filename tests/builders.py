"""Builders of values for tests. Every argument has a default, so that a test only names the relevant ones."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import (
    Frame,
    FrameResult,
    Percentiles,
    RunInfo,
    SourceInfo,
    StageSeconds,
    State,
    Summary,
    TrackedFace,
)
from realtime.drawing.painter import Painted
from realtime.labels import LABELS, UNCERTAIN
from realtime.recorder import Recorder
from realtime.records import FrameRecord


def frame(
    index: int = 0,
    *,
    size_wh: tuple[int, int] = (64, 48),
    captured_at: float = 100.0,
    media_time: float | None = None,
    source: str = "clip.mp4",
    fill: int = 90,
) -> Frame:
    """A uniform image."""
    width, height = size_wh
    return Frame(np.full((height, width, 3), fill, np.uint8), index, captured_at, media_time, source)


def probs(label: str = "happiness", likely: float = 0.86, labels: tuple[str, ...] = LABELS) -> NDArray[np.float32]:
    """One likely expression, the rest shared equally; float32 (k,), sums to 1."""
    values = np.full(len(labels), (1 - likely) / (len(labels) - 1), np.float32)
    values[labels.index(label)] = likely
    return values


def face(
    number: int = 1,
    *,
    box: tuple[float, float, float, float] = (10, 8, 40, 38),
    label: str = "happiness",
    likely: float = 0.86,
    shown: str | None = None,
    state: State = State.SEEN,
    quality: float = 0.9,
    reason: str | None = None,
) -> TrackedFace:
    """One face; `shown` overrides the displayed label, for example with `uncertain`."""
    values = probs(label, likely)
    return TrackedFace(
        id=number,
        box_xyxy=np.array(box, np.float32),
        state=state,
        raw=None if state is State.COASTING else values.copy(),
        probs=values,
        label=label if shown is None else shown,
        confidence=None if shown == UNCERTAIN else likely,
        quality=quality,
        first_seen_s=0.0,
        last_seen_s=0.0,
        reason="between neutral and sadness" if shown == UNCERTAIN else reason,
    )


def result(
    faces: Sequence[TrackedFace] = (),
    *,
    of: Frame | None = None,
    latency_s: float = 0.0125,
    dropped: int = 0,
) -> FrameResult:
    """One processed frame."""
    return FrameResult(
        frame=frame() if of is None else of,
        faces=tuple(faces),
        labels=LABELS,
        stages=StageSeconds(find=0.006, preprocess=0.001, classify=0.004, smooth=0.0005),
        latency_s=latency_s,
        dropped=dropped,
    )


def record_of(of: Frame) -> FrameRecord:
    """The record of a frame without faces."""
    return Recorder(run_info()).record(result(of=of))


def source_info(
    name: str = "clip.mp4",
    *,
    live: bool = False,
    temporal: bool = True,
    size_wh: tuple[int, int] = (64, 48),
    fps: float | None = 30.0,
    frames: int | None = 10,
    path: str | None = None,
    start_s: float = 0.0,
) -> SourceInfo:
    """A source; a file by default."""
    return SourceInfo(name, live, temporal, size_wh[0], size_wh[1], fps, frames, path, start_s)


def camera_info(name: str = "0") -> SourceInfo:
    """A camera."""
    return source_info(name, live=True, frames=None)


def run_info(source: SourceInfo | None = None) -> RunInfo:
    """A run; over a file by default."""
    return RunInfo(
        "0.1.0",
        "resnet50-test",
        LABELS,
        source_info() if source is None else source,
        "cpu",
        "auto",
        weights_sha256="ab" * 32,
        settings=(("source", "clip.mp4"), ("threshold", 0.5), ("camera_size_wh", (640, 480)), ("save", None)),
        versions=tuple((name, "1.0") for name in ("fer-cam", "python", "numpy", "opencv", "onnxruntime", "av")),
    )


def summary(frames: int = 3, faces: int = 1, dropped: int = 0, share: tuple[float, ...] | None = None) -> Summary:
    """The summary of a run; by default three quarters neutral, one quarter happiness."""
    return Summary(
        frames=frames,
        faces=faces,
        seconds=1.5,
        fps=frames / 1.5,
        dropped=dropped,
        latency_ms=Percentiles(12.5, 20.25, 31.0),
        labels=LABELS,
        share=(0.75, 0.25) + (0.0,) * 6 if share is None else share,
    )


def record(
    index: int = 0,
    *,
    t: float | None = None,
    faces: Sequence[TrackedFace] | None = None,
    captured_at: float = 100.0,
    run: RunInfo | None = None,
) -> FrameRecord:
    """The record of one frame of a file unless told otherwise, with one happy face."""
    seen = [face()] if faces is None else faces
    of = frame(index, media_time=t, captured_at=captured_at)
    return Recorder(run_info() if run is None else run, clock=lambda: captured_at).record(result(seen, of=of))


def images_of(folder: Path, *names: str) -> SourceInfo:
    """A source of uniform images, which are written to the folder."""
    for name in names:
        cv2.imwrite(str(folder / name), np.full((48, 64, 3), 90, np.uint8))
    return source_info(folder.name, temporal=False, fps=None, frames=len(names), path=str(folder))


def shot(name: str) -> Painted:
    """A painted image of this name, with a face."""
    return Painted(result([face()], of=frame(source=name, size_wh=(64, 48))))
