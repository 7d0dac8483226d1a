"""Rows run split by split, resume, and never mix data or methods."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError
from tests.train_data import patterns
from train.data.datasets import FaceSet
from train.reproduce import methods, results, rows, run
from train.reproduce.methods import Solution, Task
from train.reproduce.results import SplitResult
from train.reproduce.rows import Row
from train.reproduce.run import Settings

LABELS = ("happiness", "surprise", "anger")


@dataclass
class Oracle:
    """A method that knows the truth except for the test images in `blind_to`, and records its tasks."""

    blind_to: frozenset[str] = frozenset()
    name: str = "oracle"
    tasks: list[Task] = field(default_factory=list)

    def solve(self, task: Task) -> Solution:
        self.tasks.append(task)
        assert not set(task.train.names) & set(task.test.names)
        probs = np.eye(len(task.test.labels), dtype=np.float32)[task.test.classes()]
        for row, name in enumerate(task.test.names):
            if name in self.blind_to:
                probs[row] = np.roll(probs[row], 1) * 0.9 + probs[row] * 0.1
        return Solution(probs)

    def words(self) -> str:
        return self.name


def people(persons: int = 12) -> FaceSet:
    """Every person has a sequence of three images of each class, named as CK+ names them."""
    faces = patterns(persons * 9, LABELS)
    names = [""] * len(faces)
    for row in range(len(faces)):
        person, rest = divmod(row, 9)
        frame, label = divmod(rest, 3)
        names[row] = f"{LABELS[label]}/S{person:03d}_{label + 1:03d}_{frame:08d}.png"
    return dataclasses.replace(faces, names=tuple(names))


def settings(out: Path, faces: FaceSet | None = None, *, quick: bool = False) -> Settings:
    return Settings(faces or people(), out, Path("none.onnx"), quick, "python -m train.reproduce")


def row(method: methods.Method, protocol: str = "B", splits: tuple[int, ...] = (0, 1, 2)) -> Row:
    return Row("a-row", "Part", "a row", protocol, splits, method)


def do(line: Row, shared: Settings) -> list[SplitResult]:
    """Runs a row; returns the reported splits."""
    told: list[SplitResult] = []
    run.run(line, shared, told.append, lambda *_: None)
    return told


def test_every_split_is_run_and_kept(tmp_path: Path) -> None:
    told = do(row(Oracle()), settings(tmp_path))
    assert [split.split for split in told] == ["fold 0", "fold 1", "fold 2"]
    assert all(split.accuracy == 1 for split in told)
    kept = results.read(tmp_path / "results" / "a-row.json")
    assert list(kept.splits) == told
    assert (kept.protocol, kept.labels, kept.method) == ("B", LABELS, "oracle")
    assert kept.data_sha256 == people().manifest_sha256()


def test_a_stopped_row_goes_on(tmp_path: Path) -> None:
    class Stops(Oracle):
        def solve(self, task: Task) -> Solution:
            if task.number == 2:
                raise KeyboardInterrupt
            return super().solve(task)

    with pytest.raises(KeyboardInterrupt):
        do(row(Stops()), settings(tmp_path))
    second = Oracle()
    told = do(row(second), settings(tmp_path))
    assert [task.number for task in second.tasks] == [2]
    assert [split.split for split in told] == ["fold 2"]
    assert [split.split for split in results.read(tmp_path / "results" / "a-row.json").splits] == ["fold 0", "fold 1", "fold 2"]


def test_a_finished_row_is_not_run_again(tmp_path: Path) -> None:
    do(row(Oracle()), settings(tmp_path))
    again = Oracle()
    assert do(row(again), settings(tmp_path)) == []
    assert again.tasks == []


def test_sequences_are_judged_by_the_mean_of_their_frames(tmp_path: Path) -> None:
    """One blind frame of three changes the image's figure, not the sequence's; two change both."""
    one, two = "anger/S000_003_00000001.png", "happiness/S000_001_0000000{}.png"
    blind = frozenset({one, two.format(0), two.format(1)})
    (told,) = do(row(Oracle(blind), splits=(0,)), settings(tmp_path))
    assert (told.n, told.right) == (18, 15)
    assert (told.sequences, told.sequences_right) == (6, 5)


@pytest.mark.parametrize(
    ("protocol", "name", "learned", "tested"), [("A", "seed 1", 87, 21), ("B", "fold 1", 90, 18), ("C", "all", 0, 108)]
)
def test_protocols(tmp_path: Path, protocol: str, name: str, learned: int, tested: int) -> None:
    (told,) = do(row(Oracle(), protocol, (1,)), settings(tmp_path))
    assert (told.split, told.train_pictures, told.n) == (name, learned, tested)
    assert (told.sibling_share > 0.5) == (protocol == "A")


def test_other_methods_and_other_data_are_not_mixed(tmp_path: Path) -> None:
    do(row(Oracle(), splits=(0,)), settings(tmp_path))
    with pytest.raises(ConfigError, match=r"a-row.json: differs in its method \(oracle instead of guess\); remove it"):
        do(row(Oracle(name="guess")), settings(tmp_path))
    with pytest.raises(ConfigError, match="differs in its data"):
        do(row(Oracle()), settings(tmp_path, people(13)))


def test_quick_takes_one_split_of_few_images(tmp_path: Path) -> None:
    faces = people(40)
    oracle = Oracle()
    (told,) = do(row(oracle, "A"), settings(tmp_path, faces, quick=True))
    (task,) = oracle.tasks
    assert len(task.train) == len(task.test) == methods.QUICK_IMAGES
    assert set(np.bincount(task.train.classes())) == {9, 10}
    assert told.split == "seed 0"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(ConfigError, match="cannot create the folder"):
        do(row(Oracle()), settings(tmp_path))


class TestRows:
    def test_names_are_unique_and_tell_the_protocol(self) -> None:
        names = [line.name for line in rows.ROWS]
        assert len(set(names)) == len(names)
        for line in rows.ROWS:
            assert line.protocol in rows.PROTOCOLS
            assert line.name.endswith(f"-{line.protocol.lower()}") or line.protocol == "C"

    def test_rows_are_found_in_the_order_of_the_table(self) -> None:
        assert [line.name for line in rows.find(["scratch-a", "transfer-a"])] == ["transfer-a", "scratch-a"]
        assert not any(line.optional for line in rows.find([]))
        assert rows.find(["imagenet-a"])[0].optional
        with pytest.raises(ConfigError, match="unknown row 'nope'; known rows: transfer-a, scratch-a"):
            rows.find(["nope"])

    def test_the_paper_s_parameters(self) -> None:
        (transfer, scratch) = rows.find(["transfer-a", "scratch-a"])
        assert scratch.method.words() == "resnet50 from scratch; adam 0.0001, batch 8, 8 epochs; equalized pictures"
        assert transfer.method.words() == scratch.method.words().replace("scratch", "the FER+ network")
        assert [line.published.accuracy for line in (transfer, scratch) if line.published] == [0.9949, 0.9541]

    def test_no_two_rows_do_the_same(self) -> None:
        done = [(line.protocol, line.method.words()) for line in rows.ROWS]
        assert len(set(done)) == len(done)
