"""JSON Lines: one object per line, whole and readable while the program still runs. The format is in the README."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from realtime.datatypes import FrameResult, RunInfo, Summary, TrackedFace
from realtime.sinks.rows import Timeline, rounded, xywh
from realtime.sinks.textfile import TextFile

SCHEMA = 3
"""Version of the format; grows when a reader of the old one would break."""


class JsonlSink:
    """Writes a header, a line per frame, a line per marker and a summary; every line is flushed.

    The header waits for the first frame, whose wall-clock time it names.

    Args:
        target: the path of a file that may be replaced (`outputs.place`); "-" is stdout.
        run: the facts of the header.
        timeline: what tells the time; tests give their own.

    Raises:
        SinkError: the file cannot be opened.
    """

    def __init__(self, target: str, run: RunInfo, timeline: Timeline | None = None) -> None:
        self._run = run
        self._timeline = Timeline(run) if timeline is None else timeline
        self._begun = False
        self._file = TextFile(Path(target))

    def write(self, result: FrameResult) -> None:
        """One line.

        Raises:
            SinkError: the disk is full, or nobody reads the pipe any more.
        """
        t = self._timeline.t(result)
        self._begin()
        line: dict[str, Any] = {
            "type": "frame",
            "frame": result.frame.index,
            "t": t,
            "latency_ms": round(result.latency_s * 1000, 3),
            "dropped": result.dropped,
            "effort": result.effort.name,
            "faces": [_face(face, result.labels) for face in result.faces],
        }
        if not self._run.source.temporal:
            line["source"] = result.frame.source
        self._line(line)

    def marker(self, result: FrameResult) -> None:
        """Marks the moment of a frame that was written before.

        Raises:
            SinkError: as in `write`.
        """
        self._line({"type": "marker", "frame": result.frame.index, "t": self._timeline.t(result)})

    def close(self, summary: Summary) -> None:
        """Writes the summary. Does nothing the second time, or after a line could not be written.

        Raises:
            SinkError: the summary cannot be written.
        """
        if not self._file.usable:
            return
        self._begin()
        share = dict(zip(summary.labels, rounded(summary.share), strict=True))
        self._line(
            {
                "type": "summary",
                "frames": summary.frames,
                "faces": summary.faces,
                "seconds": round(summary.seconds, 3),
                "fps": round(summary.fps, 3),
                "dropped": summary.dropped,
                "latency_ms": {k: round(v, 3) for k, v in asdict(summary.latency_ms).items()},
                "share": share,
            }
        )
        self._file.close()

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        source = self._run.source
        self._line(
            {
                "type": "header",
                "schema": SCHEMA,
                "version": self._run.version,
                "model": self._run.model,
                "provider": self._run.provider,
                "provider_asked": self._run.provider_asked,
                "labels": list(self._run.labels),
                "source": source.name,
                "live": source.live,
                "size": [source.width, source.height],
                "fps": None if source.fps is None else round(source.fps, 6),
                "started": self._timeline.started,
                "first_frame": {"utc": self._timeline.first_utc, "monotonic": self._timeline.first_monotonic_s},
                "weights_sha256": self._run.weights_sha256,
                "settings": dict(self._run.settings),
                "versions": dict(self._run.versions),
            }
        )

    def _line(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n")


def _face(face: TrackedFace, labels: tuple[str, ...]) -> dict[str, Any]:
    probs = dict(zip(labels, rounded(face.probs), strict=True))
    return {
        "id": face.id,
        "state": face.state.value,
        "box": xywh(face.box_xyxy),
        "label": face.label,
        "confidence": None if face.confidence is None else probs[face.label],  # rounded alike
        "probs": probs,
        "raw": None if face.raw is None else dict(zip(labels, rounded(face.raw), strict=True)),
        "quality": round(face.quality, 4),
        "reason": face.reason,
    }
