"""The faces of a run: votes, confirmed own labels of FER2013, and CK+'s training persons."""

from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError
from realtime.labels import LABELS, PAPER_LABELS
from tests.train_data import encoded, noise_image, patterns, recipe, save, write_ferplus, write_zip
from train.data import datasets, lineage, sets, training_data
from train.data.datasets import FaceSet
from train.data.manifest import Manifest, subject_of

PERSONS = 12
PERSONS_HELD_OUT = {"S000", "S005", "S010"}


@pytest.fixture
def ckplus(tmp_path: Path) -> Path:
    """Twelve persons with two frames of one expression each, in an unsorted order."""
    entries = {}
    for person in reversed(range(PERSONS)):
        label = PAPER_LABELS[person % len(PAPER_LABELS)]
        for frame in (1, 2):
            name = f"CK+48/{label}/S{person:03}_001_{frame:08}.png"
            entries[name] = encoded(noise_image(1000 + 10 * person + frame))
    return write_zip(tmp_path / "ckplus48.zip", entries)


@pytest.fixture
def table(tmp_path: Path) -> tuple[Path, Path]:
    return write_ferplus(tmp_path, patterns(24), patterns(8, seed=1))


def subjects(faces: FaceSet) -> set[str]:
    return {subject_of(name) for name in faces.names} - {""}


def test_every_fifth_person_is_held_out(ckplus: Path) -> None:
    learned, held_out = sets.learned_persons(ckplus), sets.held_out_persons(ckplus)
    assert subjects(held_out) == PERSONS_HELD_OUT
    assert subjects(learned) == {f"S{person:03}" for person in range(PERSONS)} - PERSONS_HELD_OUT
    assert (len(learned), len(held_out)) == (18, 6)


def test_their_classes_are_among_the_eight(ckplus: Path) -> None:
    faces = sets.learned_persons(ckplus)
    assert faces.labels == LABELS
    for name, index, target in zip(faces.names, faces.classes(), faces.targets, strict=True):
        assert name.startswith(f"{LABELS[index]}/")
        assert target.sum() == 1


def test_extra_images_come_as_often_as_the_recipe_says(table: tuple[Path, Path], ckplus: Path) -> None:
    found = training_data.gather(recipe(extra_repeats=3), *table, ckplus)
    assert (len(found.train), found.extra, found.copies, len(found.val)) == (24 + 3 * 18, 18, 0, 8)
    assert found.train.names[:24] == tuple(f"Training/{row}" for row in range(24))
    names = [name for name in found.train.names if subject_of(name)]
    assert {names.count(name) for name in names} == {3}
    assert not subjects(found.train) & PERSONS_HELD_OUT


def test_manifest_and_lineage_know_the_extra_images(table: tuple[Path, Path], ckplus: Path) -> None:
    plain = training_data.gather(recipe(), *table)
    found = training_data.gather(recipe(extra_repeats=1), *table, ckplus)
    assert found.train.manifest_sha256() != plain.train.manifest_sha256()
    assert {row.subject for row in Manifest.of(train=found.train).rows} == {""} | subjects(sets.learned_persons(ckplus))
    seen = lineage.images_of(found.train)
    assert np.isin(lineage.images_of(sets.learned_persons(ckplus)), seen).all()
    assert not np.isin(lineage.images_of(sets.held_out_persons(ckplus)), seen).any()
    with pytest.raises(ConfigError, match="was trained on 18 of the 18"):
        lineage.refuse_seen(seen, sets.learned_persons(ckplus), "it")


def test_recipe_and_command_line_agree_on_extra_images(table: tuple[Path, Path], ckplus: Path) -> None:
    with pytest.raises(ConfigError, match="recipe tiny takes no extra images: omit --extra"):
        training_data.gather(recipe(), *table, ckplus)
    with pytest.raises(ConfigError, match=r"recipe tiny needs extra images: give --extra ckplus48\.zip"):
        training_data.gather(recipe(extra_repeats=2), *table)


def test_own_labels_count_where_two_annotators_saw_them_too() -> None:
    """Five rows: fear with votes, fear without, disgust with votes, anger with votes, and fear among unknown votes."""
    votes = np.zeros((5, 8), dtype=np.float32)
    neutral, anger, disgust, fear = (LABELS.index(label) for label in ("neutral", "anger", "disgust", "fear"))
    votes[0, [neutral, fear]] = 0.6, 0.4
    votes[1, neutral] = 1
    votes[2, [anger, disgust]] = 0.8, 0.2
    votes[3, [neutral, anger]] = 0.5, 0.5
    votes[4, [neutral, fear]] = 0.2, 0.3  # half said unknown
    names = tuple(f"Training/{row}" for row in range(5))
    faces = FaceSet(patterns(5).images, votes, LABELS, names)
    labels = ("anger", "disgust", "fear", "neutral")
    own = np.eye(4, dtype=np.float32)[
        [labels.index(label) for label in ("neutral", "fear", "anger", "disgust", "fear", "fear")]
    ]
    others = FaceSet(patterns(6).images, own, labels, ("Training/9", *reversed(names)))
    moved = training_data.with_own_labels(faces, others, 0.25, ("disgust", "fear")).targets
    assert moved[0, [neutral, fear]] == pytest.approx([0.45, 0.55])
    assert moved[1] == pytest.approx(votes[1])
    assert moved[2, [anger, disgust]] == pytest.approx([0.6, 0.4])
    assert moved[3] == pytest.approx(votes[3])
    assert moved[4, [neutral, fear]] == pytest.approx([0.3, 0.7])
    assert faces.targets[0, fear] == pytest.approx(0.4), "the original is untouched"


def test_a_recipe_with_own_labels_reads_them(tmp_path: Path) -> None:
    """write_ferplus gives every image emotion 6, neutral, and votes for one class only."""
    table = write_ferplus(tmp_path, patterns(24), patterns(8, seed=1))
    changes = {"own_label_weight": 0.25, "own_label_classes": ("neutral",)}
    moved = training_data.gather(recipe(**changes), *table).train
    np.testing.assert_array_equal(moved.targets, patterns(24).targets)  # only neutral rows have a vote for neutral


def test_joining_wants_the_same_classes() -> None:
    with pytest.raises(ValueError, match="different classes"):
        training_data.join(patterns(8), patterns(7, PAPER_LABELS), 1)


@pytest.mark.data
def test_the_real_persons_are_apart(data: Path) -> None:
    learned, held_out = (load(data / "ckplus48.zip") for load in (sets.learned_persons, sets.held_out_persons))
    everybody = sorted(subjects(learned) | subjects(held_out))
    assert subjects(held_out) == set(everybody[::5])
    assert (len(everybody), len(subjects(held_out))) == (118, 24)
    assert not subjects(learned) & subjects(held_out)
    assert len(learned) + len(held_out) == 981
    assert not datasets.near_copies(learned, of=held_out).any()
    assert not np.isin(lineage.images_of(held_out), lineage.images_of(learned)).any()
    assert set(held_out.classes()) == set(range(1, 8)), "every class but neutral can be judged"


def test_fer2013s_own_labels(table: tuple[Path, Path]) -> None:
    found = training_data.gather(recipe(), table[0], labels=training_data.FER2013)
    assert (len(found.train), len(found.val), found.judged_on) == (24, 8, "PublicTest")
    assert "contempt" not in found.train.labels
    assert "own labels" in found.about


class TestFolders:
    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        """Nine training images, one of them also in validation, and two more validation images of two classes."""
        for i in range(9):
            save(tmp_path / f"mine/train/{('happy', 'sad', 'angry')[i % 3]}/{i}.png", noise_image(i))
        for i, label in ((0, "happy"), (20, "happy"), (21, "sad")):
            save(tmp_path / f"mine/test/{label}/{i}.png", noise_image(i))
        return tmp_path / "mine"

    def test_the_test_split_judges_where_there_is_no_validation(self, tree: Path) -> None:
        found = training_data.gather(recipe(), tree, labels=training_data.FOLDER)
        assert (len(found.train), found.copies, len(found.val)) == (8, 1, 3)
        assert found.train.labels == found.val.labels == ("happiness", "sadness", "anger")
        assert (found.about, found.judged_on) == ("mine/train", "mine/test")
        (tree / "test").rename(tree / "validation")
        assert training_data.gather(recipe(), tree, labels=training_data.FOLDER).judged_on == "mine/validation"

    def test_unusable_folders(self, tree: Path, ckplus: Path) -> None:
        with pytest.raises(ConfigError, match="recipe tiny needs FER"):
            training_data.gather(recipe(own_label_weight=0.5), tree, labels=training_data.FOLDER)
        with pytest.raises(ConfigError, match="omit --extra"):
            training_data.gather(recipe(), tree, extra=ckplus, labels=training_data.FOLDER)
        save(tree / "test" / "fear" / "1.png", noise_image(30))
        with pytest.raises(ConfigError, match="mine/test has the class fear, which mine/train does not have"):
            training_data.gather(recipe(), tree, labels=training_data.FOLDER)
        with pytest.raises(ConfigError, match="has no split folders; training needs train and validation"):
            training_data.gather(recipe(), tree / "train", labels=training_data.FOLDER)
        with pytest.raises(ConfigError, match="needs --votes"):
            training_data.gather(recipe(), tree)
