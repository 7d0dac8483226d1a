"""Shares, bouts and transitions."""

from pathlib import Path

import pytest

from realtime.config import Config
from realtime.labels import LABELS
from realtime.report import expressions
from realtime.report.recording import Recording, load
from realtime.run import run
from tests import recordings

NEUTRAL, HAPPINESS, SADNESS = (LABELS.index(label) for label in ("neutral", "happiness", "sadness"))


def loaded(folder: Path, *labels: str) -> Recording:
    return load(recordings.write(folder / "run.jsonl", recordings.one_face(*labels)))


def test_shares_are_of_the_labelled_time(tmp_path: Path) -> None:
    total, only = expressions.shares(loaded(tmp_path, *["neutral"] * 6, *["uncertain"] * 10, *["happiness"] * 2, *[""] * 5))
    assert (only.face, total.face) == (1, None)
    for share in (total, only):
        assert (share.present_s, share.uncertain_s, share.labelled_s) == pytest.approx((1.8, 1.0, 0.8))
        assert (share.shares[NEUTRAL], share.shares[HAPPINESS], sum(share.shares)) == pytest.approx((0.75, 0.25, 1))


def test_without_a_face_all_shares_are_zero(tmp_path: Path) -> None:
    (total,) = expressions.shares(loaded(tmp_path, "", ""))
    assert total.shares == (0.0,) * len(LABELS)


def test_they_are_those_of_the_run_s_own_summary(tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    run(Config.of(source="demo", jsonl=str(path), display=False, max_frames=150, model="fast", verbosity=-1))
    recording = load(path)
    assert recording.summary is not None
    assert len(recording.faces) == 1
    assert expressions.shares(recording)[0].shares == pytest.approx(recording.summary.share, abs=2e-4)


def test_a_bout_ends_with_its_label_or_with_the_face(tmp_path: Path) -> None:
    recording = loaded(tmp_path, "neutral", "neutral", "happiness", "", "happiness", "happiness", "happiness", "neutral")
    found = expressions.bouts(recording, recording.faces[0])
    assert [bout.label for bout in found] == [NEUTRAL, HAPPINESS, HAPPINESS, NEUTRAL]
    assert [bout.start_s for bout in found] == pytest.approx([0, 0.2, 0.4, 0.7])
    assert [bout.duration_s for bout in found] == pytest.approx([0.2, 0.1, 0.3, 0.1])
    assert [bout.joined for bout in found] == [False, True, False, True]
    assert [bout.cut for bout in found] == [True, True, True, True]


def test_a_bout_between_two_others_is_not_cut(tmp_path: Path) -> None:
    recording = loaded(tmp_path, "neutral", "happiness", "neutral")
    assert [bout.cut for bout in expressions.bouts(recording, recording.faces[0])] == [True, False, True]


def test_statistics_of_bouts(tmp_path: Path) -> None:
    labels = (*["neutral"] * 10, *["happiness"] * 2, *["neutral"] * 10, *["happiness"] * 8)
    recording = loaded(tmp_path, *labels)
    neutral, happiness = expressions.bout_statistics(recording, recording.faces)
    assert (neutral.label, neutral.bouts, neutral.cut) == ("neutral", 2, 1)
    assert (happiness.bouts, happiness.median_s, happiness.longest_s) == (2, pytest.approx(0.5), pytest.approx(0.8))
    assert happiness.per_minute == pytest.approx(2 / (3 / 60))


def test_transitions_pass_over_uncertain_time_but_not_over_an_absence(tmp_path: Path) -> None:
    labels = ("neutral", "happiness", "uncertain", "happiness", "uncertain", "sadness", "", "neutral")
    recording = loaded(tmp_path, *labels)
    counts = expressions.transitions(recording, recording.faces)
    assert counts[NEUTRAL, HAPPINESS] == 1
    assert counts[HAPPINESS, SADNESS] == 1
    assert counts.sum() == 2
