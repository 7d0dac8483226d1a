"""python -m train.groups: who is in which group, and how often each group is read as what."""

import json
from pathlib import Path

import numpy as np
import pytest

from realtime.datatypes import Scores
from realtime.labels import LABELS, NO_FACE
from tests.tiny_models import write_always
from tests.train_data import write_sets
from train import groups
from train.data import lineage, sets, utkface
from train.data.datasets import FaceSet
from train.data.utkface import GroupedFaces


def people(age: list[int], smiling: list[bool], resting: list[bool]) -> GroupedFaces:
    """People of the first group, men and women in turn, all found."""
    n = len(age)
    labels = (*LABELS, NO_FACE)
    faces = FaceSet(np.zeros((n, 48, 48), np.uint8), np.zeros((n, 9), np.float32), labels, tuple(str(i) for i in range(n)))
    return GroupedFaces(
        faces,
        np.array(age, np.int16),
        (np.arange(n) % 2).astype(np.int8),
        np.zeros(n, np.int8),
        np.ones(n, np.bool_),
        np.array(smiling),
        np.array(resting),
    )


def said(*labels: str, face_probs: list[float] | None = None) -> Scores:
    rows = np.full((len(labels), 8), 0.05, np.float32)
    rows[np.arange(len(labels)), [LABELS.index(label) for label in labels]] = 0.65
    return Scores(rows, face_probs=np.array(face_probs or [1] * len(labels), np.float32))


def test_each_group_has_its_shares() -> None:
    crowd = people([9, 10, 29, 30, 76], [True, True, False, False, False], [False, False, True, True, True])
    found = groups.judge(
        said("happiness", "neutral", "neutral", "sadness", "sadness", face_probs=[1, 1, 1, 1, 0.2]),
        crowd,
    )
    by_name = {(group.by, group.name): group for group in found}
    assert list(by_name)[:6] == [
        ("all", "all"),
        ("age", "0-9"),
        ("age", "10-17"),
        ("age", "18-29"),
        ("age", "30-44"),
        ("age", "76+"),
    ]
    everybody = by_name["all", "all"]
    assert (everybody.smiling["happiness"].count, everybody.smiling["happiness"].n) == (1, 2)
    assert (everybody.resting["sadness"].count, everybody.resting["sadness"].n) == (2, 3)
    assert (everybody.denied.count, everybody.labelled.count, everybody.found.n) == (1, 4, 5)
    assert by_name["age", "0-9"].smiling["happiness"].value == 1
    assert by_name["age", "0-9"].resting["neutral"].n == 0
    assert by_name["sex", "female"].found.n == 2
    assert ("group", "Black") not in by_name


def test_only_faces_that_no_network_learns_from_are_read(tmp_path: Path) -> None:
    held_out = utkface.load_held_out(write_sets(tmp_path))
    learned = {name.partition("/")[2] for name in sets.gather(tmp_path, unlabelled=True).train.names}
    assert len(held_out.faces) > 0
    assert not learned & set(held_out.faces.names)
    # the file's ages are four times the number in the name
    assert held_out.age.tolist() == [4 * int(name.removesuffix(".jpg")) for name in held_out.faces.names]


def test_the_command_writes_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = write_always(tmp_path / "net.onnx"), tmp_path / "out.json"
    lineage.write(model, lineage.images_of(utkface.load_held_out(write_sets(tmp_path)).faces))
    words = [str(model), "--data", str(tmp_path), "--json", str(out)]
    assert groups.main(words) == 0
    found = json.loads(out.read_text())
    assert found["command"] == " ".join(("python -m train.groups", *words))
    first = found["groups"][0]
    assert (first["name"], first["labelled"]["share"], first["resting"]["happiness"]["share"]) == ("all", 1, 1)
    assert found["trained_on"] == first["n"]
    assert "smiling" in capsys.readouterr().out


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert groups.main([str(write_always(tmp_path / "net.onnx")), "--data", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "utkface48.npz is missing; ask the authors of UTKFace" in err
    assert err.count("\n") == 1
