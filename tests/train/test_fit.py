"""python -m train.fit from files to a checkpoint."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime.model.spec import ModelSpec
from tests import tiny_fit
from tests.conftest import ROOT
from tests.train_data import encoded, noise_image, patterns, recipe, tiny, write_ferplus, write_zip
from train import fit, recipes
from train.data import lineage, manifest
from train.images import augment
from train.images.augment import Image
from train.learning import checkpoint
from train.network import models, onnx_graph


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command line that trains the tiny network."""
    monkeypatch.setitem(models.NETWORKS, "tiny", tiny)
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe(epochs=1))
    data, votes = write_ferplus(tmp_path, patterns(24), patterns(8, seed=1))
    return ["tiny", "--data", str(data), "--votes", str(votes), "--out", str(tmp_path / "run")]


def test_a_run_leaves_checkpoint_and_metrics(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit.main(words) == 0
    assert checkpoint.load(tmp_path / "run").epoch == 1
    assert (tmp_path / "run" / "metrics.csv").read_text().count("\n") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "24 training faces (0 copies dropped), 8 to validate on" in err
    assert "epoch 1/1  train loss" in err


def test_a_run_leaves_a_manifest_of_the_faces_it_used(words: list[str], tmp_path: Path) -> None:
    write_ferplus(tmp_path, patterns(24), patterns(24).where(patterns(24).classes() == 0))
    assert fit.main(words) == 0
    seen = manifest.read(tmp_path / "run" / "manifest.csv")
    assert [row.split for row in seen.rows] == ["train"] * 21 + ["validation"] * 3
    assert seen.rows[-1].path == "PublicTest/26"
    pixels = [{row.sha256 for row in seen.rows if row.split == split} for split in ("train", "validation")]
    assert not set.intersection(*pixels), "copies are dropped"

    write_ferplus(tmp_path, patterns(24, seed=5), patterns(8, seed=1))
    assert fit.main([*words, "--resume"]) == 2
    assert manifest.read(tmp_path / "run" / "manifest.csv") == seen, "a refused run leaves the manifest of the other"


def test_a_run_is_not_overwritten(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert fit.main(words) == 0
    assert fit.main(words) == 2
    assert "already contains a run; give --resume" in capsys.readouterr().err
    assert fit.main([*words, "--resume"]) == 0


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, "nope", "unknown recipe 'nope'"),
        (2, "none.csv", "none.csv: cannot be read"),
        (6, "/dev/null/run", "cannot create the folder"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    words: list[str], place: int, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words[place] = value
    assert fit.main(words) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_copies_of_the_validation_faces_are_dropped(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ferplus(tmp_path, patterns(24), patterns(24).where(patterns(24).classes() == 0))
    assert fit.main(words) == 0
    assert "21 training faces (3 copies dropped), 3 to validate on" in capsys.readouterr().err


class CtrlC:
    """An augmentation that changes nothing and presses Ctrl-C while the given images, counted from 1, are prepared."""

    def __init__(self, *presses: int) -> None:
        self.presses, self.count = presses, 0

    def __call__(self, face: Image, rng: np.random.Generator) -> Image:
        self.count += 1
        if self.count in self.presses:
            signal.raise_signal(signal.SIGINT)
        return face


@pytest.mark.usefixtures("nothing_left_behind")
def test_ctrl_c_finishes_the_step_and_saves_it(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(augment.AUGMENTATIONS, "ctrl-c", CtrlC(13))  # the fifth image of the second step
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe(epochs=2, augmentation="ctrl-c"))
    assert fit.main(words) == 130
    err = capfd.readouterr().err
    assert "press Ctrl-C again to quit at once" in err
    assert "stopped; continue with --resume" in err
    saved = checkpoint.load(tmp_path / "run")
    assert (saved.epoch, saved.step) == (0, 2)
    assert fit.main([*words, "--resume"]) == 0
    assert "resuming after 0 epochs and 2 of 3 steps" in capfd.readouterr().err
    assert fit.main([*words[:-1], str(tmp_path / "whole")]) == 0
    assert_same_end(tmp_path / "whole", tmp_path / "run")


@pytest.mark.usefixtures("nothing_left_behind")
def test_a_second_ctrl_c_ends_at_once(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(augment.AUGMENTATIONS, "ctrl-c", CtrlC(3, 4))
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe(augmentation="ctrl-c"))
    assert fit.main(words) == 130
    assert "stopped; no checkpoint was written yet" in capfd.readouterr().err
    assert not checkpoint.exists(tmp_path / "run")


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_to_a_process_of_its_own(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_fit.register(monkeypatch.setitem)
    words[0] = "long"
    command = [sys.executable, "-m", "tests.tiny_fit", *words]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while not (line := process.stderr.readline()).startswith("epoch 2/"):
            assert line, "it ended before its second epoch"
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130, rest
    assert "stopped; continue with --resume" in rest
    assert "Traceback" not in rest
    assert 2 <= checkpoint.load(tmp_path / "run").epoch < 25
    assert fit.main([*words, "--resume"]) == 0
    assert fit.main([*words[:-1], str(tmp_path / "whole")]) == 0
    assert_same_end(tmp_path / "whole", tmp_path / "run")


def assert_same_end(one: Path, other: Path) -> None:
    """The weights and metrics.csv of two runs are equal to the bit."""
    mine, theirs = checkpoint.load(one), checkpoint.load(other)
    assert all(torch.equal(value, theirs.model[name]) for name, value in mine.model.items())
    assert all(torch.equal(value, theirs.average[name]) for name, value in mine.average.items())
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()


def test_a_start_that_has_seen_validation_faces_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = tmp_path / "start.onnx"
    onnx_graph.to_onnx(tiny(8), ModelSpec(name="start"), start)
    lineage.write(start, lineage.images_of(patterns(4, seed=1)))
    assert fit.main([*words, "--init", str(start)]) == 2
    assert "start.onnx was trained on 4 of the 8 different test images" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("init", "code", "message"),
    [
        ("imagenet", 2, "no ImageNet weights for 'tiny'"),
        ("webcam", 4, "fer-resnet50-ferplus.onnx does not fit"),
        ("none.onnx", 2, "none.onnx: cannot be read"),
    ],
)
def test_starts_by_name(words: list[str], init: str, code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The names are known: each fails because the tiny network does not fit."""
    assert fit.main([*words, "--init", init]) == code
    assert message in capsys.readouterr().err


def test_extra_images_are_joined_and_reported(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of six persons the first and the last are held out; the four others come twice."""
    entries = {f"CK+48/fear/S{i:03}_001_00000001.png": encoded(noise_image(500 + i)) for i in range(6)}
    extra = write_zip(tmp_path / "ckplus48.zip", entries)
    assert fit.main([*words, "--extra", str(extra)]) == 2
    assert "recipe tiny takes no extra images: omit --extra" in capsys.readouterr().err
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe(epochs=1, extra_repeats=2))
    assert fit.main([*words, "--extra", str(extra)]) == 0
    told = "32 training faces (0 copies dropped), including 4 extra faces 2 times each, 8 to validate on"
    assert told in capsys.readouterr().err
    rows = manifest.read(tmp_path / "run" / "manifest.csv").rows
    assert {row.subject for row in rows if row.split == "train"} == {"", "S001", "S002", "S003", "S004"}
    extra = write_zip(tmp_path / "other.zip", {name: encoded(noise_image(600)) for name in entries})
    assert fit.main([*words, "--extra", str(extra), "--resume"]) == 2
    assert "was trained on other data" in capsys.readouterr().err


def test_teachers_are_named_in_the_recipe(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = tmp_path / "teacher.onnx"
    onnx_graph.to_onnx(tiny(8), ModelSpec(name="teacher"), teacher)
    lineage.write(teacher, lineage.NOTHING)
    taught = [*words, "--teacher", str(teacher)]
    assert fit.main(taught) == 2
    assert "recipe tiny takes no teachers: leave --teacher out" in capsys.readouterr().err
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe(epochs=1, teacher_weight=0.5))
    assert fit.main(words) == 2
    assert "recipe tiny wants teachers: give --teacher FILE, once each" in capsys.readouterr().err
    assert fit.main(taught) == 0
    assert checkpoint.load(tmp_path / "run").recipe.teachers == (hashlib.sha256(teacher.read_bytes()).hexdigest(),)
    lineage.write(teacher, lineage.images_of(patterns(3, seed=7)))
    assert fit.main([*taught, "--resume"]) == 2
    assert "was trained by recipe" in capsys.readouterr().err, "another teacher, another run"


def test_a_corrupt_checkpoint_is_one_line(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit.main(words) == 0
    (tmp_path / "run" / "last.pt").write_bytes(b"hello")
    assert fit.main([*words, "--resume"]) == 2
    assert "not a readable checkpoint" in capsys.readouterr().err
