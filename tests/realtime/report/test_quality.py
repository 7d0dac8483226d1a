"""Data quality of a recording."""

from pathlib import Path

import pytest

from realtime.report.quality import BETWEEN, assess, flaws
from realtime.report.recording import load
from tests import recordings
from tests.recordings import face


def test_time_divides_into_seen_coasting_uncertain_and_faceless(tmp_path: Path) -> None:
    script = [
        *[[face()]] * 5,
        *[[face(state="coasting")]] * 2,
        *[[face("uncertain", reason="dark")]] * 2,
        [face("uncertain", reason="between neutral and sadness")],
        *[[]] * 10,
    ]
    quality = assess(load(recordings.write(tmp_path / "run.jsonl", recordings.frames(script))))
    (only,) = quality.faces
    assert quality.watched_s == pytest.approx(2.0)
    assert quality.faceless_s == pytest.approx(1.0)
    assert (only.present_s, only.seen_s, only.coasting_s, only.uncertain_s) == pytest.approx((1.0, 0.8, 0.2, 0.3))
    assert [reason for reason, _ in only.reasons] == ["dark", BETWEEN]
    assert [seconds for _, seconds in only.reasons] == pytest.approx([0.2, 0.1])


def test_drops_rate_latency_and_effort(tmp_path: Path) -> None:
    lines = [
        recordings.frame(i, [], i / 10, latency_ms=ms, dropped=drops, effort=effort)
        for i, (ms, drops, effort) in enumerate(
            [(5, 0, "full"), (15, 0, "full"), (15, 1, "fewer scans"), (2000, 2, "fewer scans"), (10, 2, "full")]
        )
    ]
    quality = assess(load(recordings.write(tmp_path / "run.jsonl", lines, live=True)))
    assert quality.fps == pytest.approx(10)
    assert (quality.dropped, quality.dropped_share) == (2, pytest.approx(2 / 7))
    assert quality.latency_ms.p50 == pytest.approx(15)
    assert [bar.frames for bar in quality.histogram] == [1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [(change.t, change.name) for change in quality.efforts] == [(0.0, "full"), (0.2, "fewer scans"), (0.4, "full")]
    assert quality.full_effort == pytest.approx(0.6)


def test_a_good_recording_has_no_flaw(tmp_path: Path) -> None:
    assert flaws(assess(load(recordings.write(tmp_path / "run.jsonl", recordings.one_face(*["neutral"] * 20))))) == ()


def test_every_flaw_is_a_sentence(tmp_path: Path) -> None:
    lines = [
        recordings.frame(0, [face("uncertain")], 0.0),
        recordings.frame(1, [face(state="coasting")], 0.1, effort="fewer scans"),
        recordings.frame(2, [], 0.2, dropped=4),
        recordings.frame(9, [], 9.0, dropped=9),
    ]
    found = flaws(assess(load(recordings.write(tmp_path / "run.jsonl", lines, live=True, complete=False))))
    for words in (
        "did not end",
        "no face",
        "uncertain for 50\u00a0%",
        "missed for 50\u00a0%",
        "frames were dropped",
        "one gap of more than 1 s",
        "keep up: 25\u00a0%",
    ):
        assert any(words in sentence for sentence in found), words
    assert len(found) == 7
