"""Expressions around markers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from realtime.labels import LABELS
from realtime.report import events
from realtime.report.recording import Recording, load
from tests import recordings

HAPPINESS = LABELS.index("happiness")


def loaded(folder: Path, labels: Sequence[str], *markers: tuple[float, str]) -> Recording:
    lines = [*recordings.one_face(*labels), *(recordings.marker(t, name) for t, name in markers)]
    return load(recordings.write(folder / "run.jsonl", lines))


def test_latency_runs_from_the_marker_to_the_start_of_an_expression(tmp_path: Path) -> None:
    recording = loaded(tmp_path, [*["neutral"] * 20, *["happiness"] * 20], (1.25, "stimulus"))
    (first,) = events.first_expressions(recording, recording.faces, 5.0)
    assert (first.marker.name, first.at_marker, first.label) == ("stimulus", "neutral", "happiness")
    assert first.latency_s == pytest.approx(0.75)


def test_an_expression_that_was_there_already_does_not_count(tmp_path: Path) -> None:
    recording = loaded(tmp_path, ["happiness"] * 40, (1.0, "stimulus"))
    (first,) = events.first_expressions(recording, recording.faces, 2.0)
    assert (first.at_marker, first.label, first.latency_s) == ("happiness", None, None)
    assert first.window_s == pytest.approx(2.0)


def test_the_next_marker_ends_the_wait(tmp_path: Path) -> None:
    recording = loaded(tmp_path, [*["neutral"] * 20, *["fear"] * 20], (1.0, "a"), (1.5, "b"))
    before, after = events.first_expressions(recording, recording.faces, 5.0)
    assert (before.label, before.window_s) == (None, pytest.approx(0.5))
    assert (after.label, after.latency_s) == ("fear", pytest.approx(0.5))


def test_a_face_that_is_not_there_gets_no_row(tmp_path: Path) -> None:
    recording = loaded(tmp_path, [*["neutral"] * 5, *[""] * 20], (1.0, "stimulus"))
    assert events.first_expressions(recording, recording.faces, 1.0) == ()


def test_the_mean_and_its_interval_are_student_s(tmp_path: Path) -> None:
    script = [[recordings.face("happiness", likely=likely)] for likely in (0.6, 0.7, 0.8) for _ in range(30)]
    lines = [*recordings.frames(script), *(recordings.marker(1.0 + 3 * i, "stimulus") for i in range(3))]
    recording = load(recordings.write(tmp_path / "run.jsonl", lines))
    locked = events.locked_mean(recording, recording.faces[0], "stimulus", 1.0)
    assert locked is not None
    now = int(np.argmin(np.abs(locked.offsets_s)))
    assert locked.counts[now] == 3
    assert locked.mean[now, HAPPINESS] == pytest.approx(0.7)
    half = 4.303 * 0.1 / np.sqrt(3)  # of 0.6, 0.7, 0.8
    assert locked.low[now, HAPPINESS] == pytest.approx(0.7 - half, abs=1e-4)
    assert locked.high[now, HAPPINESS] == pytest.approx(0.7 + half, abs=1e-4)


def test_one_marker_has_a_mean_without_an_interval(tmp_path: Path) -> None:
    recording = loaded(tmp_path, ["happiness"] * 30, (1.5, "stimulus"))
    locked = events.locked_mean(recording, recording.faces[0], "stimulus", 1.0)
    assert locked is not None
    assert not np.isnan(locked.mean[:, HAPPINESS]).any()
    assert np.isnan(locked.low).all()


def test_moments_without_the_face_are_left_out(tmp_path: Path) -> None:
    recording = loaded(tmp_path, [*["happiness"] * 20, *[""] * 20], (1.5, "stimulus"))
    locked = events.locked_mean(recording, recording.faces[0], "stimulus", 2.0)
    assert locked is not None
    assert np.isnan(locked.mean[-1]).all()
    assert (locked.counts[0], locked.counts[-1]) == (1, 0)


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.706), (2, 4.303), (30, 2.042), (31, 2.0395), (40, 2.0211), (120, 1.9799)]
)
def test_quantiles_of_student_s_t(degrees: int, quantile: float) -> None:
    assert events.t95(degrees) == pytest.approx(quantile, abs=5e-4)
