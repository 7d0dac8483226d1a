"""Recordings as columns."""

from pathlib import Path

import numpy as np
import pytest

from realtime.errors import SourceError
from realtime.labels import LABELS
from realtime.report.recording import UNLABELLED, load
from tests import recordings


def test_columns_match_the_lines(tmp_path: Path) -> None:
    lines = recordings.frames(
        [[recordings.face("happiness"), recordings.face("fear", 2)], [], [recordings.face("uncertain", state="coasting")]]
    )
    recording = load(recordings.write(tmp_path / "run.jsonl", lines))
    first, second = recording.faces
    assert (first.id, first.rows.tolist(), first.seen.tolist()) == (1, [0, 2], [True, False])
    assert (second.id, second.rows.tolist()) == (2, [0])
    assert first.labels.tolist() == [LABELS.index("happiness"), UNLABELLED]
    np.testing.assert_allclose(first.probs[0, LABELS.index("happiness")], 0.86, atol=1e-6)
    assert np.isnan(first.raw[1]).all()
    assert not np.isnan(first.raw[0]).any()


def test_a_frame_stands_for_the_time_since_the_one_before_but_not_for_a_gap(tmp_path: Path) -> None:
    lines = [recordings.frame(i, [], t) for i, t in enumerate((0.0, 0.1, 0.3, 5.0, 5.1))]
    recording = load(recordings.write(tmp_path / "run.jsonl", lines, live=True, fps=10.0))
    np.testing.assert_allclose(recording.weight_s, [0.1, 0.1, 0.2, 0.0, 0.1])


def test_a_marker_has_the_time_at_which_it_was_set(tmp_path: Path) -> None:
    lines = [*recordings.one_face("neutral", "neutral"), recordings.marker(0.147, "stimulus"), recordings.marker(0.02)]
    recording = load(recordings.write(tmp_path / "run.jsonl", lines))
    assert [(marker.name, marker.t) for marker in recording.markers] == [("marker", 0.02), ("stimulus", 0.147)]


def test_a_killed_run_has_no_summary(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "run.jsonl", recordings.one_face("neutral"), complete=False)
    assert load(path).summary is None


@pytest.mark.parametrize(("lines", "words"), [([], "holds no frame"), ([recordings.frame(0, [], 0.0)], "of images")])
def test_an_unusable_recording_is_one_line(tmp_path: Path, lines: list[recordings.FrameRecord], words: str) -> None:
    path = recordings.write(tmp_path / "run.jsonl", lines)
    if lines:
        path.write_text(path.read_text(encoding="utf-8").replace('"t":0.0', '"t":null'), encoding="utf-8")
    with pytest.raises(SourceError, match=words):
        load(path)
