"""Results turned into records and lines of JSON, at a time that is known; and their schema."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from realtime.datatypes import FrameResult, RunInfo, State
from realtime.labels import UNCERTAIN
from realtime.recorder import Recorder
from realtime.records import FrameRecord
from realtime.sinks.jsonl import JsonlSink
from tests import builders
from tests.conftest import ROOT

NOON = datetime(2026, 1, 31, 12, 0, 1, tzinfo=UTC)


def recorder(run: RunInfo) -> Recorder:
    """It is noon and one second when the clock that stamped the frames says 101."""
    return Recorder(run, clock=lambda: 101.0, utc=lambda: NOON)


def record(result: FrameResult, run: RunInfo | None = None) -> FrameRecord:
    return recorder(run or builders.run_info()).record(result)


def film() -> list[FrameResult]:
    """Four frames of a file: no face, two faces, one coasting, one uncertain."""
    frames = [builders.frame(i, media_time=i / 30) for i in range(4)]
    return [
        builders.result(of=frames[0]),
        builders.result([builders.face(1), builders.face(2, label="sadness", box=(1.26, 2, 30.24, 31))], of=frames[1]),
        builders.result([builders.face(1, state=State.COASTING)], of=frames[2]),
        builders.result([builders.face(1, shown=UNCERTAIN, likely=0.3)], of=frames[3], latency_s=0.0123456, dropped=5),
    ]


def written(path: Path, run: RunInfo, results: list[FrameResult], marker: FrameResult | None = None) -> list[dict[str, Any]]:
    sink, each = JsonlSink(path, run), recorder(run)
    for result in results:
        sink.write(each.record(result))
    if marker is not None:
        sink.mark(each.marker(marker))
    sink.close(builders.summary(frames=len(results)))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def schema() -> dict[str, Any]:
    """The schema of the lines."""
    return dict(json.loads((ROOT / "realtime" / "records.schema.json").read_text("utf-8")))
