"""Verdicts by value, and comparisons on shared splits."""

import pytest

from tests.train_results import result
from train.reproduce.rows import Published
from train.reproduce.verdicts import common_splits, compare, name_splits, verdict


class TestVerdict:
    """195 of 196: the interval goes from 0.97167 to 0.99910."""

    OURS = result("transfer-a", (195,))

    @pytest.mark.parametrize(
        ("published", "says"),
        [
            (0.9716, "ours is higher"),
            (0.9717, "agrees"),
            (0.9949, "agrees"),
            (0.9990, "agrees"),
            (0.9992, "not reproduced: 0.4 points lower"),
        ],
    )
    def test_by_value(self, published: float, says: str) -> None:
        assert verdict(Published(published, "somewhere"), self.OURS) == says

    def test_the_ends_belong_to_the_interval(self) -> None:
        interval = self.OURS.interval()
        assert verdict(Published(interval.low, ""), self.OURS) == "agrees"
        assert verdict(Published(interval.high, ""), self.OURS) == "agrees"

    def test_all_right_agrees_with_100_percent(self) -> None:
        assert verdict(Published(1.0, ""), result("transfer-a", (196,))) == "agrees"

    def test_nothing_published_and_other_data(self) -> None:
        assert verdict(None, self.OURS) == ""
        assert verdict(Published(0.5, "", comparable=False), self.OURS) == "other data: for orientation"


class TestCompare:
    def test_on_the_shared_splits_alone(self) -> None:
        """Of 98 images a fold the first n are right: 96 against 90, 80 against 90; fold 2 has no counterpart."""
        found = compare(result("transfer-b", (96, 80, 1), n=98), result("scratch-b", (90, 90), n=98))
        assert found is not None
        assert (found.splits, found.n, found.won, found.lost) == (("fold 0", "fold 1"), 196, 6, 10)
        assert found.points == pytest.approx(-100 * 4 / 196)

    def test_not_over_protocols_nor_other_images(self) -> None:
        assert compare(result("transfer-a", (5,), n=7), result("transfer-b", (5,), n=7)) is None
        assert compare(result("transfer-b", (5,), n=7), result("scratch-b", (5,), n=14)) is None
        assert compare(result("transfer-b", (), n=7), result("scratch-b", (5,), n=7)) is None

    def test_splits_of_all(self) -> None:
        assert common_splits([result("transfer-b", (1,) * 4), result("scratch-b", (1, 1))]) == ("fold 0", "fold 1")
        assert common_splits([]) == ()

    @pytest.mark.parametrize(
        ("names", "words"),
        [
            (("all",), "all images"),
            (("seed 4",), "seed 4"),
            (("fold 0", "fold 1"), "folds 0 and 1"),
            (("fold 0", "fold 1", "fold 2"), "folds 0 to 2"),
            (("fold 0", "fold 2", "fold 3"), "folds 0, 2 and 3"),
        ],
    )
    def test_names(self, names: tuple[str, ...], words: str) -> None:
        assert name_splits(names) == words
