"""Floors: margins by hand, what passes, what a new network changes in the file."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from realtime.labels import LABELS
from realtime.model.classifier import Classifier
from tests.tiny_models import write_always
from train.judging import floors, metrics, predictions, selective
from train.judging.floors import Floor
from train.judging.intervals import Share
from train.judging.validation import SetFigures, TrainingPart


def figures(right: int, n: int = 80, name: str = "rafdb") -> SetFigures:
    """A set of n faces, the eight classes in turn; the first `right` are read right, the others as the next class."""
    truth = np.arange(n) % 8
    said = np.where(np.arange(n) < right, truth, (truth + 1) % 8)
    probs = np.full((n, 8), 0.01, np.float32)
    probs[np.arange(n), said] = 0.93
    scores = metrics.score(probs, truth, LABELS)
    curve = selective.risk_coverage(probs, truth)
    return SetFigures(name, "made up", n, Share(0, n), Share(n, n), {}, scores, curve, TrainingPart(0, None), None)


def false_positives(labelled: int) -> SetFigures:
    none = TrainingPart(0, None)
    return SetFigures("false-positives", "made up", 300, Share(0, 300), Share(labelled, 300), {}, None, None, none, None)


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return predictions.open_classifier(write_always(tmp_path / "net.onnx"))


def test_margins_by_hand() -> None:
    by_figure = {floor.figure: floor for floor in floors.derive(figures(64), no_face=True)}
    assert by_figure["accuracy"] == Floor("accuracy", 0.8, round(0.8 - 3 * math.sqrt(floors.CHANGED / 80), 4))
    assert by_figure["recall neutral"].bound == pytest.approx(0.8 - 3 * math.sqrt(floors.CHANGED / 10), abs=1e-4)
    # eight classes of ten: the root of the sum of eight times CHANGED / 10, by eight
    assert by_figure["balanced_accuracy"].bound == pytest.approx(0.8 - 3 * math.sqrt(8 * floors.CHANGED / 10) / 8, abs=1e-4)
    assert by_figure["ece"].bound > by_figure["ece"].measured
    assert by_figure["denied"].bound == pytest.approx(3 * math.sqrt(floors.CHANGED / 80), abs=1e-4)
    assert "denied" not in {floor.figure for floor in floors.derive(figures(64), no_face=False)}
    (labelled,) = floors.derive(false_positives(30), no_face=True)
    assert labelled.bound == pytest.approx(0.1 + 3 * math.sqrt(floors.CHANGED_FALSE_POSITIVES / 300), abs=1e-4)


def test_worse_figures_miss_their_floors() -> None:
    set_by = floors.derive(figures(64), no_face=False)
    assert floors.missed(set_by, figures(64), no_face=False) == []
    wrong = floors.missed(set_by, figures(40), no_face=False)
    assert wrong[0] == "rafdb: accuracy 0.5000 is worse than 0.7665"
    assert {line.split(" ")[1] for line in wrong} == {"accuracy", "balanced_accuracy", "macro_f1", "ece", "recall"}
    assert floors.missed(floors.derive(false_positives(6), no_face=True), false_positives(60), no_face=True) != []


def test_the_file_keeps_other_sets_and_names_lower_floors(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    assert floors.update(path, classifier, [figures(64), false_positives(6)], "first") == []
    lowered = floors.update(path, classifier, [figures(40)], "second")
    assert any(line.startswith("rafdb: accuracy 0.7665 -> 0.4665") for line in lowered)
    entry = floors.read(path)["networks"]["net.onnx"]
    assert (entry["command"], list(entry["sets"])) == ("second", ["rafdb", "false-positives"])
    assert floors.of_set(entry["sets"]["rafdb"]) == floors.derive(figures(40), no_face=False)
    assert floors.update(path, classifier, [figures(64)], "third") == []


def test_other_weights_of_the_same_name_begin_anew(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    floors.update(path, classifier, [figures(64), replace(figures(64), name="cfee")], "first")
    (tmp_path / "other").mkdir()
    other = predictions.open_classifier(write_always(tmp_path / "other" / "net.onnx", "fear"))
    floors.update(path, other, [figures(64)], "second")
    assert list(floors.read(path)["networks"]["net.onnx"]["sets"]) == ["rafdb"]
