"""Lab Streaming Layer, heard by an inlet in another process."""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from realtime.labels import LABELS, UNCERTAIN
from realtime.records import Marker
from realtime.sinks.lsl import LslSink
from tests import builders
from tests.conftest import ROOT

pytest.importorskip("pylsl", exc_type=ImportError)

NAME = f"fer-cam-test-{os.getpid()}"


@contextmanager
def inlet(name: str, count: int) -> "Iterator[subprocess.Popen[str]]":
    """An inlet that has begun to listen when it is there."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.lsl_inlet", name, str(count)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


@pytest.fixture
def sink() -> Iterator[LslSink]:
    sink = LslSink(NAME, builders.run_info(builders.camera_info()))
    yield sink
    sink.close(None)


def test_every_frame_arrives_with_its_capture_time(sink: LslSink) -> None:
    with inlet(NAME, 100) as process:
        about = line(process)
        assert (about["type"], about["rate"]) == ("Expression", 0)
        assert about["labels"] == [*LABELS, "confidence", "quality", "face_id", "faces", "frame"]
        captured = []
        for i in range(100):
            captured.append(time.perf_counter())
            sink.write(builders.record(i, captured_at=captured[-1]))
        rows = [line(process) for _ in captured]
    assert [row["sample"][-1] for row in rows] == list(range(100))
    assert max(abs(row["stamp"] - at) for row, at in zip(rows, captured, strict=True)) < 0.001
    assert abs(about["correction"]) < 0.001
    assert all(row["at"] >= row["stamp"] for row in rows)
    first = dict(zip(about["labels"], rows[0]["sample"], strict=True))
    assert first["happiness"] == first["confidence"] == pytest.approx(0.86)
    assert (first["face_id"], first["faces"]) == (1, 1)


def test_without_a_face_the_probabilities_are_nan(sink: LslSink) -> None:
    with inlet(NAME, 2) as process:
        labels = line(process)["labels"]
        sink.write(builders.record(0, faces=[]))
        sink.write(builders.record(1, faces=[builders.face(shown=UNCERTAIN, likely=0.3)]))
        nobody, uncertain = (dict(zip(labels, line(process)["sample"], strict=True)) for _ in range(2))
    assert all(math.isnan(nobody[name]) for name in (*LABELS, "confidence", "quality", "face_id"))
    assert nobody["faces"] == 0
    assert math.isnan(uncertain["confidence"])
    assert uncertain["happiness"] == pytest.approx(0.3)


def test_a_marker_is_stamped_when_it_was_set(sink: LslSink) -> None:
    with inlet(f"{NAME}-markers", 1) as process:
        assert line(process)["type"] == "Markers"
        set_at = time.perf_counter()
        sink.mark(Marker(5, 0.2, "stimulus", 0.21, "key", set_at))
        marker = line(process)
    assert marker["sample"] == ["stimulus"]
    assert abs(marker["stamp"] - set_at) < 0.001


def test_a_clock_that_differs_is_corrected_and_that_is_said() -> None:
    """A clock that is an hour behind stands for a system whose perf_counter is not LSL's clock."""
    sink = LslSink(NAME, builders.run_info(builders.camera_info()), clock=lambda: time.perf_counter() - 3600)
    try:
        (said,) = sink.notices()
        with inlet(NAME, 1) as process:
            line(process)
            now = time.perf_counter()
            sink.write(builders.record(0, captured_at=now - 3600))
            stamp = line(process)["stamp"]
    finally:
        sink.close(None)
    assert said.startswith("LSL: +3600.00")
    assert abs(stamp - now) < 0.001


def test_the_offset_of_the_clocks_is_said_once(sink: LslSink) -> None:
    (said,) = sink.notices()
    assert said.startswith(("LSL: capture times are on LSL's own clock (difference ", "LSL: "))
    assert sink.notices() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="the loader shows a dialog there")
def test_a_machine_without_liblsl_gets_one_line(tmp_path: Path) -> None:
    """A file that is no library stands for the liblsl that pylsl's wheel lacks on some machines."""
    library = tmp_path / "liblsl.so"
    library.write_bytes(b"no library")
    code = (
        "from realtime.config import OutputConfig\nfrom realtime.errors import SinkError\n"
        "from realtime.sinks import open_outputs\nfrom tests import builders\n"
        "try:\n    open_outputs(OutputConfig(lsl='x'), builders.run_info())\nexcept SinkError as error:\n    print(error)"
    )
    environment = os.environ | {"PYLSL_LIB": str(library)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, timeout=60, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("--lsl needs liblsl, ")
    assert done.stdout.count("\n") == 1
