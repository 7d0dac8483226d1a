"""The table of many recordings, and how its columns are distributed."""

from pathlib import Path

import pytest

from realtime.bulk.dataset import Dataset
from realtime.bulk.overview import summarize
from realtime.report import overview
from realtime.report.dataset import Overview
from tests import datasets


@pytest.fixture
def dataset(tmp_path: Path) -> Overview:
    return summarize(datasets.study(tmp_path / "out"))


def test_shares_are_of_the_labelled_time_which_stands_beside_them(dataset: Overview) -> None:
    columns = {column.name: column.values for column in overview.columns(dataset)}
    assert columns["recording"] == ("a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4", "f.mp4")
    assert columns["status"] == ("done", "done", "incomplete", "done", "failed", "failed")
    assert columns["labelled time"] == (pytest.approx(2.0), pytest.approx(1.0), pytest.approx(0.4), 0.0, None, None)
    assert columns["happiness"] == (pytest.approx(0.25), 0.0, pytest.approx(1.0), None, None, None)
    assert columns["uncertain"] == (0.0, pytest.approx(0.5), 0.0, None, None, None)
    assert columns["uncertain: dark"] == (0.0, pytest.approx(0.5), 0.0, None, None, None)
    assert columns["with a face"] == (1.0, 1.0, pytest.approx(0.4), 0.0, None, None)
    assert "labelled faces" not in columns  # none are images


def test_every_recording_counts_the_same_in_a_distribution(dataset: Overview) -> None:
    found = {each.column.name: each for each in overview.distributions(overview.columns(dataset))}
    happy = found["happiness"]
    assert (happy.count, happy.low, happy.high) == (3, 0.0, pytest.approx(1.0))
    assert (happy.median, happy.mean) == (pytest.approx(0.25), pytest.approx(1.25 / 3))
    assert [i for i, bar in enumerate(happy.bars) if bar] == [0, 5, overview.BARS - 1]
    assert found["length"].count == 4
    assert found["length"].end == pytest.approx(2.0)


def test_together_long_recordings_count_more(dataset: Overview) -> None:
    pooled = overview.pooled(dataset)
    assert (pooled.timed, pooled.amount) == (True, pytest.approx(3.4))
    assert pooled.shares[dataset.labels.index("happiness")] == pytest.approx(0.9 / 3.4)


def test_equal_reasons_are_one(dataset: Overview) -> None:
    first, second = overview.failures(dataset)
    assert first.names == ("e.mp4", "f.mp4")
    assert first.reason == "failed: the file is empty; check that it was copied"
    assert second.reason == "incomplete: the file ends early"


def test_flaws_come_first(dataset: Overview) -> None:
    found = overview.flaws(dataset)
    for words in ("3 of 6 recordings were not read to the end", "without any face", "less than half", "uncertain for 23"):
        assert any(words in flaw for flaw in found), (words, found)


def test_nothing_but_failures(tmp_path: Path) -> None:
    datasets.fail(Dataset.made(tmp_path / "out"), "a.mp4", "a.mp4 is empty")
    dataset = summarize(tmp_path / "out")
    assert [column.name for column in overview.columns(dataset)] == ["recording", "status", "frames", "faces"]
    assert overview.distributions(overview.columns(dataset)) == ()
    assert overview.pooled(dataset).amount == 0
