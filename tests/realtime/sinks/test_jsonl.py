"""JSON Lines: what is in them, and their schema."""

import csv
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from realtime.labels import LABELS
from realtime.sinks.csv import CsvSink
from realtime.sinks.jsonl import JsonlSink
from tests import builders
from tests.conftest import ROOT
from tests.recorded import film, record, schema, written


def test_lines_are_header_frames_marker_summary(tmp_path: Path) -> None:
    lines = written(tmp_path / "out.jsonl", builders.run_info(), film(), marker=film()[2])
    assert [line["type"] for line in lines] == ["header", *["frame"] * 4, "marker", "summary"]
    assert lines[0] == {
        "type": "header",
        "schema": 3,
        "version": "0.1.0",
        "model": "resnet50-test",
        "provider": "cpu",
        "provider_asked": "auto",
        "labels": list(LABELS),
        "source": "clip.mp4",
        "live": False,
        "size": [64, 48],
        "fps": 30.0,
        "started": None,
        "first_frame": {"utc": "2026-01-31T12:00:00.000000Z", "monotonic": 100.0},
        "weights_sha256": "ab" * 32,
        "settings": {"source": "clip.mp4", "threshold": 0.5, "camera_size_wh": [640, 480], "save": None},
        "versions": dict.fromkeys(["fer-cam", "python", "numpy", "opencv", "onnxruntime", "av"], "1.0"),
        "correction": {},
    }
    nobody = {"type": "frame", "frame": 0, "t": 0.0, "latency_ms": 12.5, "dropped": 0, "effort": "full", "faces": []}
    assert lines[1] == nobody
    assert lines[5] == {"type": "marker", "frame": 2, "t": 0.066667, "name": None, "at": 0.066667, "by": "key"}
    assert lines[6]["share"] == dict.fromkeys(LABELS, 0.0) | {"neutral": 0.75, "happiness": 0.25}
    assert lines[6]["latency_ms"] == {"p50": 12.5, "p95": 20.25, "p99": 31.0}
    assert (lines[6]["frames"], lines[6]["faces"], lines[6]["seconds"], lines[6]["dropped"]) == (4, 1, 1.5, 0)


@pytest.mark.parametrize("seed", range(10))
def test_confidence_is_the_very_number_beside_its_label(seed: int, tmp_path: Path) -> None:
    """Rounded on its own it would differ in the last digit at times."""
    probs = np.random.default_rng(seed).dirichlet(np.full(8, 0.3)).astype(np.float32)
    label = LABELS[int(probs.argmax())]
    read = replace(builders.face(), probs=probs, label=label, confidence=float(probs.max()))
    (face,) = written(tmp_path / "out.jsonl", builders.run_info(), [builders.result([read])])[1]["faces"]
    assert face["confidence"] == face["probs"][label]
    sink = CsvSink(tmp_path / "out.csv", builders.run_info())
    sink.write(record(builders.result([read])))
    sink.close(builders.summary())
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["confidence"] == row[f"p_{label}"]


def test_a_face_is_written_with_everything_known_about_it(tmp_path: Path) -> None:
    lines = written(tmp_path / "out.jsonl", builders.run_info(), film())
    assert lines[2]["faces"][1] == {
        "id": 2,
        "state": "seen",
        "box": [1.3, 2.0, 29.0, 29.0],
        "label": "sadness",
        "confidence": 0.86,
        "probs": dict.fromkeys(LABELS, 0.02) | {"sadness": 0.86},
        "raw": dict.fromkeys(LABELS, 0.02) | {"sadness": 0.86},
        "quality": 0.9,
        "reason": None,
        "profile": None,
    }
    coasting, uncertain = lines[3]["faces"][0], lines[4]["faces"][0]
    assert (coasting["state"], coasting["raw"]) == ("coasting", None)
    assert (uncertain["label"], uncertain["confidence"]) == ("uncertain", None)
    assert uncertain["reason"] == "between neutral and sadness"
    assert (lines[4]["latency_ms"], lines[4]["dropped"]) == (12.346, 5)


@pytest.mark.parametrize(
    "source", [builders.source_info(), builders.camera_info(), builders.source_info(temporal=False, fps=None)]
)
def test_real_output_follows_the_schema_in_the_readme(source: Any, tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    results = film() if not source.live else [replace(r, frame=replace(r.frame, media_time=None)) for r in film()]
    lines = written(tmp_path / "out.jsonl", builders.run_info(source), results, marker=results[1])
    for line in lines:
        validator.validate(line)
    assert {line["type"] for line in lines} == {"header", "frame", "marker", "summary"}


def test_the_schema_is_strict(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    lines = written(tmp_path / "out.jsonl", builders.run_info(), film(), marker=film()[2])
    for line in lines:
        assert not validator.is_valid(line | {"extra": 1})
        for key in line:
            assert not validator.is_valid({k: v for k, v in line.items() if k != key})
    face = lines[3]["faces"][0]
    assert not validator.is_valid(lines[3] | {"faces": [face | {"raw": face["probs"]}]}), "raw while coasting"
    assert not validator.is_valid(lines[3] | {"faces": [face | {"state": "seen"}]}), "seen without raw"
    doubtful = lines[4]["faces"][0]
    assert not validator.is_valid(lines[4] | {"faces": [doubtful | {"confidence": 0.3}]}), "uncertain is no expression"
    assert not validator.is_valid(lines[4] | {"faces": [doubtful | {"label": "neutral"}]}), "a label without its probability"
    turns = {"effort": "every second face"}
    assert validator.is_valid(lines[3] | turns | {"faces": [face | {"state": "seen"}]}), "it was not its turn"


def test_the_examples_in_the_readme_follow_its_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    examples = re.findall(r'^\{"type":.*\}$', (ROOT / "realtime" / "guides" / "data.md").read_text("utf-8"), re.M)
    assert [json.loads(line)["type"] for line in examples] == ["header", "frame", "marker", "summary"]
    for line in examples:
        validator.validate(json.loads(line))


def test_a_camera_names_its_wall_clock_start_and_an_image_its_name(tmp_path: Path) -> None:
    camera = written(tmp_path / "a.jsonl", builders.run_info(builders.camera_info()), [builders.result()])
    assert camera[0]["started"] == "2026-01-31T12:00:00.000000Z"
    assert "source" not in camera[1]
    image = builders.result(of=builders.frame(source="anna.png"))
    lines = written(tmp_path / "b.jsonl", builders.run_info(builders.source_info(temporal=False)), [image])
    assert (lines[1]["source"], lines[1]["t"]) == ("anna.png", None)


def test_every_line_is_on_disk_when_write_returns(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = JsonlSink(path, builders.run_info())
    for count, result in enumerate(film(), start=2):
        sink.write(record(result))
        assert path.read_bytes().count(b"\n") == count
    sink.close(builders.summary())


def test_without_frames_there_are_header_and_summary(tmp_path: Path) -> None:
    assert [line["type"] for line in written(tmp_path / "out.jsonl", builders.run_info(), [])] == ["header", "summary"]


def test_closing_twice_writes_one_summary(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "out.jsonl", builders.run_info())
    sink.close(builders.summary())
    sink.close(builders.summary())
    assert (tmp_path / "out.jsonl").read_text().count("summary") == 1


def test_a_value_that_is_not_finite_is_never_written(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "out.jsonl", builders.run_info())
    with pytest.raises(ValueError, match="JSON"):
        sink.write(record(builders.result(latency_s=math.nan)))
    sink.close(builders.summary())
    assert "NaN" not in (tmp_path / "out.jsonl").read_text()


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    sink = JsonlSink(Path("-"), builders.run_info())
    sink.write(record(film()[1]))
    sink.close(builders.summary())
    out, err = capsys.readouterr()
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["header", "frame", "summary"]
    assert err == ""
    print("still open")
    assert capsys.readouterr().out == "still open\n"
