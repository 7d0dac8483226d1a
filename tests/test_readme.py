"""Checks the README: CI runs its commands, and its Python example works."""

import re
import shutil
from pathlib import Path

import cv2
import pytest

from tests.conftest import ROOT
from tests.demo import CLIP, demo_frame

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_ci_runs_the_two_commands() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    first, second = (command.strip() for command in blocks("bash")[:2])
    assert first == "pip install . && fer-cam --demo"
    assert second == 'pip install -e ".[dev]" && pytest'
    for command in (first, second):
        install, use = command.split(" && ")
        pattern = re.escape(install).replace("install", "install(?: -q)?", 1) + " && " + re.escape(use) + r"(\s|$)"
        assert re.search(pattern, ci, flags=re.MULTILINE), command


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    example = next(block for block in blocks("python") if "Recognizer" in block)
    shot = demo_frame(85)
    x1, y1, x2, y2 = shot.boxes_xyxy[0].astype(int)
    cv2.imwrite(str(tmp_path / "group.jpg"), shot.image)
    cv2.imwrite(str(tmp_path / "face.png"), shot.image[y1:y2, x1:x2])
    shutil.copy(CLIP, tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("happiness ")
    assert len(lines) == 1 + 724 + 1
    assert lines[-1] == "('happiness',)"


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_links_exist(link: str) -> None:
    assert (ROOT / link).exists()


def test_named_files_exist() -> None:
    for name in re.findall(r"`((?:realtime|train|tests|weights|benchmarks)/[\w./-]+)`", README):
        assert (ROOT / name).exists(), name


def test_the_paper_s_numbers_are_those_of_the_results_page() -> None:
    section = README.partition("## The paper, run again")[2].partition("\n## ")[0]
    shares = re.findall(r"\d+\.\d+(?= %)", section)
    page = (ROOT / "train" / "REPRODUCTION.md").read_text(encoding="utf-8")
    assert len(shares) >= 6
    assert [share for share in shares if share not in page] == []
