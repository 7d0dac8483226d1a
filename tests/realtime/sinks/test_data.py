"""JSON Lines and CSV: what is in them."""

import csv
import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from realtime.datatypes import FrameResult, RunInfo, State
from realtime.errors import SourceError, SourceOpenError
from realtime.labels import LABELS, UNCERTAIN
from realtime.recorder import Recorder
from realtime.records import FrameRecord, Header, Marker, records
from realtime.rounding import rounded, xywh
from realtime.sinks.csv import CsvSink, columns
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
    return dict(json.loads((ROOT / "realtime" / "records.schema.json").read_text("utf-8")))


# numbers


@pytest.mark.parametrize("seed", range(20))
def test_rounded_probabilities_still_make_one(seed: int) -> None:
    probs = np.random.default_rng(seed).dirichlet(np.full(8, 0.3)).astype(np.float32)
    shown = rounded(probs)
    assert math.fsum(shown) == pytest.approx(1, abs=1e-9)
    assert np.abs(np.array(shown) - probs).max() < 1e-4
    assert all(round(p, 4) == p and 0 <= p <= 1 for p in shown)


def test_thirds_are_rounded_by_the_largest_remainder() -> None:
    assert rounded((1 / 3, 1 / 3, 1 / 3)) == (0.3334, 0.3333, 0.3333)
    assert rounded((0.0, 0.0)) == (0.0, 0.0)


def test_a_box_becomes_corner_and_size() -> None:
    assert xywh(np.array([1.26, 2, 30.24, 31], np.float32)) == (1.3, 2.0, 29.0, 29.0)


# time


def test_files_have_media_time_and_the_clocks_of_their_decoding() -> None:
    read = record(builders.result(of=builders.frame(1, media_time=1 / 3)))
    assert read.t == 0.333333
    assert (read.captured_utc, read.captured_at) == ("2026-01-31T12:00:00.000000Z", 100.0)


def test_live_sources_count_from_their_first_frame_and_know_the_wall_clock() -> None:
    each = recorder(builders.run_info(builders.camera_info()))
    first = each.record(builders.result(of=builders.frame(captured_at=100.5)))
    later = each.record(builders.result(of=builders.frame(captured_at=102.25)))
    assert (first.t, first.captured_utc) == (0, "2026-01-31T12:00:00.500000Z")
    assert (later.t, later.captured_utc) == (1.75, "2026-01-31T12:00:02.250000Z")


def test_images_have_no_time() -> None:
    run = builders.run_info(builders.source_info(temporal=False))
    assert record(builders.result(), run).t is None


# JSON Lines


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


# reading it back


@pytest.mark.parametrize("source", [builders.source_info(), builders.camera_info()])
def test_written_records_are_read_back(source: Any, tmp_path: Path) -> None:
    run = builders.run_info(source)
    results = film() if not source.live else [replace(r, frame=replace(r.frame, media_time=None)) for r in film()]
    written(tmp_path / "out.jsonl", run, results, marker=results[2])
    header, *frames, marker, summary = records(tmp_path / "out.jsonl")
    each = recorder(run)
    expected = [each.record(result) for result in results]
    if not source.live:  # the clocks of a file's decoding are in the header alone
        expected = [replace(frame, captured_at=None, captured_utc=None) for frame in expected]
    assert [replace(frame, source=source.name) for frame in expected] == frames
    assert marker == Marker(2, expected[2].t, None, expected[2].t, "key")
    assert summary == replace(builders.summary(frames=4), fps=2.667), "three decimals"
    assert isinstance(header, Header)
    assert (header.run.model, header.run.settings, header.run.labels) == (run.model, run.settings, run.labels)
    assert (header.first_monotonic_s, header.run.source.live) == (100.0, source.live)


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    written(path, builders.run_info(), film())
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3]) + lines[3][:40], "utf-8")
    assert [type(read).__name__ for read in records(path)] == ["Header", "FrameRecord", "FrameRecord"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        ("hello\n", "no JSON"),
        ("[]\n", "no JSON object"),
        ('{"type":"frame"}\n', "its first line is no header"),
        ('{"type":"header","schema":2}\n', "has schema 2, and 3 is read here"),
    ],
)
def test_an_invalid_recording_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(SourceError, match=says) as caught:
        list(records(path))
    assert "\n" not in str(caught.value)
    with pytest.raises(SourceOpenError, match="cannot read"):
        list(records(tmp_path / "nowhere.jsonl"))


@pytest.mark.parametrize(
    ("text", "says"), [("{oops}\n", "is no JSON"), ('{"type":"frame","frame":3}\n', "lacks what schema 3 asks for")]
)
def test_a_damaged_line_is_named_and_the_records_before_it_are_given(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    written(path, builders.run_info(), film())
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:3], text, *lines[4:]]), "utf-8")
    reading = records(path)
    assert len([next(reading) for _ in range(3)]) == 3
    with pytest.raises(SourceError, match=f"line 4 {says}"):
        next(reading)


# CSV


def test_a_table_has_a_row_per_face_and_one_for_no_face(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    sink = CsvSink(path, builders.run_info())
    for result in film():
        sink.write(record(result))
    sink.close(builders.summary())
    sink.close(builders.summary())
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["frame"], row["id"]) for row in rows] == [("0", ""), ("1", "1"), ("1", "2"), ("2", "1"), ("3", "1")]
    assert list(rows[0]) == list(columns(LABELS))
    assert {k: v for k, v in rows[0].items() if v} == {
        "source": "clip.mp4",
        "frame": "0",
        "t": "0.000000",
        "latency_ms": "12.5",
        "dropped": "0",
    }
    sad = rows[2]
    assert [sad[k] for k in ("x", "y", "width", "height")] == ["1.3", "2.0", "29.0", "29.0"]
    notices = [sad[k] for k in ("state", "label", "confidence", "quality", "reason")]
    assert notices == ["seen", "sadness", "0.86", "0.9", ""]
    assert (sad["p_sadness"], sad["raw_sadness"], sad["p_fear"]) == ("0.86", "0.86", "0.02")
    assert (rows[3]["state"], rows[3]["raw_happiness"], rows[3]["p_happiness"]) == ("coasting", "", "0.86")
    assert [rows[4][k] for k in ("label", "confidence", "reason")] == ["uncertain", "", "between neutral and sadness"]


def test_a_table_is_rfc_4180(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    name = 'Zoë, "2".mp4'
    sink = CsvSink(path, builders.run_info())
    sink.write(record(builders.result(of=builders.frame(media_time=0.5, source=name))))
    data = path.read_bytes().decode("utf-8")  # before close: flushed
    sink.close(builders.summary())
    assert data.count("\r\n") == 2
    assert "\n" not in data.replace("\r\n", "")
    assert data.splitlines()[1].startswith('"Zoë, ""2"".mp4",0,0.500000,,')


def test_rows_of_a_camera_have_the_wall_clock(tmp_path: Path) -> None:
    run = builders.run_info(builders.camera_info())
    sink, each = CsvSink(tmp_path / "out.csv", run), recorder(run)
    sink.write(each.record(builders.result(of=builders.frame(captured_at=100.0))))
    sink.write(each.record(builders.result(of=builders.frame(1, captured_at=100.25))))
    sink.close(builders.summary())
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [(row["t"], row["utc"]) for row in csv.DictReader(file)] == [
            ("0.000000", "2026-01-31T12:00:00.000000Z"),
            ("0.250000", "2026-01-31T12:00:00.250000Z"),
        ]


def test_the_readme_names_every_column(tmp_path: Path) -> None:
    text = (ROOT / "realtime" / "guides" / "data.md").read_text("utf-8").partition("## CSV")[2]
    for column in (*columns(())[:15], "p_neutral", "p_contempt", "raw_neutral", "raw_contempt"):
        assert f"`{column}`" in text, column
