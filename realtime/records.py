"""Results without pixels: written by every data output, and read back from JSON Lines.

    for record in records("run.jsonl"):
        match record:
            case FrameRecord(t=t, faces=faces):
                print(t, [face.label for face in faces])

`records.schema.json` beside this file describes the lines.

One file because writing and reading change together.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from realtime.datatypes import Percentiles, RunInfo, SourceInfo, Summary
from realtime.ending import End
from realtime.errors import SourceError, SourceOpenError
from realtime.rounding import iso, rounded

SCHEMA = 3
"""Version of the format; increased by incompatible changes."""


@dataclass(frozen=True)
class FaceRecord:
    """One face of one frame; for the values see `realtime.datatypes.TrackedFace`.

    Attributes:
        box_xywh: left, top, width, height, pixels of the frame, one decimal.
        confidence: the value in `probs` for `label`; None for `uncertain`.
        probs, raw: one value per label, four decimals; `raw` is None if the face was not classified in this frame.
    """

    id: int
    state: str
    box_xywh: tuple[float, ...]
    label: str
    confidence: float | None
    probs: tuple[float, ...]
    raw: tuple[float, ...] | None
    quality: float
    reason: str | None
    profile: str | None = None


@dataclass(frozen=True)
class FrameRecord:
    """One processed frame.

    Attributes:
        index: counted where frames are captured, so that a gap is a dropped frame.
        source: the file or camera; of a folder, the image.
        t: seconds: media time of files, time since the first frame of live sources; None for images.
        captured_at: time of capture (of a file: decoding), seconds of `time.perf_counter`; None in a recording of a file.
        captured_utc: the same moment by the wall clock, ISO 8601; None in a recording of a file.
        latency_ms: as `FrameResult.latency_s`.
        dropped: number of frames of the source not processed so far.
        effort: name of the effort.
        labels: names of the columns of every probability.
        faces: by id.
    """

    index: int
    source: str
    t: float | None
    captured_at: float | None
    captured_utc: str | None
    latency_ms: float
    dropped: int
    effort: str
    labels: tuple[str, ...]
    faces: tuple[FaceRecord, ...]


@dataclass(frozen=True)
class Marker:
    """A moment marked by the user.

    Attributes:
        index, t: the frame that was shown then, and its time.
        name: None for a marker without one.
        at: when it was set, on the axis of `t`: of live sources between two frames, of a file `t` itself.
        by: "key", "udp", "terminal", "lsl", "page" or "calibration".
        set_at: the same moment in seconds of `time.perf_counter`; None in a recording.
    """

    index: int
    t: float | None
    name: str | None = None
    at: float | None = None
    by: str = "key"
    set_at: float | None = None


@dataclass(frozen=True)
class Header:
    """The first line of a recording: the facts for a methods section.

    Attributes:
        run: program, network, source, settings and versions.
        first_monotonic_s: when the first frame was captured (of a file: decoded), seconds of `time.perf_counter`.
        first_utc: the same moment by the wall clock, ISO 8601.
    """

    run: RunInfo
    first_monotonic_s: float | None
    first_utc: str | None

    @property
    def started(self) -> str | None:
        """Wall-clock time at which a live source's `t` is 0; None for files."""
        return self.first_utc if self.run.source.live else None


Record = Header | FrameRecord | Marker | Summary


def to_line(record: Record, run: RunInfo) -> str:
    """A record as one line of JSON, without its line break.

    Raises:
        ValueError: a number is not finite.
    """
    match record:
        case Header():
            line = {"type": "header", "schema": SCHEMA} | header_fields(record)
        case FrameRecord():
            line = _frame(record, run)
        case Marker():
            line = {"type": "marker", "frame": record.index} | _without_index(record)
        case Summary():
            line = {"type": "summary"} | summary_fields(record)
    return json.dumps(line, allow_nan=False, separators=(",", ":"))


def records(path: Path | str) -> Iterator[Record]:
    """The records of a JSON Lines file in their order: header, frames and markers, summary.

    After a kill, the last line may be incomplete, which is skipped, and the summary is missing.

    Raises:
        SourceOpenError: the file cannot be read, or was not written by fer-cam with schema 3.
        SourceError: a line is damaged; every record before it was given.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8") as file:
            first = _parsed(path, 1, file.readline())
            if first.get("type") != "header":
                raise SourceOpenError(f"{path} is no recording: its first line is no header; give a file that --jsonl wrote")
            if first.get("schema") != SCHEMA:
                raise SourceOpenError(f"{path} has schema {first.get('schema')}, and {SCHEMA} is read here; record it again")
            try:
                header = _read_header(first)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise SourceOpenError(f"the header of {path} lacks what schema {SCHEMA} asks for ({error})") from error
            yield header
            for number, line in enumerate(file, 2):
                if line.endswith("\n"):
                    yield _understood(path, number, _parsed(path, number, line), header)
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SourceOpenError(f"cannot read {path}: {problem}; give a file that --jsonl wrote") from error


def _understood(path: Path, number: int, line: dict[str, Any], header: Header) -> Record:
    try:
        return _read(line, header)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"{path}, line {number} lacks what schema {SCHEMA} asks for ({error}); was it edited?") from error


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
        if isinstance(value, dict):
            return value
    except json.JSONDecodeError as error:
        raise SourceError(f"{path}, line {number} is no JSON ({error.msg}); was it edited?") from error
    raise SourceError(f"{path}, line {number} is no JSON object; was it edited?")


def _without_index(marker: Marker) -> dict[str, Any]:
    return {name: value for name, value in asdict(marker).items() if name not in ("index", "set_at")}


def header_fields(header: Header) -> dict[str, Any]:
    """The facts of a run, as in JSON."""
    run, source = header.run, header.run.source
    return {
        "version": run.version,
        "model": run.model,
        "provider": run.provider,
        "provider_asked": run.provider_asked,
        "labels": list(run.labels),
        "source": source.name,
        "live": source.live,
        "size": [source.width, source.height],
        "fps": None if source.fps is None else round(source.fps, 6),
        "started": header.started,
        "first_frame": {"utc": header.first_utc, "monotonic": header.first_monotonic_s},
        "weights_sha256": run.weights_sha256,
        "settings": dict(run.settings),
        "versions": dict(run.versions),
        "correction": dict(run.correction),
    }


def _read_header(line: dict[str, Any]) -> Header:
    width, height = line["size"]
    run = RunInfo(
        version=line["version"],
        model=line["model"],
        labels=tuple(line["labels"]),
        source=SourceInfo(line["source"], line["live"], True, width, height, line["fps"], None),
        provider=line["provider"],
        provider_asked=line["provider_asked"],
        weights_sha256=line["weights_sha256"],
        settings=tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in line["settings"].items()),
        versions=tuple(line["versions"].items()),
        correction=tuple(line.get("correction", {}).items()),  # early recordings of schema 3 have none, nor profiles below
    )
    return Header(run, line["first_frame"]["monotonic"], line["first_frame"]["utc"])


def _frame(record: FrameRecord, run: RunInfo) -> dict[str, Any]:
    line = {
        "type": "frame",
        "frame": record.index,
        "t": record.t,
        "latency_ms": record.latency_ms,
        "dropped": record.dropped,
        "effort": record.effort,
        "faces": [_face(face, record.labels) for face in record.faces],
    }
    return line if run.source.temporal else line | {"source": record.source}


def _face(face: FaceRecord, labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": face.id,
        "state": face.state,
        "box": list(face.box_xywh),
        "label": face.label,
        "confidence": face.confidence,
        "probs": dict(zip(labels, face.probs, strict=True)),
        "raw": None if face.raw is None else dict(zip(labels, face.raw, strict=True)),
        "quality": face.quality,
        "reason": face.reason,
        "profile": face.profile,
    }


def summary_fields(summary: Summary) -> dict[str, Any]:
    """The totals of a run, as in JSON."""
    return {
        "frames": summary.frames,
        "faces": summary.faces,
        "seconds": round(summary.seconds, 3),
        "fps": round(summary.fps, 3),
        "dropped": summary.dropped,
        "latency_ms": {name: round(value, 3) for name, value in asdict(summary.latency_ms).items()},
        "share": dict(zip(summary.labels, rounded(summary.share), strict=True)),
        "end": summary.end,
        "error": summary.error,
    }


def _read(line: dict[str, Any], header: Header) -> Record:
    match line["type"]:
        case "frame":
            return _read_frame(line, header)
        case "marker":
            known = ("t", "name", "at", "by")  # early recordings of schema 3 have only the first
            return Marker(line["frame"], **{name: line[name] for name in known if name in line})
        case "summary":
            return _read_summary(line)
        case kind:
            raise SourceError(f"a line of the unknown type {kind!r}; was it written by a newer fer-cam?")


def _read_summary(line: dict[str, Any]) -> Summary:
    end = line.get("end")  # early recordings of schema 3 do not say it
    return Summary(
        **{name: line[name] for name in ("frames", "faces", "seconds", "fps", "dropped")},
        latency_ms=Percentiles(**line["latency_ms"]),
        labels=tuple(line["share"]),
        share=tuple(line["share"].values()),
        end=None if end is None else End(end),
        error=line.get("error"),
    )


def _read_frame(line: dict[str, Any], header: Header) -> FrameRecord:
    t = line["t"]
    live = header.run.source.live and t is not None
    captured_at = captured_utc = None
    if live and header.first_monotonic_s is not None and header.first_utc is not None:
        captured_at = round(header.first_monotonic_s + t, 6)
        captured_utc = iso(datetime.fromisoformat(header.first_utc) + timedelta(seconds=t))
    return FrameRecord(
        index=line["frame"],
        source=line.get("source", header.run.source.name),
        t=t,
        captured_at=captured_at,
        captured_utc=captured_utc,
        latency_ms=line["latency_ms"],
        dropped=line["dropped"],
        effort=line["effort"],
        labels=header.run.labels,
        faces=tuple(_read_face(face) for face in line["faces"]),
    )


def _read_face(face: dict[str, Any]) -> FaceRecord:
    return FaceRecord(
        id=face["id"],
        state=face["state"],
        box_xywh=tuple(face["box"]),
        label=face["label"],
        confidence=face["confidence"],
        probs=tuple(face["probs"].values()),
        raw=None if face["raw"] is None else tuple(face["raw"].values()),
        quality=face["quality"],
        reason=face["reason"],
        profile=face.get("profile"),
    )
