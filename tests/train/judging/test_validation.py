"""python -m train.evaluate --set: validation parts of joined sets, on networks whose answers are known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.labels import LABELS, NO_FACE
from realtime.model.spec import ModelSpec
from tests.tiny_models import write_always, write_linear
from tests.train_data import write_sets
from train import evaluate
from train.data import lineage, sets
from train.judging import floors, validation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture
def happy(tmp_path: Path) -> Path:
    """A network that is sure of happiness whatever it sees."""
    return write_always(tmp_path / "happy.onnx")


def run(model: Path, folder: Path, name: str, *words: str) -> dict[str, Any]:
    out = model.parent / "out.json"
    assert evaluate.main([str(model), "--data", str(folder), "--set", name, "--json", str(out), *words]) == 0
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def denying(path: Path) -> Path:
    """A network that takes everything for no face."""
    bias = np.zeros(9, np.float32)
    bias[8] = 10
    spec = ModelSpec.of_outputs("no", (*LABELS, NO_FACE))
    return write_linear(path, np.zeros((48 * 48, 9), np.float32), bias, spec)


def test_every_set_has_its_figures(happy: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(happy, folder, "all")
    assert found["command"].startswith(f"python -m train.evaluate {happy} --data")
    assert len(found["model_sha256"]) == 64
    by_name = {each["set"]: each for each in found["sets"]}
    assert list(by_name) == ["publictest", "rafdb", "cfee", "ckplus", "false-positives"]
    publictest = by_name["publictest"]
    assert (publictest["n"], publictest["accuracy"], publictest["balanced_accuracy"]) == (8, 1 / 8, 1 / 8)
    assert publictest["recall"] == [0, 1, 0, 0, 0, 0, 0, 0]
    assert publictest["recall_95"][1] == pytest.approx([0.2065, 1], abs=1e-4)
    assert publictest["accuracy_95"][0] < 1 / 8 < publictest["accuracy_95"][1]
    assert publictest["precision_95"][0] is None
    assert by_name["cfee"]["accuracy"] == 1  # its only target
    assert publictest["risk_coverage"][0] == {"threshold": 0.25, "coverage": 1, "risk": 7 / 8}
    assert publictest["trained_on"] is None
    wrong = by_name["false-positives"]
    assert (wrong["labelled"]["share"], wrong["denied"]["share"]) == (1, 0)
    assert wrong["labelled_by_kind"]["indoor"]["n"] == wrong["n"]
    assert "accuracy" not in wrong
    assert "false-positives: denied 0.0 %" in capsys.readouterr().out


def test_a_network_that_denies_labels_nothing(tmp_path: Path, folder: Path) -> None:
    found = run(denying(tmp_path / "no.onnx"), folder, "all")
    assert found["no_face_output"] is True
    assert [each["denied"]["share"] for each in found["sets"]] == [1] * 5
    assert [each["labelled"]["share"] for each in found["sets"]] == [0] * 5


def test_the_file_says_how_much_of_a_set_it_was_trained_on(happy: Path, folder: Path) -> None:
    entry = next(entry for entry in sets.SETS if entry.name == "rafdb")
    parts = sets.load(entry, folder)
    some = sets.concatenate(
        [parts.train.where(np.arange(len(parts.train)) < 7), parts.val.where(np.arange(len(parts.val)) < 2)]
    )
    lineage.write(happy, lineage.images_of(some))
    (rafdb,) = run(happy, folder, "rafdb")["sets"]
    assert rafdb["training_part"] == {"n": len(parts.train), "trained_on": 7}
    assert rafdb["trained_on"] == 2


def test_risk_is_drawn_and_floors_are_written(happy: Path, folder: Path) -> None:
    golden = happy.parent / "golden.json"
    run(happy, folder, "all", "--figures", str(happy.parent), "--floors", str(golden))
    assert (happy.parent / "happy--risk-by-set.png").stat().st_size > 5000
    entry = floors.read(golden)["networks"]["happy.onnx"]
    assert entry["sets"]["publictest"]["accuracy"]["measured"] == 0.125
    assert list(entry["sets"]) == list(validation.ENTRIES)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "cfee"], "cfee48.npz is missing; ask the authors of CFEE"),
        (["--set", "all"], "fer2013.csv.xz is missing; ask Kaggle"),
        (["--set", "false-positives"], "not_faces48.npz is missing; run the cascade"),
        (["--set", "all", "--votes", "v.csv", "--split", "test"], "leave --votes, --split out"),
        (["--floors", "f.json"], "--figures and --floors need --set"),
        (["--set", "all", "--mirrored", "--floors", "f.json"], "leave --mirrored out"),
    ],
)
def test_mistakes_are_one_line(
    happy: Path, tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([str(happy), "--data", str(tmp_path / "none"), *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
