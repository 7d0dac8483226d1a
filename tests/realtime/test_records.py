"""Recordings are read back; damage is one line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.errors import SourceError, SourceOpenError
from realtime.records import Header, Marker, records
from tests import builders
from tests.recorded import film, recorder, written


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
