"""Accuracy and milliseconds per face of several files."""

import json
from pathlib import Path

import pytest

from tests.tiny_models import write_always
from tests.train_data import patterns, write_ferplus
from train import compare

TRAIN, VAL = patterns(16, seed=0), patterns(32, seed=1)


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    data, votes = write_ferplus(tmp_path, TRAIN, VAL)
    return ["--data", str(data), "--votes", str(votes), "--rounds", "1"]


def test_every_file_is_judged_and_timed(tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    files = [write_always(tmp_path / "glad.onnx", "happiness"), write_always(tmp_path / "cross-int8.onnx", "anger")]
    out = tmp_path / "compared.json"
    assert compare.main([*map(str, files), *data, "--json", str(out)]) == 0
    told = json.loads(out.read_text(encoding="utf-8"))
    assert [each["file"] for each in told["files"]] == ["glad.onnx", "cross-int8.onnx"]
    for each, precision in zip(told["files"], ("fp32", "int8"), strict=True):
        assert each["n"] == len(VAL)
        assert each["accuracy"] == each["balanced_accuracy"] == 1 / 8  # one class of eight is always named
        settings = {(speed["batch"], speed["threads"]) for speed in each["speeds"]}
        assert settings == {(batch, threads) for batch in (1, 4, 16) for threads in (1, 2) if threads <= batch}
        assert {speed["precision"] for speed in each["speeds"]} == {precision}
        assert min(speed["median_ms"] for speed in each["speeds"]) > 0
    assert told["command"].startswith("python -m train.compare ")
    assert capsys.readouterr().out.count("0.1250") == 4


@pytest.mark.parametrize(
    ("files", "words", "code", "message"),
    [
        (["a.onnx", "sub/a.onnx"], [], 2, "different names"),
        (["a.onnx", "nowhere.onnx"], [], 4, "nowhere.onnx"),
        (["a.onnx"], ["--rounds", "0"], 2, "at least one round"),
        (["a.onnx"], ["--json", "/dev/null/x.json"], 5, "cannot be written"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path,
    data: list[str],
    files: list[str],
    words: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_always(tmp_path / "a.onnx")
    assert compare.main([*(str(tmp_path / name) for name in files), *data, *words]) == code
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
