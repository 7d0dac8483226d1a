"""python -m train.fit personal: the whole way from a recording to `--model`, on generated data."""

import json
from pathlib import Path

import numpy as np
import pytest

from realtime import cli
from realtime.labels import LABELS
from realtime.model.spec import ModelSpec
from tests import program
from tests.demo import write_clip
from tests.train_data import patterns, recipe, tiny, write_faces
from train import export, fit, recipes
from train.data import lineage, personal
from train.judging.held_out import Judged
from train.judging.predictions import open_classifier
from train.learning.engine import Trainer
from train.network import models
from train.personal import report


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny network that has seen no face, in place of the shipped one; the recipe trains one like it."""
    monkeypatch.setitem(models.NETWORKS, "tiny", tiny)
    small = recipe(
        name="personal", epochs=6, learning_rate=0.02, trained=("layer3", "fc"), teacher_weight=0.3, augmentation="none"
    )
    monkeypatch.setitem(recipes.RECIPES, "personal", small)
    train, val = patterns(16), patterns(8, seed=1)
    trainer = Trainer(recipe(epochs=1), train, val, tmp_path / "start", checkpoints=False)
    (tmp_path / "start").mkdir()
    list(trainer.run())
    export.export(trainer.state(), train, val, tmp_path / "start.onnx")
    return tmp_path / "start.onnx"


def test_faces_fit_export_and_model(init: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "anna.mp4", 0, 180, size_wh=(320, 240))
    table = tmp_path / "segments.csv"
    rows = ("0,0.5,neutral", "0.5,1,neutral", "1.5,2.5,happy", "2.6,3.6,happy", "4.8,6,surprise")
    table.write_text("start,end,label,person\n" + "".join(f"{row},Anna\n" for row in rows))
    faces, run = tmp_path / "faces", tmp_path / "run"
    words = [str(clip), "--segments", str(table), "--out", str(faces), "--model", str(init), "--every", "0.1"]
    assert cli.main(["faces", *words]) == 0
    assert fit.main(["personal", "--data", str(faces), "--out", str(run), "--init", str(init), "--folds", "2"]) == 0
    out = capsys.readouterr().out
    assert "divided by segment into 2 parts, each judged by a network that knew the person from the same recording" in out
    assert "McNemar's exact test: p = " in out
    data = tmp_path / "out.jsonl"
    more = ["--jsonl", str(data), "--no-display", "--max-frames", "20"]
    assert cli.main([str(clip), "--model", str(run / "personal.onnx"), *more]) == 0
    header, *_ = program.rows(data)
    assert header["model"] == "personal.onnx"
    assert len(program.frames(data)) == 20


def test_the_result_is_honest_and_whole(init: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Halves of images, which the start cannot know, are learned: better, by person."""
    faces, run = write_faces(tmp_path / "faces"), tmp_path / "run"
    assert fit.main(["personal", "--data", str(faces), "--out", str(run), "--init", str(init)]) == 0
    figures = json.loads((run / "personal.json").read_text())
    assert (figures["held_out_by"], figures["folds"], figures["persons"]) == ("person", 3, 3)
    assert (figures["faces"], figures["segments"]) == (48, 24)
    after = figures["after"]["segments"]
    assert after["count"] == figures["before"]["segments"]["count"] + figures["gained"] - figures["lost"]
    assert after["low"] < after["share"] <= after["high"]
    assert sum(each["n"] for each in figures["after"]["by_label"].values()) == 24
    assert figures["verdict"] == "better"
    out = capsys.readouterr().out
    assert f"better than the shipped network: yes; use it: fer-cam --model {run / 'personal.onnx'}" in out
    assert "A.mp4" not in (run / "personal.json").read_text(), "no names of recordings"

    classifier = open_classifier(run / "personal.onnx")
    spec = classifier.spec
    assert spec.labels == LABELS
    assert spec == ModelSpec.of_outputs("personal", LABELS, spec.provenance), "equalized, haar-square, 48x48"
    assert "recipe personal" in spec.provenance
    assert "held out by person" in spec.provenance
    mine = personal.load(faces, LABELS)
    seen = lineage.read(run / "personal.onnx")
    assert lineage.among(mine.faces, seen).all()
    assert np.isin(lineage.read(init), seen).all()


def test_a_set_without_resting_faces_is_warned_of(tmp_path: Path) -> None:
    mine = personal.load(write_faces(tmp_path), LABELS)
    probs = np.full((48, 8), 1 / 8, np.float32)

    def judged(first: int) -> Judged:
        truth = mine.faces.classes() + first
        return Judged("person", 3, truth, mine.segments, probs, probs)

    warning = "no face is labelled neutral"
    assert not [line for line in report(judged(0), mine, tmp_path, 60) if line.startswith(warning)]
    assert report(judged(1), mine, tmp_path, 60)[0].startswith(warning)


def test_faces_that_the_start_has_learned_are_no_test(init: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faces = write_faces(tmp_path / "faces")
    assert fit.main(["personal", "--data", str(faces), "--out", str(tmp_path / "a"), "--init", str(init)]) == 0
    words = ["--data", str(faces), "--out", str(tmp_path / "b"), "--init", str(tmp_path / "a" / "personal.onnx")]
    assert fit.main(["personal", *words]) == 2
    assert "personal.onnx was trained on 16 of the 16 different test images" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_a_network_is_not_overwritten_unasked(init: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "personal.onnx").write_text("mine")
    words = ["personal", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--init", str(init)]
    assert fit.main(words) == 2
    assert "personal.onnx exists; give --overwrite" in capsys.readouterr().err
    assert fit.main([*words, "--overwrite"]) == 2
    assert "faces.csv: cannot be read" in capsys.readouterr().err
    assert (tmp_path / "run" / "personal.onnx").read_text() == "mine"
