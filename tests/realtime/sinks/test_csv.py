"""CSV: what is in it."""

import csv
from pathlib import Path

from realtime.labels import LABELS
from realtime.sinks.csv import CsvSink, columns
from tests import builders
from tests.conftest import ROOT
from tests.recorded import film, record, recorder


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
