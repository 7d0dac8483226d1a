"""A dataset as the rows of its overview."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.bulk.dataset import Dataset
from realtime.bulk.overview import UNREADABLE, summarize
from realtime.report import page
from realtime.report.quality import BETWEEN, NO_REASON
from tests import datasets
from tests.recordings import face, frame, frames, one_face

PAGE_BYTES = 1_500_000
PAGE_S = 60.0


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_a_face_counts_for_the_time_of_its_frames(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    script = [
        *[[face()]] * 5,
        *[[face("uncertain", reason="dark"), face("happiness", 2, quality=0.5)]] * 2,
        [face("uncertain", reason="between neutral and sadness")],
        [face("uncertain", reason="between anger and fear")],
        [face("uncertain")],
        *[[]] * 10,
    ]
    records = [*frames(script), frame(20, [face()], 9.0)]  # after a gap that counts for nothing
    datasets.add(dataset, "a.mp4", records)
    (row,) = summarize(tmp_path / "out").rows
    assert row.measured is not None
    assert row.measured.with_face == 11
    assert row.measured.present == pytest.approx(1.2)
    assert row.measured.labelled == pytest.approx({"neutral": 0.5, "happiness": 0.2})
    assert row.measured.uncertain == pytest.approx({"dark": 0.2, BETWEEN: 0.2, NO_REASON: 0.1})
    assert row.measured.quality == pytest.approx((1.0 * 0.9 + 0.2 * 0.5) / 1.2)


def test_faces_of_images_count_as_one(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    records = [replace(record, t=None) for record in frames([[face(), face("fear", 2)], [face()], []])]
    datasets.add(dataset, "stills__images", records)
    (row,) = summarize(tmp_path / "out").rows
    assert row.measured is not None
    assert (row.measured.timed, row.measured.with_face, row.measured.present) == (False, 2, 3)
    assert row.measured.labelled == {"neutral": 2, "fear": 1}


def test_settings_that_recordings_share_are_one_setup(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    other = replace(
        datasets.RUN, settings=(("source", "b.mp4"), ("threshold", 0.5), ("camera_size_wh", (640, 480)), ("save", None))
    )
    stricter = replace(datasets.RUN, settings=(("source", "c.mp4"), ("threshold", 0.8)))
    for name, run in (("a.mp4", datasets.RUN), ("b.mp4", other), ("c.mp4", stricter)):
        datasets.add(dataset, name, one_face("neutral"), run)
    overview = summarize(tmp_path / "out")
    assert [(dict(setup.settings)["threshold"], count) for setup, count in overview.setups] == [(0.5, 2), (0.8, 1)]


def test_a_damaged_table_is_a_row_with_its_reason(tmp_path: Path) -> None:
    folder = datasets.study(tmp_path / "out")
    Dataset(folder).faces("a.mp4").write_bytes(b"PAR1")
    row = summarize(folder).rows[0]
    assert (row.name, row.status, row.measured) == ("a.mp4", UNREADABLE, None)
    assert row.error is not None
    assert row.error.startswith("its tables are damaged")


def test_reading_changes_nothing_and_sees_a_run(tmp_path: Path) -> None:
    folder = datasets.study(tmp_path / "out")
    before = files(folder)
    assert summarize(folder).complete
    assert files(folder) == before
    with Dataset(folder).locked():
        assert not summarize(folder).complete


@pytest.mark.slow
def test_a_thousand_recordings_are_a_small_page_within_a_minute(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    labels = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "uncertain")
    for number in range(1000):
        shown = [face(labels[(i + number) % 9], quality=number / 1000, reason="blurred") for i in range(9 + number % 7)]
        datasets.add(dataset, f"P{number:04}__a_session_with_a_long_name.mp4", frames([one] for one in shown))
    began = time.monotonic()
    html = page.render_overview(summarize(tmp_path / "out"))
    assert time.monotonic() - began < PAGE_S
    assert len(html.encode()) < PAGE_BYTES
    assert html.count('<th scope="row">P') == 1000
