"""The benchmark of fer-cam batch: real runs over a few frames, and a comparison that finds differences."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import cutting, record
from benchmarks.payloads_programs import Bulk
from realtime.bulk.joining import Written
from realtime.bulk.tables import RecordTables
from realtime.config import Config
from realtime.errors import ConfigError
from tests import builders, demo
from tests.conftest import ROOT
from tests.tiny_models import write_always
from tests.video_files import gray_levels, write_video


@pytest.mark.slow
def test_plain_runs_and_workers_are_measured(tmp_path: Path) -> None:
    clip = demo.write_clip(tmp_path / "clip.mp4", first=0, count=30, size_wh=(320, 240))
    tiny = str(write_always(tmp_path / "tiny.onnx"))
    short = ["--loops", "4", "--files", "2", "--workers", "1", "--repeats", "1", "--tasks", "20", "--part", "1"]
    command = [sys.executable, "-m", "benchmarks.bulk", "--video", str(clip), *short, "--model", tiny]
    # as a process: distributed leaves sockets to the garbage collector, which is an error here
    done = subprocess.run(
        [*command, "--out", str(tmp_path), "--name", "try"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "try.json").read_text())["benchmark"] == "bulk"
    result = record.read(tmp_path / "try.json", Bulk).result
    assert [(row.what, row.frames) for row in result.rows] == [("plain", 240), ("workers: 1", 240)]
    assert all(row.most_mb > 50 for row in result.rows)
    assert result.cutting.frames == 120
    assert result.cutting.parts > 1
    assert 0 < result.ms_per_task < 1000
    assert (tmp_path / "try.png").read_bytes().startswith(b"\x89PNG")


def test_a_video_that_is_too_short_to_be_cut(tmp_path: Path) -> None:
    path = write_video(tmp_path / "short.mp4", gray_levels(30))
    with pytest.raises(ConfigError, match="too short to be cut"):
        cutting.cut(path, Config.of(model=str(write_always(tmp_path / "tiny.onnx"))), tmp_path, 30.0)


def test_a_face_that_differs_counts_for_its_frame(tmp_path: Path) -> None:
    def write(name: str, *labels: str) -> Written:
        written = Written(tmp_path / f"{name}-frames.parquet", tmp_path / f"{name}-faces.parquet")
        with RecordTables(written.frames, written.faces, builders.run_info()) as tables:
            for index, label in enumerate(labels):
                tables.write(builders.record(index, faces=[builders.face(label=label)] if label else []))
        return written

    one, other = write("one", "happiness", "neutral", "", ""), write("other", "happiness", "sadness", "", "neutral")
    assert cutting.equal(one, other, "label", 4) == 0.5
