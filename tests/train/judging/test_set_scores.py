"""Figures set by set: labels judged among the expressions alone, false positives by whether they get a label."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from train.data.datasets import FaceSet
from train.data.sets import CLASSES
from train.judging import set_scores


def faces(*names: str, classes: list[int]) -> FaceSet:
    return FaceSet(np.zeros((len(names), 48, 48), np.uint8), np.eye(9, dtype=np.float32)[classes], CLASSES, names)


def probs(*rows: dict[int, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[row.get(column, 0.0) for column in range(9)] for row in rows], np.float32)


def test_each_set_has_its_own_figures() -> None:
    judged = faces("a/1", "a/2", "a/3", "x/1", "x/2", "x/3", "x/4", classes=[0, 0, 1, 8, 8, 8, 8])
    said = probs(
        {0: 0.9, 8: 0.1},
        {1: 0.3, 0: 0.1, 8: 0.6},  # denied, and wrong
        {1: 1.0},
        {8: 1.0},
        {0: 0.6, 8: 0.4},  # labelled
        {0: 0.3, 1: 0.3, 8: 0.4},  # a face without a label
        {2: 0.2, 8: 0.8},
    )
    first, second = set_scores.score(said, judged)
    assert (first.set, first.n, second.set, second.n) == ("a", 3, "x", 4)
    assert (first.denied, first.accuracy, first.balanced_accuracy) == pytest.approx((1 / 3, 2 / 3, 0.75))
    assert first.neutral_recall == 0.5
    assert first.nll == pytest.approx(-(0 + math.log(0.25) + 0) / 3, abs=1e-5)
    assert (second.denied, second.labelled) == pytest.approx((0.5, 0.5))
    assert math.isnan(second.accuracy)


def test_epochs_are_added_to_the_file(tmp_path: Path) -> None:
    judged = faces("a/1", classes=[0])
    for epoch in (1, 2):
        set_scores.append(tmp_path, epoch, set_scores.score(probs({0: 1.0}), judged))
    with (tmp_path / set_scores.NAME).open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["set"], row["accuracy"]) for row in rows] == [("1", "a", "1.0"), ("2", "a", "1.0")]
