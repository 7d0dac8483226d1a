"""`fer-cam evaluate` and `fer-cam bench` lead to `train` and `benchmarks`, where those are."""

from pathlib import Path

import pytest

from realtime import cli
from realtime.commands import doors
from realtime.errors import ConfigError


@pytest.mark.parametrize(
    ("command", "module", "text"),
    [
        ("evaluate", "train.evaluate", "the following arguments are required: --data"),
        ("bench", "benchmarks.latency", "argument --frames: invalid int value: 'many'"),
    ],
)
def test_every_word_is_passed_on(command: str, module: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [command, "model.onnx"] if command == "evaluate" else [command, "--sizes", "640x360", "--frames", "many"]
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert f"python -m {module}: error: {text}" in capsys.readouterr().err


def test_the_exit_code_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(tmp_path / "missing.onnx"), "--data", str(tmp_path)]) == 4
    assert "missing.onnx" in capsys.readouterr().err


def test_without_a_checkout_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    with pytest.raises(ConfigError, match=r"comes with the source of fer-cam alone.*pip install -e '\.\[train\]'"):
        doors.open_door("train.evaluate", "train", [], root=tmp_path)


def test_a_folder_of_the_same_name_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "evaluate.py").write_text("raise SystemExit('wrong')")
    with pytest.raises(ConfigError, match="get a checkout"):
        doors.open_door("train.evaluate", "train", [], root=tmp_path)


def test_other_commands_take_no_unknown_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--never"]) == 2
    assert "unrecognized arguments: --never" in capsys.readouterr().err
