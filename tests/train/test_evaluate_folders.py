"""Evaluation on folders of images, and without copies of training images."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.labels import LABELS
from tests.conftest import ROOT
from tests.demo import demo_frame
from tests.tiny_models import write_left_right, write_linear
from tests.train_data import noise_image, save, write_fer2013
from train import evaluate
from train.data import folders, lineage
from train.judging import predictions


def half(side: str, level: int, row: int = 0) -> NDArray[np.uint8]:
    """An image that is brighter on one side, with fine noise that differs by level; uint8 (48,48)."""
    image = np.random.default_rng(level).integers(0, 40, (48, 48)).astype(np.uint8)
    image[row:, :24] += level * (side == "left")
    image[row:, 24:] += level * (side == "right")
    return image


class TestFolders:
    """Trees of class folders, on a network that says happiness for a bright left half and sadness for a bright right one."""

    @pytest.fixture
    def halves(self, tmp_path: Path) -> Path:
        return write_left_right(tmp_path / "halves.onnx")

    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        """Four images that the network reads right and one it reads wrong, in a split."""
        for i in range(3):
            save(tmp_path / f"faces/Test/happy/{i}.png", half("left", 60 + 40 * i))
        save(tmp_path / "faces/Test/sad/0.png", half("right", 48))
        save(tmp_path / "faces/Test/sad/1.png", half("left", 48))
        return tmp_path / "faces"

    def run(self, words: list[str], tmp_path: Path) -> dict[str, object]:
        out = tmp_path / "report.json"
        assert evaluate.main([*words, "--labels", "folder", "--json", str(out)]) == 0
        report: dict[str, object] = json.loads(out.read_text())
        return report

    def test_images_that_the_network_has_learned_from(
        self, halves: Path, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        known = folders.load_folder(tree, "test").where(np.arange(5) < 2)
        lineage.write(halves, lineage.images_of(known))
        report = self.run([str(halves), "--data", str(tree), "--split", "test"], tmp_path)
        assert (report["n"], report["trained_on"]) == (5, 2)
        others = report["without_trained_on"]
        assert isinstance(others, dict)
        assert (others["n"], others["accuracy"]) == (3, pytest.approx(2 / 3))
        assert "without the 2 images that it was trained on: n 3   accuracy 0.6667" in capsys.readouterr().out

    def test_figures_and_mask(self, halves: Path, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        report = self.run([str(halves), "--data", str(tree), "--split", "test"], tmp_path)
        assert report["confusion"] == [[3, 0], [1, 1]]
        assert (report["accuracy"], report["balanced_accuracy"]) == (0.8, 0.75)
        assert (report["labels"], report["split"]) == (["happiness", "sadness"], "test")
        assert report["masked"] == ["neutral", "surprise", "anger", "disgust", "fear", "contempt"]
        printed = capsys.readouterr().out
        assert (
            "halves.onnx on faces/test, folder labels; masked to 2 of 8 classes "
            "(without neutral, surprise, anger, disgust, fear, contempt)\n"
        ) in printed
        assert "Training" not in printed
        assert "no face found" not in printed

    def test_masked_probabilities_by_value(self, tmp_path: Path) -> None:
        logits = np.arange(8, dtype=np.float32)
        network = write_linear(tmp_path / "constant.onnx", np.zeros((48 * 48, 8), np.float32), logits)
        for label in ("anger", "fear", "surprise"):
            save(tmp_path / "faces" / label / "0.png", noise_image(0))
        faces = evaluate.load("folder", tmp_path / "faces", None, None)
        scores = predictions.predict(predictions.open_classifier(network), faces)
        assert scores.labels == ("surprise", "anger", "fear")
        weights = np.exp([2.0, 4.0, 6.0])
        np.testing.assert_allclose(scores.probs, [weights / weights.sum()] * 3, rtol=1e-5)

    def test_all_classes_are_not_masked(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        network = write_linear(tmp_path / "none.onnx", np.zeros((48 * 48, 8), np.float32), np.zeros(8, np.float32))
        for label in LABELS:
            save(tmp_path / "faces" / label / "0.png", noise_image(0))
        assert self.run([str(network), "--data", str(tmp_path / "faces")], tmp_path)["masked"] == []
        assert "none.onnx on faces, folder labels\n" in capsys.readouterr().out

    def test_whole_photographs(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for label, index in (("neutral", 0), ("happy", 70), ("surprise", 167)):
            save(tmp_path / "photos" / label / "frame.png", demo_frame(index).image)
        save(tmp_path / "photos/happy/wall.png", np.full((480, 640), 90, np.uint8))
        network = ROOT / "weights" / "fer-resnet50-int8.onnx"
        report = self.run([str(network), "--data", str(tmp_path / "photos"), "--detect"], tmp_path)
        assert report["confusion"] == np.eye(3, dtype=int).tolist()
        assert (report["n"], report["pictures"], report["without_face"]) == (3, 4, ["happy/wall.png"])
        assert (report["accuracy"], report["accuracy_of_all_pictures"], report["share_without_face"]) == (1, 0.75, 0.25)
        printed = capsys.readouterr().out
        assert "on photos, folder labels, the largest Haar face of each image; masked to 3 of 8 classes" in printed
        assert "no face found: 1 of 4 images (0.2500)" in printed
        assert "accuracy over all images, those without a face counted as wrong: 0.7500" in printed

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--labels", "folder"], "choose one with --split"),
            (["--labels", "folder", "--split", "val"], "has no split 'val'"),
            (["--labels", "folder", "--split", "test", "--detect"], "no face found in any of 5 images"),
            (["--labels", "fer2013", "--detect"], "--detect needs whole photographs (--labels folder)"),
            (
                ["--labels", "fer2013", "--split", "test"],
                "--split test: with --labels fer2013 it is one of PublicTest, PrivateTest",
            ),
        ],
    )
    def test_mistakes_are_one_line(
        self, halves: Path, tree: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert evaluate.main([str(halves), "--data", str(tree), *words]) == 2
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1

    def test_a_single_class_says_nothing(self, halves: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        save(tmp_path / "faces/happy/0.png", noise_image(0))
        assert evaluate.main([str(halves), "--data", str(tmp_path / "faces"), "--labels", "folder"]) == 2
        assert "happiness is its only class" in capsys.readouterr().err


class TestCopies:
    """FER2013 rows on the network of two halves; 3 is happiness and 4 sadness in its emotion column."""

    @staticmethod
    def run(folder: Path, rows: list[tuple[int, NDArray[np.uint8], str]]) -> dict[str, object]:
        network, out = write_left_right(folder / "halves.onnx"), folder / "report.json"
        data = write_fer2013(folder / "fer2013.csv", rows)
        assert evaluate.main([str(network), "--data", str(data), "--labels", "fer2013", "--json", str(out)]) == 0
        report: dict[str, object] = json.loads(out.read_text())
        return report

    def test_figures_without_them(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        tests = [(3, half("left", 90)), (4, half("right", 70)), (3, half("right", 40)), (3, half("left", 60, row=20))]
        near = np.clip(tests[1][1] * 0.9 + 10, 0, 255).astype(np.uint8)
        rows = [(label, image, "PublicTest") for label, image in tests]
        report = self.run(tmp_path, [*rows, (3, tests[0][1], "Training"), (6, near, "Training")])
        assert (report["n"], report["accuracy"], report["copies_of_training"]) == (4, 0.75, 2)
        others = report["without_copies"]
        assert isinstance(others, dict)
        assert (others["n"], others["accuracy"], others["balanced_accuracy"]) == (2, 0.5, 0.5)
        assert others["macro_f1"] == pytest.approx(2 / 3)
        assert (
            "without the 2 images that are (nearly) in Training: "
            "n 2   accuracy 0.5000   balanced accuracy 0.5000   macro-F1 0.6667\n"
        ) in capsys.readouterr().out

    def test_all_or_none_are_copies(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        left, right = half("left", 90), half("right", 70)
        report = self.run(tmp_path, [(3, left, "PublicTest"), (3, left, "Training")])
        assert (report["copies_of_training"], report["without_copies"]) == (1, None)
        assert "without the 1 images that are (nearly) in Training: none is left\n" in capsys.readouterr().out
        report = self.run(tmp_path, [(3, left, "PublicTest"), (4, right, "Training")])
        assert (report["copies_of_training"], report["without_copies"]) == (0, None)
        assert "without the 0 images that are (nearly) in Training: the figures above\n" in capsys.readouterr().out

    def test_a_table_without_training_rows_is_judged_all_the_same(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report = self.run(tmp_path, [(3, half("left", 90), "PublicTest")])
        assert (report["accuracy"], report["copies_of_training"]) == (1, None)
        assert "Training" not in capsys.readouterr().out
