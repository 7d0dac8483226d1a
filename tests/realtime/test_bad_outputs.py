"""Outputs that exist, cannot be written or fill the disk, and windows without a screen."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import demo, program
from tests.desk import Desk, refused

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

posix = pytest.mark.skipif(os.name != "posix", reason="there is no such thing on Windows")
full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


def test_outputs_that_exist_are_kept_and_the_new_ones_numbered(desk: Desk) -> None:
    old = ("out.jsonl", "out.csv", "out.mp4")
    for name in old:
        (desk.folder / name).write_text("dear to me")
    desk.settle()
    done = desk.run("--video", "clip.mp4", "--jsonl", "out.jsonl", "--csv", "out.csv", "--save", "out.mp4")
    assert (done.code, done.complaints) == (0, [])
    assert [(desk.folder / name).read_text() for name in old] == ["dear to me"] * 3
    assert desk.made() == {"out-2.jsonl", "out-2.csv", "out-2.mp4"}
    assert all(f"wrote {name}" in done.err for name in desk.made())
    assert len(program.frames(desk.folder / "out-2.jsonl")) == 12


def test_overwriting_when_asked(desk: Desk) -> None:
    (desk.folder / "out.jsonl").write_text("dear to me")
    desk.settle()
    assert desk.run("--video", "clip.mp4", "--jsonl", "out.jsonl", "--overwrite").code == 0
    assert len(program.frames(desk.folder / "out.jsonl")) == 12
    assert desk.made() == set()


@pytest.mark.parametrize("option", ["--save", "--jsonl", "--csv"])
def test_an_output_in_a_folder_that_is_not_there(desk: Desk, option: str) -> None:
    others = [f"{other} out{end}" for other, end in (("--save", ".mp4"), ("--jsonl", ".jsonl"), ("--csv", ".csv"))]
    args = " ".join(other for other in others if not other.startswith(option)).split()
    target = Path("nowhere") / ("out.mp4" if option == "--save" else "out.txt")
    done = desk.run("--video", "clip.mp4", option, target, *args)
    refused(done, 5, str(target), "create it first")
    assert desk.made() == set()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is read-only for root, or as such on Windows")
def test_a_folder_that_is_read_only(desk: Desk) -> None:
    locked = desk.folder / "locked"
    locked.mkdir(mode=0o500)
    refused(desk.run("--video", "clip.mp4", "--jsonl", locked / "out.jsonl"), 5, "locked", "choose another folder")


def test_the_source_is_never_overwritten(desk: Desk) -> None:
    before = desk.clip.read_bytes()
    done = desk.run("--video", "clip.mp4", "--save", "clip.mp4", "--overwrite")
    refused(done, 5, "clip.mp4", "give another name")
    assert desk.clip.read_bytes() == before


def test_a_video_of_no_known_kind(desk: Desk) -> None:
    refused(desk.run("--video", "clip.mp4", "--save", "out.gif"), 5, "out.gif", "ends in")
    assert desk.made() == set()


@full_device
@pytest.mark.parametrize("option", ["--jsonl", "--csv"])
def test_a_full_disk(desk: Desk, option: str) -> None:
    done = desk.run("--video", "clip.mp4", option, "/dev/full")
    assert done.code == 5
    (line,) = done.complaints
    assert line == "fer-cam: cannot write /dev/full: no space left on device; free some space or choose another folder"


@full_device
def test_a_full_disk_under_a_video_leaves_the_data_whole(desk: Desk) -> None:
    (desk.folder / "out.mp4").symlink_to("/dev/full")
    done = desk.run("--video", "clip.mp4", "--save", "out.mp4", "--overwrite", "--jsonl", "out.jsonl")
    assert done.code == 5
    (line,) = done.complaints
    assert line.endswith("out.mp4: no space left on device; free some space or choose another folder")
    rows = program.rows(desk.folder / "out.jsonl")
    assert rows[-1]["type"] == "summary"
    assert rows[-1]["frames"] == len(rows) - 2


@posix
def test_a_disk_that_fills_up_on_the_way(desk: Desk) -> None:
    # a limit on the size of a file stands in for the disk: 16 blocks of 512 bytes
    shell = ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh"]
    args = program.command(
        "--video", demo.CLIP, "--no-display", "--save", "out.mp4", "--jsonl", "out.jsonl", "--csv", "out.csv"
    )
    done = subprocess.run(
        [*shell, *args, "--model", str(desk.model)],
        env=program.environment(),
        cwd=desk.folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 5, done.stderr
    (line,) = program.complaints(done.stderr)
    assert re.search(r"cannot write out\.\w+: file too large; free some space", line)
    assert "Traceback" not in done.stderr
    whole = [row for row in (desk.folder / "out.jsonl").read_text().splitlines(keepends=True) if row.endswith("\n")]
    assert len(whole) > 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a screen")
def test_a_window_without_a_screen(desk: Desk) -> None:
    done = program.fer_cam("--video", "clip.mp4", "--model", desk.model, "--display", "--jsonl", "out.jsonl", cwd=desk.folder)
    refused(done, 5, "no screen", "--no-display")
    assert desk.made() == set()
