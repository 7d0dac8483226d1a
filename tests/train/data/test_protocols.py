"""The protocols: sizes of both sides, no person on both, and the leakage of the paper's split."""

from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError
from train.data import ckplus, protocols
from train.data.datasets import FaceSet
from train.data.protocols import FOLDS, Split

LABELS = ("anger", "fear")


def faces(names: list[str], classes: list[int] | None = None) -> FaceSet:
    n = len(names)
    chosen = classes or [i % 2 for i in range(n)]
    return FaceSet(np.zeros((n, 48, 48), np.uint8), np.eye(2, dtype=np.float32)[chosen], LABELS, tuple(names))


def people(count: int, frames: int = 3) -> FaceSet:
    """One sequence and one class per person; not sorted by name."""
    numbers = np.random.default_rng(0).permutation(count)
    names = [f"anger/S{p:03}_001_{frame:08}.png" for p in numbers for frame in range(frames)]
    return faces(names, [i // frames % 2 for i in range(len(names))])


class TestByImage:
    def test_four_fifths_of_each_class_are_learned_from(self) -> None:
        some = faces([f"{i}.png" for i in range(110)], [0] * 100 + [1] * 10)
        split = protocols.by_image(some, 0)
        assert split.name == "seed 0"
        np.testing.assert_array_equal(np.bincount(some.classes()[split.train]), [80, 8])
        np.testing.assert_array_equal(split.test, ~split.train)

    def test_a_seed_is_one_parting_and_another_seed_another(self) -> None:
        some = people(20)
        again = [protocols.by_image(some, seed).test for seed in (0, 0, 1)]
        np.testing.assert_array_equal(again[0], again[1])
        assert (again[0] != again[2]).any()

    def test_a_class_without_images_is_allowed(self) -> None:
        assert protocols.by_image(faces(["a", "b", "c", "d", "e"], [0] * 5), 0).train.sum() == 4

    @pytest.mark.data
    def test_the_papers_numbers(self, data: Path) -> None:
        real = ckplus.load_ckplus(data / "ckplus48.zip")
        shares = []
        for seed in range(5):
            split = protocols.by_image(real, seed)
            assert (split.train.sum(), split.test.sum()) == (785, 196)
            shares.append(protocols.sibling_share(real, split))
        # both siblings of a frame are in the test set with probability 0.2 * 0.2
        assert np.mean(shares) == pytest.approx(0.96, abs=0.01)


class TestByPerson:
    def test_no_person_is_on_both_sides_and_every_image_is_tested_once(self) -> None:
        nobody_twice(people(23))

    def test_every_tenth_of_the_sorted_persons(self) -> None:
        some = people(23)
        split = protocols.by_person(some, 2)
        assert split.name == "fold 2"
        tested = {name[6:10] for name, chosen in zip(some.names, split.test, strict=True) if chosen}
        assert tested == {"S002", "S012", "S022"}

    def test_a_name_without_a_person(self) -> None:
        some = faces([*people(12).names, "anger/selfie.png"])
        with pytest.raises(ConfigError, match=r"anger/selfie\.png: the name has no person"):
            protocols.by_person(some, 0)

    def test_fewer_persons_than_folds(self) -> None:
        with pytest.raises(ConfigError, match="9 persons are too few for 10 folds"):
            protocols.by_person(people(9), 0)

    @pytest.mark.data
    def test_on_ckplus(self, data: Path) -> None:
        real = ckplus.load_ckplus(data / "ckplus48.zip")
        nobody_twice(real)
        assert protocols.sibling_share(real, protocols.by_person(real, 0)) == 0


def nobody_twice(some: FaceSet) -> None:
    """Over all folds; parses the persons independently of the code under test."""
    persons = np.array([name.rpartition("/")[2].split("_")[0] for name in some.names])
    tested = np.zeros(len(some), dtype=int)
    for fold in range(FOLDS):
        split = protocols.by_person(some, fold)
        assert split.test.any()
        assert not set(persons[split.train]) & set(persons[split.test])
        assert (split.train | split.test).all()
        tested += split.test
    np.testing.assert_array_equal(tested, 1)


class TestSiblings:
    def test_by_hand(self) -> None:
        """Test images: one with a sibling in training, one with a sibling in the test set, one without a sequence."""
        names = ["S001_001_00000001", "S001_001_00000002", "S002_001_00000001", "S002_001_00000002", "a", "b"]
        train = np.array([True, False, False, False, False, True])
        split = Split("seed 0", train, np.array([False, True, True, False, True, False]))
        assert protocols.sibling_share(faces(names), split) == pytest.approx(1 / 3)

    def test_another_sequence_of_the_same_person_is_no_sibling(self) -> None:
        names = ["S001_001_00000001", "S001_002_00000001"]
        split = Split("seed 0", np.array([True, False]), np.array([False, True]))
        assert protocols.sibling_share(faces(names), split) == 0

    def test_a_face_on_both_sides_is_no_split(self) -> None:
        with pytest.raises(ValueError, match="a face is on both sides"):
            Split("seed 0", np.array([True, False]), np.array([True, True]))
