"""Results of the reproduction: figures by value, and the round trip."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError, SinkError
from tests.train_results import costs, result, split
from train.judging.intervals import wilson
from train.reproduce import results, tradeoff
from train.reproduce.results import Result


class TestWilson:
    @pytest.mark.parametrize(
        ("right", "n", "low", "high"),
        [
            (195, 196, 0.97167, 0.99910),  # the paper's 99.49 %
            (187, 196, 0.91505, 0.97566),  # its 95.41 %
            (5, 10, 0.23659, 0.76341),  # by hand: 0.5 -+ 1.96 / 1.38415 * sqrt(0.025 + 0.009604)
        ],
    )
    def test_by_value(self, right: int, n: int, low: float, high: float) -> None:
        interval = wilson(right, n)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-5)

    def test_none_and_all_stay_within_0_and_1(self) -> None:
        none, every = wilson(0, 10), wilson(10, 10)
        assert none.low == 0
        assert every.high == 1
        assert none.high == pytest.approx(1 - every.low) == pytest.approx(1.959964**2 / (10 + 1.959964**2))


class TestFigures:
    def test_random_splits_are_averaged_and_the_interval_is_that_of_one(self) -> None:
        found = result("transfer-a", (196, 194))
        assert found.accuracy() == pytest.approx((1 + 194 / 196) / 2)
        assert found.deviation() == pytest.approx(2 / 196 / np.sqrt(2))
        assert found.interval() == wilson(195.0, 196)

    def test_folds_are_pooled(self) -> None:
        first, second = split("fold 0", 90, 100), split("fold 1", 20, 20)
        found = dataclasses.replace(result("transfer-b", ()), splits=(first, second))
        assert found.accuracy() == pytest.approx(110 / 120)
        assert found.n == 120
        assert found.interval() == wilson(110.0, 120)
        assert found.deviation() == pytest.approx(0.1 / np.sqrt(2))
        assert found.seconds == 21
        assert found.sequence_accuracy == pytest.approx(60 / 66)

    def test_a_single_split_has_no_deviation(self) -> None:
        assert result("zero-shot", (150,)).deviation() == 0

    def test_table_2_by_hand(self) -> None:
        """Truth aab, named abb: precision 1 and 1/2, recall 1/2 and 1, F1 2/3 each."""
        one = dataclasses.replace(split("seed 0", 3, 3), truth=(0, 0, 1), predicted=(0, 1, 1))
        found = dataclasses.replace(result("transfer-a", ()), splits=(one,))
        assert dataclasses.astuple(found.pooled()) == pytest.approx((2 / 3, 3 / 4, 3 / 4, 2 / 3))
        assert found.mean() == found.pooled()

    def test_mean_and_spread_are_over_splits(self) -> None:
        found = result("scratch-a", (180, 170, 196))
        f1 = [metrics.f1 for metrics in found.per_split()]
        assert found.mean().f1 == pytest.approx(np.mean(f1))
        assert found.spread().f1 == pytest.approx(np.std(f1, ddof=1))

    def test_the_best_split_and_the_first_of_equals(self) -> None:
        assert result("transfer-a", (190, 195, 192)).best == 1
        assert result("transfer-a", (190, 195, 195)).best == 1

    def test_confusion_has_truth_in_rows(self) -> None:
        found = result("transfer-a", (6, 7), n=7)
        expected = 2 * np.eye(7, dtype=int)
        expected[6, 6], expected[6, 0] = 1, 1
        np.testing.assert_array_equal(found.confusion(), expected)

    def test_only_some_splits(self) -> None:
        assert [each.split for each in result("transfer-b", (9, 8, 7)).only(("fold 2", "fold 0")).splits] == [
            "fold 0",
            "fold 2",
        ]


class TestFiles:
    def test_round_trip(self, tmp_path: Path) -> None:
        found = result("transfer-a", (195, 194), epochs=3)
        assert results.read(found.write(tmp_path / "new")) == found

    def test_the_trade_off_too(self, tmp_path: Path) -> None:
        assert tradeoff.read(tmp_path) is None
        measured = costs("transfer-b", "scratch-b")
        measured.write(tmp_path)
        assert tradeoff.read(tmp_path) == measured

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("schema", 2),
            ("row", None),  # removed
            ("surplus", 1),
            ("splits", 3),
            ("labels", ["happiness"]),
        ],
    )
    def test_a_damaged_file_is_named(self, tmp_path: Path, key: str, value: object) -> None:
        path = result("transfer-a", (5,), n=7).write(tmp_path)
        fields = json.loads(path.read_text(encoding="utf-8"))
        fields[key] = value
        if value is None:
            del fields[key]
        path.write_text(json.dumps(fields), encoding="utf-8")
        with pytest.raises(ConfigError, match=r"transfer-a.json: is not a result .*; remove it"):
            results.read(path)

    @pytest.mark.parametrize("predicted", ["012345", "012345x", "", "0123459"])
    def test_predictions_that_cannot_be(self, tmp_path: Path, predicted: str) -> None:
        path = result("transfer-a", (7,), n=7).write(tmp_path)
        path.write_text(path.read_text(encoding="utf-8").replace('"predicted": "0123456"', f'"predicted": "{predicted}"'))
        with pytest.raises(ConfigError, match="is not a result"):
            results.read(path)

    @pytest.mark.parametrize("content", [b"", b"[]", b"3", b'{"schema": 1', b"\xff\xfe"])
    def test_a_file_that_is_not_a_result(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "trade-off.json"
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="is not a result"):
            results.read(path)
        with pytest.raises(ConfigError, match="is not a trade-off"):
            tradeoff.read(tmp_path)

    def test_a_failed_write_leaves_the_earlier_file(self, tmp_path: Path) -> None:
        before: Result = result("transfer-a", (7,), n=7)
        path = before.write(tmp_path)
        (tmp_path / "transfer-a.json.tmp").mkdir()
        with pytest.raises(SinkError, match=r"transfer-a.json: cannot be written \(.*\); give another --out"):
            result("transfer-a", (7, 7), n=7).write(tmp_path)
        assert results.read(path) == before
