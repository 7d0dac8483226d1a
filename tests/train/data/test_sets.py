"""Several face sets as one: divided by person or name, without copies, each row with the set it comes from."""

from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError
from realtime.labels import LABELS, NO_FACE
from tests.train_data import CFEE_CATEGORIES, write_sets
from train.data import sets
from train.data.datasets import FaceSet, set_of
from train.data.manifest import Manifest
from train.learning import balance


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def parts(folder: Path) -> sets.Parts:
    return sets.gather(folder, unlabelled=True)


def names_of(faces: FaceSet, wanted: str) -> list[str]:
    return [name for name in faces.names if set_of(name) == wanted]


def test_every_row_has_its_set_and_nine_targets(parts: sets.Parts) -> None:
    assert {set_of(name) for name in parts.train.names} == {entry.name for entry in sets.SETS} | {"between"}
    assert {set_of(name) for name in parts.val.names} == {"ferplus", "rafdb", "cfee", "ckplus", "false-positives"}
    assert parts.train.labels == parts.val.labels == (*LABELS, NO_FACE)


def test_no_person_and_no_photograph_is_on_both_sides(parts: sets.Parts) -> None:
    def persons(faces: FaceSet) -> set[str]:
        return {name.split("/")[1] for name in names_of(faces, "cfee")}

    def photographs(faces: FaceSet) -> set[int]:
        return {int(name.rpartition("/")[2]) // 2 for name in names_of(faces, "false-positives")}

    def subjects(faces: FaceSet) -> set[str]:
        return {row.subject for row in Manifest.of(side=faces).rows} - {""}

    for groups in (persons, photographs, subjects):
        learned, judged = groups(parts.train), groups(parts.val)
        assert min(len(learned), len(judged)) >= 2
        assert not learned & judged


def test_only_basic_expressions_are_judged_on(parts: sets.Parts) -> None:
    assert {name.split("/")[2] for name in names_of(parts.val, "cfee")} == {"Neutral", "Happy"}
    assert {name.split("/")[2] for name in names_of(parts.train, "cfee")} == set(CFEE_CATEGORIES)


def test_copies_of_validation_faces_and_of_earlier_sets_leave_training(parts: sets.Parts) -> None:
    learned = set(names_of(parts.train, "rafdb"))
    assert not learned & {"rafdb/train_00000.jpg", "rafdb/train_00001.jpg"}
    assert len(learned) + len(names_of(parts.val, "rafdb")) + parts.copies == 60
    real = parts.train.where(np.array([set_of(name) != "between" for name in parts.train.names]))
    assert len(set(real.digests())) == len(real)


def test_unlabelled_faces_have_no_target_and_come_only_when_wanted(folder: Path, parts: sets.Parts) -> None:
    rows = np.array([set_of(name) == "utkface" for name in parts.train.names])
    assert rows.sum() == 30 - sets.held_out([f"{i}.jpg" for i in range(30)], 5).sum()
    assert not parts.train.targets[rows].any()
    assert parts.train.targets[~rows].sum(axis=1).all()
    assert not names_of(sets.gather(folder, unlabelled=False).train, "utkface")
    assert {row.label for row in Manifest.of(side=parts.train.where(rows)).rows} == {""}


def test_the_choice_by_hash_never_changes() -> None:
    chosen = sets.held_out([f"train_{i:05}_aligned.jpg" for i in range(1000)], 10)
    assert 70 < chosen.sum() < 130
    assert np.flatnonzero(chosen)[:3].tolist() == [0, 8, 9]


def test_images_between_two_faces_show_at_most_two_thirds_of_either() -> None:
    targets = np.zeros((2, 9), np.float32)
    targets[:, 0] = 1
    pair = FaceSet(
        np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)]), targets, sets.CLASSES, ("a/1", "a/2")
    )
    made = sets.between_faces(pair, 40)
    shares = (made.images == 255).mean(axis=(1, 2))
    assert shares.min() > 16 / 48
    assert shares.max() < 32 / 48
    assert (made.classes() == sets.CLASSES.index(NO_FACE)).all()


def test_each_class_of_each_set_is_drawn_by_the_root_of_its_size() -> None:
    targets = np.zeros((20, 9), np.float32)
    targets[:16, 0] = targets[16:, 1] = 1
    several = FaceSet(np.zeros((20, 48, 48), np.uint8), targets, sets.CLASSES, (*("a/1",) * 16, *("a/2",) * 3, "b/1"))
    expected = np.array([4, np.sqrt(3), 1]) / (4 + np.sqrt(3) + 1)
    prior = balance.prior("sets", several)
    np.testing.assert_allclose(prior[:2], [expected[0], expected[1] + expected[2]], atol=1e-6)


def test_a_missing_or_damaged_set_is_named(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "cfee48.npz").write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"cfee48\.npz.*train/README\.md"):
        sets.gather(tmp_path, unlabelled=False)
    (tmp_path / "cfee48.npz").unlink()
    with pytest.raises(ConfigError, match=r"cfee48\.npz is missing; ask the authors of CFEE .*train/README\.md"):
        sets.gather(tmp_path, unlabelled=False)
