"""The methods paragraph names a correction for a person's neutral."""

from dataclasses import replace
from pathlib import Path

from realtime.records import FrameRecord, Header, Marker, to_line
from realtime.report.methods import paragraph
from realtime.report.quality import assess
from realtime.report.recording import load
from tests import builders, recordings


def methods(path: Path, *, profile: str | None, correction: tuple[tuple[str, float], ...] = (), by: str = "key") -> str:
    run = replace(builders.run_info(), settings=(("profile", profile),), correction=correction)
    lines: list[FrameRecord | Marker] = [*recordings.one_face("neutral", "neutral")]
    lines.append(Marker(1, 0.1, "calibrated: anna", 0.1, by))
    text = "".join(to_line(line, run) + "\n" for line in (Header(run, 100.0, None), *lines, builders.summary()))
    path.write_text(text, encoding="utf-8")
    recording = load(path)
    return paragraph(recording, assess(recording), None)


def test_a_profile_is_named_with_its_numbers(tmp_path: Path) -> None:
    text = methods(tmp_path / "run.jsonl", profile="anna", correction=(("sadness", 0.4),))
    assert "corrected for the person's neutral (profile anna; subtracted from the logits: sadness 0.40)" in text
    text = methods(tmp_path / "run.jsonl", profile="anna")
    assert "(profile anna; subtracted from the logits: no expression by any amount)" in text


def test_a_profile_made_in_the_course_of_the_run_is_named(tmp_path: Path) -> None:
    text = methods(tmp_path / "run.jsonl", profile=None, by="calibration")
    assert "began in the course of the recording (calibrated: anna)" in text


def test_without_a_profile_nothing_is_said(tmp_path: Path) -> None:
    assert "corrected" not in methods(tmp_path / "run.jsonl", profile=None)
