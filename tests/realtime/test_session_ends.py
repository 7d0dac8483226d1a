"""How a session ends is in its description, its data and its report."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from realtime.errors import SinkError, SourceLostError
from realtime.records import Summary, records
from realtime.views.base import Action
from tests import program
from tests.studio import LOST, Studio, film

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

NAMES = ["events.tsv", "faces.csv", "frames.jsonl", "report.html", "session.json"]


def session(studio: Studio, folder: Path | None = None, **options: object) -> dict[str, object]:
    return {"session": folder or studio.folder / "P07", "jsonl": None} | options


def about(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "session.json").read_text()))


def ended(studio: Studio) -> tuple[str, str | None]:
    """What session.json and the last line of the data agree on."""
    folder = studio.folder / "P07"
    described = about(folder)
    last = program.rows(folder / "frames.jsonl")[-1]
    assert (described["status"], described["error"]) == (last["end"], last["error"])
    *_, read = records(folder / "frames.jsonl")
    assert isinstance(read, Summary)
    assert (read.end, read.error) == (last["end"], last["error"])
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    assert last["end"] in (folder / "report.html").read_text(encoding="utf-8")
    return described["status"], described["error"]


def test_a_file_to_its_end_is_complete(studio: Studio) -> None:
    assert studio.run(film(1, 2), **session(studio)) == 0
    assert ended(studio) == ("complete", None)


def test_the_asked_number_of_frames_is_complete(studio: Studio) -> None:
    assert studio.run(film(1, 2, 3), **session(studio, max_frames=2)) == 0
    assert ended(studio) == ("complete", None)


def test_a_viewer_that_quits_has_stopped_it(studio: Studio) -> None:
    studio.window.keys = {1: [Action.QUIT]}
    assert studio.run(film(1, 2, 3), **session(studio, display=True)) == 0
    assert ended(studio) == ("stopped by the user", None)


def test_a_signal_has_stopped_it(studio: Studio) -> None:
    studio.watcher.seen = lambda number: signal.raise_signal(signal.SIGINT) if number == 1 else None
    assert studio.run(film(*range(20)), **session(studio)) == 130
    assert ended(studio) == ("stopped by the user", None)


def test_a_source_that_is_lost_for_good_is_an_error_with_its_line(studio: Studio) -> None:
    with pytest.raises(SourceLostError):
        studio.run(film(1, 2, LOST), **session(studio))
    assert ended(studio) == ("ended by an error", str(LOST))
    assert f"The run ended by an error: {LOST}." in (studio.folder / "P07" / "report.html").read_text(encoding="utf-8")


def test_a_bug_is_an_error_with_its_kind(studio: Studio) -> None:
    def fail(number: int) -> None:
        raise ZeroDivisionError("division by zero")

    studio.watcher.seen = fail
    with pytest.raises(ZeroDivisionError):
        studio.run(film(1, 2), **session(studio))
    described = about(studio.folder / "P07")
    assert (described["status"], described["error"]) == (
        "ended by an error",
        "ZeroDivisionError: division by zero; please report this bug",
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB, where the user may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", folder], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_that_another_program_fills_is_an_error_that_is_written_down(studio: Studio, small_disk: Path) -> None:
    """The room for the last version of session.json was kept from the beginning."""

    def fill(number: int) -> None:
        if number == 20:
            with (small_disk / "other").open("wb", buffering=0) as other, suppress(OSError):
                while other.write(bytes(4096)):
                    pass

    studio.watcher.seen = fill
    folder = small_disk / "P07"
    with pytest.raises(SinkError, match="free some space"):
        studio.run(film(*range(200)), **session(studio, folder))
    described = about(folder)
    assert described["status"] == "ended by an error"
    assert "no space left" in described["error"]
    assert len(list(records(folder / "frames.jsonl"))) > 8, "what was written before is whole"
