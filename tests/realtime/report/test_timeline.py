"""The curves of a page."""

import base64
from pathlib import Path

import numpy as np
import pytest

from realtime.labels import LABELS
from realtime.report import timeline
from realtime.report.recording import Recording, load
from tests import recordings
from tests.recordings import face

HAPPINESS = LABELS.index("happiness")


def values(text: str, dtype: str = "u1") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def loaded(folder: Path, lines: list[recordings.FrameRecord]) -> Recording:
    return load(recordings.write(folder / "run.jsonl", lines, live=True))


def test_a_short_recording_has_a_point_per_frame(tmp_path: Path) -> None:
    script = [[face("happiness")], [], [face("uncertain", state="coasting")]]
    recording = loaded(tmp_path, recordings.frames(script))
    curves = timeline.pack(recording, recording.faces)
    (packed,) = curves.faces
    assert curves.step_s is None
    np.testing.assert_allclose(values(curves.times, "<f4"), [0, 0.1, 0.2], atol=1e-6)
    assert (packed.start, packed.count) == (0, 3)
    assert values(packed.labels).tolist() == [HAPPINESS, timeline.ABSENT, timeline.UNCERTAIN_BYTE]
    probs = values(packed.probs).reshape(3, -1)
    assert probs[0, HAPPINESS] == round(0.86 * timeline.SCALE)
    assert (probs[1] == timeline.ABSENT).all()
    assert (values(packed.raw).reshape(3, -1)[2] == timeline.ABSENT).all()


def test_no_curve_is_drawn_across_a_gap(tmp_path: Path) -> None:
    lines = [recordings.frame(i, [face()], t) for i, t in enumerate((0.0, 0.1, 9.0, 9.1))]
    recording = loaded(tmp_path, lines)
    curves = timeline.pack(recording, recording.faces)
    assert values(curves.times, "<f4").tolist() == pytest.approx([0, 0.1, 4.55, 9, 9.1])
    assert values(curves.faces[0].labels).tolist() == [0, 0, timeline.ABSENT, 0, 0]


def test_a_long_recording_has_means(tmp_path: Path) -> None:
    count = timeline.MOST_POINTS + 10
    script = ([face("happiness", likely=0.4 if i % 2 else 0.8)] for i in range(count))
    recording = loaded(tmp_path, recordings.frames(script, step_s=0.0201))
    curves = timeline.pack(recording, recording.faces)
    assert curves.step_s == 0.1
    (packed,) = curves.faces
    probs = values(packed.probs).reshape(-1, len(LABELS))
    assert len(probs) == pytest.approx(count * 0.201, abs=2)
    assert np.abs(probs[:-1, HAPPINESS] / timeline.SCALE - 0.6).max() < 0.05  # four or five frames, 0.4 and 0.8 in turn
    assert probs[:, HAPPINESS].mean() / timeline.SCALE == pytest.approx(0.6, abs=0.003)


def test_slices_cover_the_face_s_time(tmp_path: Path) -> None:
    script = [*[[face("neutral")]] * 50, *[[]] * 50, *[[face("happiness")]] * 50]
    recording = loaded(tmp_path, recordings.frames(script))
    slices = timeline.slices(recording, recording.faces[0])
    assert (slices[0].start_s, slices[-1].end_s) == pytest.approx((0.0, 14.9))
    assert sum(part.present_s for part in slices) == pytest.approx(10.0)
    assert any(part.means is None for part in slices)
    assert slices[-1].means is not None
    assert slices[-1].means[HAPPINESS] == pytest.approx(0.86)
