"""The guides are complete, say each thing once, and their examples run."""

import json
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import pytest

from realtime import cli
from realtime.drawing import hud
from realtime.errors import FerError
from realtime.labels import LABELS
from realtime.recorder import Recorder
from realtime.records import Header, to_line
from realtime.sinks.csv import columns
from realtime.views import window
from tests import builders, demo
from tests.conftest import ROOT
from tests.pages import GUIDES, README, anchors, described, links, pages, run_examples, section

IMAGES = {path.name for path in (ROOT / "realtime" / "guides").glob("*.jpg")}
SHARED = section(GUIDES["commands"], "Every command")
OF_A_COMMAND = [f"fer-cam {name}" for name in cli.COMMANDS]


def offered(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Options and arguments of a command, as its help lists them."""
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    listed = re.findall(r"^  (-.+?|[A-Z]+)(?:  |$)", capsys.readouterr().out, flags=re.MULTILINE)
    return {name for entry in listed for name in re.findall(r"(?<![\w-])--?[a-z][\w-]*|^[A-Z]+$", entry)}


def homes(names: set[str]) -> dict[str, set[str]]:
    """The pages with a table that describes any of the names, and which."""
    found = {page: names & set(described(text)) for page, text in (GUIDES | {"README": README}).items()}
    return {page: there for page, there in found.items() if there}


# complete, and once


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_option_is_described_in_the_section_of_its_command(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new command has a heading `fer-cam NAME` in one of the guides, and a table with its options below it."""
    with_it = [text for text in GUIDES.values() if f"## fer-cam {command}\n" in text]
    assert len(with_it) == 1
    notices = described(section(with_it[0], f"fer-cam {command}"))
    assert sorted(notices) == sorted(offered(command, capsys, monkeypatch) - set(described(SHARED)))


def test_options_are_described_nowhere_else() -> None:
    rest = [README, *GUIDES.values()]
    for heading in (*OF_A_COMMAND, "Every command"):
        rest = [text.replace(section(text, heading), "") if f"## {heading}\n" in text else text for text in rest]
    assert [name for text in rest for name in described(text) if name.startswith("-")] == []


def test_every_key_is_described_once() -> None:
    names = [{" ": "space", window.ESC: "ESC"}.get(key, key) for key in window.ACTIONS]
    assert sorted(described(GUIDES["keys"])) == sorted(names)
    assert sorted(key for keys, _ in hud.KEYS for key in keys.split(", ")) == sorted(names)
    assert homes(set(names)) == {"keys": set(names)}


def test_every_exit_code_is_described_once() -> None:
    def kinds(error: type[FerError]) -> Iterator[type[FerError]]:
        yield error
        for kind in error.__subclasses__():
            yield from kinds(kind)

    codes = {"0", str(cli.INTERRUPTED), *(str(kind.exit_code) for kind in kinds(FerError))}
    assert sorted(described(section(GUIDES["commands"], "Exit codes"))) == sorted(codes)
    assert homes(codes) == {"commands": codes}


def test_every_column_of_the_csv_is_described_once() -> None:
    names = {re.sub(rf"^(p|raw)_({'|'.join(LABELS)})$", r"\1_<label>", column) for column in columns(LABELS)}
    assert sorted(described(section(GUIDES["data"], "CSV"))) == sorted(names)
    assert homes(names) == {"data": names}


@pytest.mark.parametrize(
    ("record", "heading"),
    [
        ("header", "The header"),
        ("frame", "Frames"),
        ("face", "Faces"),
        ("marker", "Markers"),
        ("summary", "The summary"),
    ],
)
def test_every_key_of_the_json_is_described_once(record: str, heading: str) -> None:
    schema = json.loads(files("realtime").joinpath("records.schema.json").read_text(encoding="utf-8"))
    properties: dict[str, Any] = schema["$defs"][record]["properties"]
    text = section(GUIDES["data"], heading)
    assert sorted(described(text)) == sorted(properties)
    assert set(homes(set(properties))) == {"data"}
    inner = [key for value in properties.values() if value.get("additionalProperties") is False for key in value["properties"]]
    assert [key for key in inner if f"`{key}`" not in text] == []


# links


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(path.parents[1])))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_links_between_guides_work_where_they_are_installed() -> None:
    for name, text in GUIDES.items():
        assert {link.partition("#")[0] for link in links(text)} <= {*(f"{guide}.md" for guide in GUIDES), *IMAGES}, name


def test_files_that_are_named_exist() -> None:
    named = re.findall(
        r"`((?:realtime|tests|weights)/[\w./-]+)`", "".join(text for name, text in GUIDES.items() if name != "extending")
    )
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_links_every_guide() -> None:
    assert {f"realtime/guides/{name}.md" for name in GUIDES} <= set(links(README))


# examples


def test_the_examples_of_the_data_guide_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = builders.run_info()
    recorder = Recorder(run)
    results = [builders.result([builders.face()], of=builders.frame(i, media_time=i / 10)) for i in range(2)]
    lines = [Header(run, None, None), *map(recorder.record, results), recorder.marker(results[1])]
    text = "".join(to_line(line, run) + "\n" for line in lines)
    (tmp_path / "clip_fer.jsonl").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run_examples("data")
    assert capsys.readouterr().out.splitlines() == [
        "0.0 [(1, 'happiness', 0.86)]",
        "0.1 [(1, 'happiness', 0.86)]",
        "marker at 0.1",
    ]


def test_the_examples_of_the_python_guide_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shot = demo.demo_frame(85)
    x1, y1, x2, y2 = shot.boxes_xyxy[0].astype(int)
    cv2.imwrite(str(tmp_path / "group.jpg"), shot.image)
    cv2.imwrite(str(tmp_path / "face.png"), shot.image[y1:y2, x1:x2])
    shutil.copy(demo.CLIP, tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    run_examples("python")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("happiness ")
    assert len(lines) == 1 + 724 + 1 + 1
    assert lines[-2:] == ["('happiness',)", "[(1, 'happiness')]"]
