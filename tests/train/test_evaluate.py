"""Evaluation through the live program's classifier."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from realtime.datatypes import Scores
from realtime.errors import ConfigError
from realtime.model.classifier import Classifier
from realtime.model.spec import ModelSpec
from tests.train_data import noise_image, patterns, tiny, unsettled, votes, write_fer2013, write_ferplus, write_votes
from train import evaluate
from train.data.datasets import FaceSet
from train.judging import inference, metrics, predictions, tables
from train.network import onnx_graph

SEVEN = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")


def judge(classifier: Classifier, faces: FaceSet) -> metrics.Scorecard:
    """Figures of a network on labelled faces, by the pieces that the command is made of."""
    return metrics.score(predictions.predict(classifier, faces).probs, faces.classes(), faces.labels)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    onnx_graph.to_onnx(unsettled(tiny(8)), ModelSpec(name="tiny"), path)
    return path


def test_the_live_path_gives_what_torch_gives(model: Path) -> None:
    faces = patterns(70)
    network = tiny(8)
    onnx_graph.load_into(network, model)
    scores = predictions.predict(predictions.open_classifier(model), faces)
    np.testing.assert_allclose(scores.probs, inference.predict(network, faces.images), atol=1e-4)
    assert scores.labels == faces.labels


def test_masking_is_conditioning_on_the_classes_there_are() -> None:
    scores = Scores(np.array([[0.5, 0.3, 0.2], [0.0, 0.0, 1.0]], np.float32), ("a", "b", "c"))
    masked = predictions.restrict(scores, ("b", "a"))
    np.testing.assert_allclose(masked.probs, [[0.375, 0.625], [0.5, 0.5]], atol=1e-6)
    assert masked.labels == ("b", "a")
    assert predictions.restrict(scores, ("a", "b", "c")) is scores
    with pytest.raises(ConfigError, match="class 'd', which the network does not know"):
        predictions.restrict(scores, ("a", "d"))


def test_fer2013_labels_mask_contempt(model: Path, tmp_path: Path) -> None:
    rows = [(i % 7, noise_image(i), "PublicTest") for i in range(14)]
    faces = evaluate.load("fer2013", write_fer2013(tmp_path / "fer2013.csv", rows), None, "PublicTest")
    assert faces.labels == SEVEN
    scores = judge(predictions.open_classifier(model), faces)
    assert scores.n == 14
    assert scores.support.tolist() == [2] * 7
    assert scores.confusion.shape == (7, 7)


def test_ferplus_means_majority_rows(tmp_path: Path) -> None:
    data = write_fer2013(tmp_path / "fer2013.csv", ((6, noise_image(i), "PublicTest") for i in range(2)))
    counts = write_votes(tmp_path / "votes.csv", [votes(neutral=5, sadness=5), votes(neutral=6, sadness=4)])
    assert evaluate.load("ferplus", data, counts, "PublicTest").names == ("PublicTest/1",)
    with pytest.raises(ConfigError, match="needs --votes"):
        evaluate.load("ferplus", data, None, "PublicTest")


def test_the_report_shows_every_figure() -> None:
    probs = np.array([[0.8, 0.1, 0.1]] * 3 + [[0.1, 0.8, 0.1]] * 3, np.float32)
    scores = metrics.score(probs, np.array([0, 0, 0, 0, 1, 1]), ("neutral", "happiness", "surprise"))
    console = Console(record=True, width=100)
    tables.show_scores(scores, "tiny.onnx on PublicTest", console)
    lines = [" ".join(line.replace("│", " ").split()) for line in console.export_text().splitlines()]
    assert lines[0] == "tiny.onnx on PublicTest"
    assert "n 6 accuracy 0.8333 balanced accuracy 0.8750 macro-F1 0.8286 NLL 0.5697 ECE 0.0333 (15 bins)" in lines
    assert "neutral 4 0.750 1.000 0.857" in lines
    assert "surprise 0 - - -" in lines
    assert "neutral 3 1 0" in lines


class TestCommand:
    @pytest.fixture
    def data(self, tmp_path: Path) -> list[str]:
        data, counts = write_ferplus(tmp_path, patterns(8), patterns(16, seed=1))
        return ["--data", str(data), "--votes", str(counts)]

    def test_json_names_command_split_and_network(
        self, model: Path, data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "report.json"
        words = [str(model), *data, "--json", str(out)]
        assert evaluate.main(words) == 0
        report = json.loads(out.read_text())
        assert report["command"] == " ".join(["python -m train.evaluate", *words])
        assert report["model_sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
        assert (report["model"], report["split"], report["data_labels"], report["n"]) == (
            "tiny.onnx",
            "PublicTest",
            "ferplus",
            16,
        )
        wanted = judge(predictions.open_classifier(model), patterns(16, seed=1))
        assert report["accuracy"] == wanted.accuracy
        assert report["confusion"] == wanted.confusion.tolist()
        printed = capsys.readouterr().out
        assert f"accuracy {wanted.accuracy:.4f}" in printed

    def test_other_labels_and_splits(self, model: Path, data: list[str], tmp_path: Path) -> None:
        out = tmp_path / "report.json"
        assert evaluate.main([str(model), *data[:2], "--labels", "fer2013", "--split", "Training", "--json", str(out)]) == 0
        report = json.loads(out.read_text())
        assert report["n"] == 8
        assert report["support"] == [8, 0, 0, 0, 0, 0, 0]
        assert report["recall"][1:] == [None] * 6

    @pytest.mark.parametrize(
        ("words", "code", "message"),
        [
            (["none.onnx"], 4, "none.onnx"),
            (["MODEL", "--data", "none.csv"], 2, "none.csv: cannot be read"),
            (["MODEL", "--json", "/dev/null/report.json"], 5, "cannot be written"),
            (["MODEL", "--split", "PrivateTest"], 2, "'PrivateTest'"),
        ],
    )
    def test_mistakes_are_one_line(
        self, model: Path, data: list[str], words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first, *more = (str(model) if word == "MODEL" else word for word in words)
        assert evaluate.main([first, *data, *more]) == code
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1
