"""The README tells the truth: its commands are the ones that CI runs, its Python runs, its numbers have their files."""

import json
import re
from pathlib import Path

import cv2
import pytest

from tests.conftest import ROOT
from tests.demo import demo_frame, frames
from tests.pages import README, blocks, section

WINDOW = ROOT / "realtime" / "guides" / "window.jpg"


def test_it_can_be_read_in_one_go() -> None:
    assert len(README.splitlines()) < 150


def test_ci_runs_the_two_commands() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    first, second = (command.strip() for command in blocks(README, "bash")[:2])
    assert first == "pip install . && fer-cam --demo"
    assert second == 'pip install -e ".[dev]" && pytest'
    for command in (first, second):
        install, use = command.split(" && ")
        pattern = re.escape(install).replace("install", "install(?: -q)?", 1) + " && " + re.escape(use) + r"(\s|$)"
        assert re.search(pattern, ci, flags=re.MULTILINE), command


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    example = next(block for block in blocks(README, "python") if "Recognizer" in block)
    assert len(example.splitlines()) <= 12
    cv2.imwrite(str(tmp_path / "group.jpg"), demo_frame(85).image)
    clip = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 30, (640, 480))
    for _, image in zip(range(12), frames(), strict=False):
        clip.write(image)
    clip.release()
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("happiness ")
    assert len(lines) == 1 + 12
    assert lines[-1] == "[(1, 'neutral')]"


def test_named_files_exist() -> None:
    for name in re.findall(r"`((?:realtime|train|tests|weights|benchmarks)/[\w./-]+)`", README):
        assert (ROOT / name).exists(), name


def test_every_result_stands_in_a_file_that_its_command_wrote() -> None:
    rows = re.findall(r"\| \[`(python -m [\w.]+)`\]\(([^)]+)\) \|$", section(README, "Results"), flags=re.MULTILINE)
    assert len(rows) >= 6
    for command, path in rows:
        result = json.loads((ROOT / path).read_text(encoding="utf-8"))
        assert result["command"].startswith(f"{command} "), path


def test_the_paper_s_numbers_are_those_of_the_results_page() -> None:
    rows = [line for line in section(README, "Results").splitlines() if "train.reproduce" in line]
    page = (ROOT / "train" / "REPRODUCTION.md").read_text(encoding="utf-8")
    shares = [share for row in rows for share in re.findall(r"\d+\.\d+(?= %)", row)]
    assert len(shares) == 4
    assert [share for share in shares if share not in page] == []


def test_the_image_of_the_window_is_small() -> None:
    image = cv2.imread(str(WINDOW))
    assert image is not None
    assert image.shape == (720, 960, 3)
    assert WINDOW.stat().st_size < 200_000
