"""One's own faces: reading the folder, and dividing it by person, recording or segment."""

from pathlib import Path

import numpy as np
import pytest

from realtime.crops import folder
from realtime.errors import ConfigError
from realtime.labels import LABELS
from tests.train_data import save, write_faces
from train.data import personal


def groups(mine: personal.Personal, rows: np.ndarray, by: str) -> set[str]:
    values = {"person": "person", "recording": "source_sha256"}
    return {getattr(mine.entries[row], values[by]) for row in rows}


def test_the_folder_is_read(tmp_path: Path) -> None:
    mine = personal.load(write_faces(tmp_path), LABELS)
    assert len(mine.faces) == len(mine.entries) == 48
    assert mine.faces.labels == LABELS
    assert [LABELS[index] for index in mine.faces.classes()] == [entry.label for entry in mine.entries]
    assert mine.missing == 0


def test_deleted_images_are_left_out(tmp_path: Path) -> None:
    write_faces(tmp_path)
    for path in (tmp_path / "A").rglob("*.png"):
        path.unlink()
    mine = personal.load(tmp_path, LABELS)
    assert {entry.person for entry in mine.entries} == {"B", "C"}
    assert mine.missing == 16


@pytest.mark.parametrize("by", ["person", "recording"])
def test_groups_stay_whole_and_each_face_is_judged_once(tmp_path: Path, by: str) -> None:
    mine = personal.load(write_faces(tmp_path), LABELS)
    folds = personal.divide(mine, by, 5)
    assert len(folds) == 3 if by == "person" else len(folds) == 5
    assert sorted(np.concatenate([fold.rows for fold in folds])) == list(range(48))
    for fold in folds:
        others = np.setdiff1d(np.arange(48), fold.rows)
        assert not groups(mine, fold.rows, by) & groups(mine, others, by)
        assert set(fold.train.names).isdisjoint(fold.val.names)


def test_the_way_to_divide_follows_from_what_there_is(tmp_path: Path) -> None:
    assert personal.way(personal.load(write_faces(tmp_path / "3"), LABELS)) == "person"
    assert personal.way(personal.load(write_faces(tmp_path / "2", persons="AB"), LABELS)) == "recording"
    alone = personal.load(write_faces(tmp_path / "1", persons="A", recordings=1), LABELS)
    assert personal.way(alone) == "segment"
    assert len(personal.divide(alone, "segment", 5)) == 4
    with pytest.raises(ConfigError, match="all faces are of one person, so none can be held out"):
        personal.divide(alone, "person", 5)


def test_near_copies_of_what_is_judged_are_not_learned_from(tmp_path: Path) -> None:
    write_faces(tmp_path)
    entries = folder.read(tmp_path)
    twin = next(entry for entry in entries if entry.person == "B")
    (tmp_path / twin.file).write_bytes((tmp_path / entries[0].file).read_bytes())
    for fold in personal.divide(personal.load(tmp_path, LABELS), "person", 3):
        assert not {entries[0].file, twin.file} <= {*fold.train.names, *fold.val.names}


def test_what_cannot_be_learned_from_is_one_line(tmp_path: Path) -> None:
    write_faces(tmp_path)
    with pytest.raises(ConfigError, match="has the expression happiness, which the network does not have"):
        personal.load(tmp_path, ("neutral", "fear"))
    image = tmp_path / folder.read(tmp_path)[0].file
    save(image, np.zeros((20, 20), np.uint8))
    with pytest.raises(ConfigError, match="is no gray image of 48x48"):
        personal.load(tmp_path, LABELS)
    for path in tmp_path.rglob("*.png"):
        path.unlink()
    with pytest.raises(ConfigError, match="has 0 faces of 0 expressions; cut faces of at least two"):
        personal.load(tmp_path, LABELS)
