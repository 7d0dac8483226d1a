"""From a checkpoint to ONNX files: values, spec, and both files or neither."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from realtime import preprocess
from realtime.errors import ConfigError, SinkError
from realtime.labels import LABELS
from realtime.model.session import Session
from tests.train_data import (
    encoded,
    faces,
    logits,
    noise_image,
    patterns,
    plain,
    recipe,
    save,
    tiny,
    write_ferplus,
    write_zip,
)
from train import evaluate, export, fit, recipes
from train.data import lineage, sets, training_data
from train.data.datasets import FaceSet
from train.data.sets import CLASSES
from train.judging import predictions
from train.learning import checkpoint, engine
from train.network import models, onnx_graph


def partly_mislabelled(faces: FaceSet) -> FaceSet:
    """Every eighth label is wrong, so that no temperature near 0 is the best."""
    targets = faces.targets.copy()
    targets[::8] = np.roll(targets[::8], 1, axis=1)
    return FaceSet(faces.images, targets, faces.labels, faces.names)


TRAIN, VAL = patterns(48), partly_mislabelled(patterns(32, seed=1, prefix="val"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny network that has learned the patterns."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models.NETWORKS, "tiny", tiny)
        plan = recipe(epochs=15, augmentation="none", learning_rate=0.02, schedule="constant")
        list(engine.Trainer(plan, TRAIN, VAL, folder).run())
    return folder


class TestExport:
    @pytest.fixture(autouse=True)
    def _tiny_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(models.NETWORKS, "tiny", tiny)

    def test_both_files_are_calibrated_described_and_summed(self, run: Path, tmp_path: Path) -> None:
        out = tmp_path / "weights" / "fer.onnx"
        done = export.export(checkpoint.load(run), TRAIN, VAL, out, tau=0.5, int8=True)
        assert [file.path for file in done] == [out, out.with_name("fer-int8.onnx")]
        assert sorted(path.name for path in out.parent.iterdir()) == ["SHA256SUMS", "fer-int8.onnx", "fer.onnx"]
        lines = (out.parent / "SHA256SUMS").read_text().splitlines()
        sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (out.with_name("fer-int8.onnx"), out)]
        assert lines == [f"{sums[0]}  fer-int8.onnx", f"{sums[1]}  fer.onnx"]
        for file in done:
            spec = Session(file.path, threads=1).spec
            assert spec.name == file.path.stem
            assert spec.labels == TRAIN.labels
            np.testing.assert_array_equal(lineage.read(file.path), lineage.images_of(TRAIN))
            for fact in ("recipe tiny, epoch 15 of 15", TRAIN.manifest_sha256(), "tau 0.5", "32 faces: accuracy"):
                assert fact in spec.provenance
            assert file.agreement >= export.LEAST_AGREEMENT
            assert file.scores.accuracy == 0.875

    def test_the_last_layer_carries_the_calibration(self, run: Path, tmp_path: Path) -> None:
        """The file's logits are (torch's + shift) / temperature, up to the rounding of the weights to 16 bits."""
        saved = checkpoint.load(run)
        (file,) = export.export(saved, TRAIN, VAL, tmp_path / "fer.onnx", tau=0.7)
        raw = logits(export.averaged(saved), faces(32, seed=1))
        shift = -0.7 * np.log(TRAIN.distributions().mean(axis=0))
        told = float(file.scores.nll)
        session = Session(file.path, threads=1)
        temperature = float(session.spec.provenance.split("temperature ")[1].split(",")[0])
        np.testing.assert_allclose(session.run(faces(32, seed=1)), (raw + shift) / temperature, atol=0.02, rtol=0.01)
        assert told == pytest.approx(
            float(
                torch.nn.functional.cross_entropy(
                    torch.from_numpy((raw + shift) / temperature).float(), torch.from_numpy(VAL.classes())
                )
            ),
            abs=0.01,
        )

    def test_averaged_weights_are_exported(self, run: Path) -> None:
        saved = checkpoint.load(run)
        averaged = export.averaged(saved).state_dict()
        assert all(torch.equal(averaged[name], saved.average[f"module.{name}"]) for name in averaged)
        assert not torch.equal(averaged["conv1.weight"], saved.model["conv1.weight"])

    def refused(self, run: Path, tmp_path: Path, message: str, **options: Any) -> None:
        (tmp_path / "fer.onnx").write_bytes(b"an earlier file")
        with pytest.raises(ConfigError, match=message):
            export.export(checkpoint.load(run), TRAIN, VAL, tmp_path / "fer.onnx", **options)
        assert [path.name for path in tmp_path.iterdir()] == ["fer.onnx"]
        assert (tmp_path / "fer.onnx").read_bytes() == b"an earlier file"

    def test_nothing_is_written_when_torch_and_onnx_disagree(self, run: Path, tmp_path: Path) -> None:
        class Shifted(Session):
            def run(self, batch: np.ndarray) -> np.ndarray:
                return super().run(batch) + np.float32(2e-4)

        self.refused(run, tmp_path, r"torch and ONNX differ by 2\.\de-04", open_session=Shifted)

    def test_a_network_that_gives_nan_is_refused(self, run: Path, tmp_path: Path) -> None:
        class Nowhere(Session):
            def run(self, batch: np.ndarray) -> np.ndarray:
                return super().run(batch) * np.float32(np.nan)

        self.refused(run, tmp_path, "differ by nan", open_session=Nowhere)

    def test_nothing_is_written_when_int8_gives_other_labels(self, run: Path, tmp_path: Path) -> None:
        message = r"int8 gives \d+\.\d% of the faces the same label as full precision, less than 101%"
        self.refused(run, tmp_path, message, int8=True, least_agreement=1.01)

    def test_other_faces_than_it_was_trained_on_are_refused(self, run: Path, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="the data is not what the network was trained on"):
            export.export(checkpoint.load(run), patterns(48, seed=5), VAL, tmp_path / "fer.onnx")

    def test_a_folder_that_cannot_be_written(self, run: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SinkError, match="give another --out"):
            export.export(checkpoint.load(run), TRAIN, VAL, tmp_path / "file" / "fer.onnx")

    def test_the_command(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setitem(
            recipes.RECIPES, "tiny", recipe(epochs=10, augmentation="none", schedule="constant", learning_rate=0.02)
        )
        data, votes = write_ferplus(tmp_path, TRAIN, VAL)
        data = ["--data", str(data), "--votes", str(votes)]
        out, report = tmp_path / "weights" / "fer.onnx", tmp_path / "report.json"
        assert fit.main(["tiny", *data, "--out", str(tmp_path / "run")]) == 0
        assert export.main([str(tmp_path / "run"), "--out", str(out), *data]) == 0
        assert "MB; PublicTest: accuracy" in capsys.readouterr().err.replace("\n", " ")
        assert evaluate.main([str(out), *data, "--json", str(report)]) == 0
        judged = json.loads(report.read_text())
        assert f"accuracy {judged['accuracy']:.4f}" in Session(out, threads=1).spec.provenance
        assert export.main([str(tmp_path / "nothing"), "--out", str(out), *data]) == 2
        assert "no checkpoint here" in capsys.readouterr().err

        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        assert export.main([str(tmp_path / "run"), "--out", str(out), *data], interrupt) == 130
        assert "nothing was written" in capsys.readouterr().err

    def test_a_tree_of_class_folders_from_end_to_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(recipes.RECIPES, "tiny", recipe(epochs=2, augmentation="none"))
        for part, some in (("train", TRAIN), ("validation", VAL)):
            for row in range(24):
                label = ("happy", "fear")[int(some.classes()[row]) % 2]
                save(tmp_path / "mine" / part / label / f"{row}.png", some.images[row])
        data = ["--data", str(tmp_path / "mine"), "--labels", "folder"]
        out, report = tmp_path / "weights" / "two.onnx", tmp_path / "report.json"
        assert fit.main(["tiny", *data, "--out", str(tmp_path / "run")]) == 0
        assert export.main([str(tmp_path / "run"), "--out", str(out), *data]) == 0
        spec = Session(out, threads=1).spec
        assert spec.labels == ("happiness", "fear")
        assert "24 faces of mine/train, " in spec.provenance
        assert "mine/validation, 24 faces: accuracy" in spec.provenance
        assert evaluate.main([str(out), *data, "--split", "train", "--json", str(report)]) == 0
        assert json.loads(report.read_text())["trained_on"] == 24

    def test_extra_images_and_settled_statistics_reach_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The file gives the run's predictions, with batch norm statistics over the recorded images."""
        plan = recipe(epochs=3, augmentation="none", learning_rate=0.02, extra_repeats=3, statistics_pictures=16)
        monkeypatch.setitem(recipes.RECIPES, "tiny", plan)
        table, votes = write_ferplus(tmp_path, TRAIN, VAL)
        persons = {f"CK+48/fear/S{i:03}_001_00000001.png": encoded(noise_image(500 + i)) for i in range(5)}
        extra = write_zip(tmp_path / "ckplus48.zip", persons)
        data = ["--data", str(table), "--votes", str(votes), "--extra", str(extra)]
        out = tmp_path / "fer.onnx"
        assert fit.main(["tiny", *data, "--out", str(tmp_path / "run")]) == 0
        assert export.main([str(tmp_path / "run"), "--out", str(out), *data[:-2]]) == 2
        assert "recipe tiny needs extra images" in capsys.readouterr().err
        assert export.main([str(tmp_path / "run"), "--out", str(out), *data]) == 0
        provenance = Session(out, threads=1).spec.provenance
        assert f"{len(TRAIN)} faces of FER2013 Training with FER+ votes and 12 of CK+48 (3 times each image)" in provenance
        seen = lineage.read(out)
        assert np.isin(lineage.images_of(sets.learned_persons(extra)), seen).all()
        assert not np.isin(lineage.images_of(sets.held_out_persons(extra)), seen).any()

        faces = training_data.gather(plan, table, votes, extra)
        trainer = engine.Trainer(plan, faces.train, faces.val, tmp_path / "run")
        trainer.resume()
        judged = trainer.predict(faces.val)
        temperature = float(provenance.split("temperature ")[1].split(",")[0])
        said = predictions.predict(predictions.open_classifier(out), faces.val).probs.astype(np.float64) ** temperature
        np.testing.assert_allclose(said / said.sum(axis=1, keepdims=True), judged, atol=0.01)


def test_a_network_that_also_tells_false_positives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a set with a ninth class to a classifier with probabilities over the expressions only."""
    monkeypatch.setitem(models.NETWORKS, "plain", plain)
    known, clear = patterns(90, CLASSES), patterns(72, CLASSES, seed=1, prefix="val/a")
    judged = partly_mislabelled(clear)
    plan = recipe(network="plain", epochs=40, augmentation="none", learning_rate=0.02, schedule="constant")
    (tmp_path / "run").mkdir()
    list(engine.Trainer(plan, known, judged, tmp_path / "run").run())
    assert (tmp_path / "run" / "by_set.csv").exists()
    saved = checkpoint.load(tmp_path / "run")
    (whole,) = export.export(saved, known, judged, tmp_path / "nine.onnx", tau=0.2)
    classifier = predictions.open_classifier(whole.path)
    assert classifier.spec.labels == LABELS
    assert classifier.spec.no_face
    assert onnx_graph.load_labels(whole.path) == CLASSES
    scores = classifier.classify([preprocess.prepare(image) for image in clear.images])
    np.testing.assert_allclose(scores.probs.sum(axis=1), 1, atol=1e-5)
    is_face = clear.classes() < len(LABELS)
    assert scores.face_probs[is_face].mean() > 0.8 > 0.2 > scores.face_probs[~is_face].mean()
    assert whole.scores.n == (judged.classes() < len(LABELS)).sum()
    assert whole.scores.accuracy > 0.7


def test_checksums_keep_the_lines_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text(f"{'1' * 64}  a.onnx\n{'2' * 64}  b.onnx\n")
    (tmp_path / "b.onnx").write_bytes(b"b")
    (tmp_path / "c.onnx").write_bytes(b"c")
    export.update_checksums(tmp_path, ["b.onnx", "c.onnx"])
    b, c = (hashlib.sha256(data).hexdigest() for data in (b"b", b"c"))
    assert (tmp_path / "SHA256SUMS").read_bytes() == f"{'1' * 64}  a.onnx\n{b}  b.onnx\n{c}  c.onnx\n".encode()
