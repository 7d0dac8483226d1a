"""Timing networks side by side: the sums by a clock of ours, the files by running them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime import preprocess
from realtime.errors import ConfigError, WeightsNotFound
from realtime.labels import LABELS
from realtime.model.session import Session
from realtime.model.spec import ModelSpec
from tests.tiny_models import write_left_right
from tests.train_data import patterns, settled
from train.judging import speed
from train.judging.speed import FULL, INT8, Candidate, Speed
from train.network import models

FACES = np.stack([preprocess.prepare(image) for image in patterns(16).images])


def ticking(*milliseconds: float) -> Callable[[], float]:
    """A clock by which calls last as long as given, again and again."""

    def times() -> Iterator[float]:
        now = 100.0
        for duration in itertools.cycle(milliseconds):
            yield now
            now += duration / 1000
            yield now

    return times().__next__


@pytest.fixture
def candidate(tmp_path: Path) -> Candidate:
    return Candidate("linear", FULL, write_left_right(tmp_path / "linear.onnx"))


def test_median_and_p95_are_of_single_calls_and_a_face(candidate: Candidate) -> None:
    durations = tuple(range(1, 21))  # 1 to 20 ms
    (alone,) = speed.measure([candidate], FACES, batches=[1], threads=[1], rounds=4, repeats=5, clock=ticking(*durations))
    size = round(candidate.path.stat().st_size / 1e6, 2)
    assert alone == Speed("linear", FULL, 1, 1, 20, median_ms=10.5, p95_ms=19.05, size_mb=size)
    (many,) = speed.measure([candidate], FACES, batches=[10], threads=[1], rounds=4, repeats=5, clock=ticking(*durations))
    assert (many.batch, many.n, many.median_ms, many.p95_ms) == (10, 20, 1.05, 1.905)


def test_every_setting_has_a_row_in_order(candidate: Candidate) -> None:
    other = Candidate("other", INT8, candidate.path)
    found = speed.measure([candidate, other], FACES[:3], batches=[1, 4], threads=[1, 2], rounds=2, repeats=1)
    settings = [(1, 1), (1, 4), (2, 4)]  # one face is read by one thread
    assert [(row.network, row.threads, row.batch) for row in found] == [
        (name, *setting) for name in ("linear", "other") for setting in settings
    ]
    assert all(row.n == 2 and 0 < row.median_ms <= row.p95_ms for row in found)


def test_networks_take_turns_and_the_first_call_of_a_turn_is_not_counted(tmp_path: Path, candidate: Candidate) -> None:
    calls: list[str] = []

    class Listening(Session):
        def run(self, batch: np.ndarray) -> np.ndarray:
            calls.append(self.path.stem)
            return super().run(batch)

    other = Candidate("other", FULL, write_left_right(tmp_path / "other.onnx"))
    settings = {"batches": [1], "threads": [1], "rounds": 10, "repeats": 3}
    found = speed.measure([candidate, other], FACES, **settings, open_session=Listening)
    turns = [calls[start : start + 4] for start in range(0, len(calls), 4)]
    assert all(len(set(turn)) == 1 for turn in turns)
    rounds = [{turns[i][0], turns[i + 1][0]} for i in range(0, len(turns), 2)]
    assert rounds == [{"linear", "other"}] * 10
    assert {turn[0] for turn in turns[::2]} == {"linear", "other"}  # neither always goes first
    assert [row.n for row in found] == [30, 30]


def test_a_batch_that_needs_more_faces_begins_again(candidate: Candidate) -> None:
    batches: list[np.ndarray] = []

    class Listening(Session):
        def run(self, batch: np.ndarray) -> np.ndarray:
            batches.append(batch)
            return super().run(batch)

    speed.measure([candidate], FACES[:3], batches=[5], threads=[1], rounds=1, repeats=1, open_session=Listening)
    np.testing.assert_array_equal(batches[0], preprocess.normalise(FACES[[0, 1, 2, 0, 1]]))


@pytest.mark.parametrize("nothing", [{"rounds": 0}, {"repeats": 0}, {"batches": [1, 0]}, {"threads": [0]}])
def test_measuring_nothing_is_refused(candidate: Candidate, nothing: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="at least one round"):
        speed.measure([candidate], FACES, **nothing)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="face"):
        speed.measure([candidate], FACES[:0])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match=r"none\.onnx"):
        speed.measure([Candidate("none", FULL, tmp_path / "none.onnx")], FACES)


@pytest.mark.parametrize(
    "name",
    [
        "googlenet",
        "mobilenetv3",
        pytest.param("resnet50-224", marks=pytest.mark.slow),
        pytest.param("vgg16", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
def test_int8_of_every_network_is_small_runs_and_says_much_the_same(name: str, tmp_path: Path) -> None:
    network = settled(models.build(name, len(LABELS), max_pool=True, seed=0), preprocess.normalise(FACES))
    full, small = speed.write_candidates(network, ModelSpec(name), FACES, tmp_path)
    assert [(file.network, file.precision, file.path.name) for file in (full, small)] == [
        (name, FULL, f"{name}.onnx"),
        (name, INT8, f"{name}-int8.onnx"),
    ]
    with torch.inference_mode():
        exact = network(torch.from_numpy(preprocess.normalise(FACES))).numpy()
    rough = Session(small.path, threads=1).run(preprocess.normalise(FACES))
    # how a face differs from the mean face: little in an untrained network, so that rounding shows (0.6 for resnet50, 48 or
    # 224 pixels); unrelated answers give 0 with a standard deviation of 0.09
    exact, rough = exact - exact.mean(axis=0), rough - rough.mean(axis=0)
    assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.5
    found = speed.measure([full, small], FACES, batches=[2], threads=[1], rounds=1, repeats=1)
    assert found[1].size_mb < 0.33 * found[0].size_mb  # a fifth of the convolutions stay in float
