"""The guide `extending`: the smallest example of every kind of part, run as it stands there."""

import argparse
import itertools
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import pytest

from realtime.records import Header, to_line
from tests import builders, demo
from tests.pages import GUIDES, blocks, run_examples

GUIDE = GUIDES["extending"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("extending")


@pytest.fixture(scope="module")
def names(folder: Path) -> dict[str, Any]:
    """What the examples define, run in a folder with six images."""
    for index, image in enumerate(itertools.islice(demo.frames(), 6)):
        cv2.imwrite(str(folder / f"frame-{index}.png"), image)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return run_examples("extending")


def example(text: str) -> str:
    """The block with this text in it."""
    return next(block for block in blocks(GUIDE, "python") if text in block)


def test_the_sink_has_twelve_lines_and_writes_the_changes(names: dict[str, Any], folder: Path) -> None:
    block = example("class ChangesSink")
    assert len(block[block.index("class ChangesSink") :].splitlines()) == 12
    lines = (folder / "changes.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "0.0 s: face 1 is neutral"
    assert re.fullmatch(r"[12]\.\d s: face 1 is happiness", lines[-1])


def test_the_view_keeps_the_newest_image(names: dict[str, Any], folder: Path) -> None:
    shown, plain = cv2.imread(str(folder / "live.png")), demo.demo_frame(14).image
    assert shown is not None
    assert shown.shape == plain.shape
    assert (shown != plain).any()


def test_the_source_gives_its_images_as_a_film(
    names: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    exec(compile(example("film = TimeLapse"), "extending.md", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["0", "1", "2", "3", "4", "5"]
    assert lines[-1] == "5 [1]"


def test_the_command_prints_the_shares(names: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = builders.run_info()
    path = tmp_path / "run.jsonl"
    text = "".join(to_line(record, run) + "\n" for record in (Header(run, None, None), builders.summary()))
    path.write_text(text, encoding="utf-8")
    parser = argparse.ArgumentParser()
    names["add_options"](parser)
    assert names["main"](parser.parse_args([str(path)])) == 0
    assert capsys.readouterr().out.splitlines()[:3] == ["neutral     75%", "happiness   25%", "surprise     0%"]


def test_the_places_that_it_names_are_there() -> None:
    places = re.findall(r"`(\w+)` (?:of|in) `(realtime/[\w/]+)\.py`", GUIDE)
    assert len(places) == 3
    for name, path in places:
        assert hasattr(import_module(path.replace("/", ".").removesuffix(".__init__")), name)
