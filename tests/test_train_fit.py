"""python -m train.fit from files to a checkpoint."""

from pathlib import Path

import pytest

from tests.train_data import patterns, recipe, tiny, write_ferplus
from train import checkpoint, fit, manifest, models, recipes


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command line that trains the tiny network."""
    monkeypatch.setitem(models.NETWORKS, "tiny", tiny)
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe(epochs=1))
    pictures, votes = write_ferplus(tmp_path, patterns(24), patterns(8, seed=1))
    return ["tiny", "--data", str(pictures), "--votes", str(votes), "--out", str(tmp_path / "run")]


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
    assert "holds a run; give --resume" in capsys.readouterr().err
    assert fit.main([*words, "--resume"]) == 0


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, "nope", "no recipe 'nope'"),
        (2, "none.csv", "none.csv: cannot be read"),
        (6, "/dev/null/run", "cannot be made a folder"),
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


def test_ctrl_c_says_how_to_go_on(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fit.Trainer, "run", interrupt)
    assert fit.main(words) == 130
    assert "--resume" in capsys.readouterr().err
