"""Runs that are cut short: kill -9, Ctrl-C, SIGTERM, a reader that leaves. What was written can be read."""

import csv
import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests import demo, program
from tests.program import LIMIT_S, command, environment, read_frames, rows, started, watch

pytestmark = pytest.mark.timeout(120)

posix = pytest.mark.skipif(os.name != "posix", reason="Windows cannot send these signals to one process")


@posix
def test_kill_leaves_a_playable_video_and_whole_lines(tmp_path: Path) -> None:
    args = ("--video", demo.CLIP, "--no-display", "--save", "out.mp4", "--csv", "out.csv", "--jsonl", "-", "-q")
    with started(*args, cwd=tmp_path) as process:
        assert process.stdout is not None
        read_frames(process, 100)
        process.kill()
        *whole, _ = process.stdout.read().split("\n")
        assert process.wait() == -signal.SIGKILL
    numbers = [json.loads(line)["frame"] for line in whole]
    count = 100 + len(numbers)
    assert numbers == list(range(100, count))
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert {int(row["frame"]) for row in table} >= set(range(count - 1))
    assert all(row["raw_contempt"] is not None for row in table[:-1])
    seen = program.watch(tmp_path / "out.mp4").times_s
    assert len(seen) >= count - 45  # half a second that was not on disk yet, and the encoder's own
    assert seen == pytest.approx([i / 30 for i in range(len(seen))], abs=0.001)


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_everything_whole(number: signal.Signals, code: int, tmp_path: Path) -> None:
    args = ("--video", demo.CLIP, "--no-display", "--save", "out.mp4", "--jsonl", "-")
    with started(*args, cwd=tmp_path) as process:
        read_frames(process, 20)
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()  # communicate() would lose what is buffered already
        assert process.wait(LIMIT_S) == code
    rows = [json.loads(line) for line in out.splitlines()]
    count = 20 + len(rows) - 1
    assert count < len(demo.truth())
    assert [row["type"] for row in rows] == ["frame"] * (len(rows) - 1) + ["summary"]
    assert rows[-1]["frames"] == count
    assert len(program.watch(tmp_path / "out.mp4").times_s) == count
    assert f"{count} frames in" in err
    assert "wrote out.mp4" in err
    assert "Traceback" not in err


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or os.name != "posix", reason="needs POSIX signals")
def test_a_signal_at_the_very_beginning_is_no_traceback(tmp_path: Path) -> None:
    with started("--source", "udp://127.0.0.1:9", "--no-display", "--jsonl", "out.jsonl", "-v", cwd=tmp_path) as process:
        assert process.stderr is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) in (143, -signal.SIGTERM)  # Python itself may not be up yet
        assert "Traceback" not in process.stderr.read()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_one_line(tmp_path: Path) -> None:
    args = ("--video", demo.CLIP, "--no-display", "--jsonl", "-", "--save", "out.mp4")
    with started(*args, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["type"] == "header"  # | head -1
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(timeout=60) == 5
    assert program.complaints(err) == ["fer-cam: cannot write standard output: its reader is gone; the run ends here"]
    for word in ("Traceback", "Exception ignored", "Errno"):
        assert word not in err
    assert program.watch(tmp_path / "out.mp4").times_s


@posix
def test_data_on_stdout_are_nothing_but_data(tmp_path: Path) -> None:
    done = program.fer_cam("--video", demo.CLIP, "--jsonl", "-", "--max-frames", "5", cwd=tmp_path)
    assert done.code == 0
    assert [json.loads(line)["type"] for line in done.out.splitlines()] == ["header"] + ["frame"] * 5 + ["summary"]
    assert "5 frames in" in done.err


@posix
def test_a_reader_of_the_words_that_leaves_does_not_end_the_run(tmp_path: Path) -> None:
    """`fer-cam ... 2>&1 | head -1`: nobody reads the summary, but the data are wanted all the same."""
    words = command("--demo", "--no-display", "--max-frames", "20", "--save", "out.mp4", "--jsonl", "out.jsonl")
    with subprocess.Popen(words, stderr=subprocess.PIPE, env=environment(), cwd=tmp_path) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"demo")
        process.stderr.close()
        assert process.wait(LIMIT_S) == 0
    assert rows(tmp_path / "out.jsonl")[-1]["type"] == "summary"
    assert len(watch(tmp_path / "out.mp4").times_s) == 20


@posix
def test_data_for_a_stdout_that_is_closed(tmp_path: Path) -> None:
    words = shlex.join(command("--demo", "--no-display", "--max-frames", "5", "--save", "out.mp4", "--jsonl", "-"))
    done = subprocess.run(
        ["sh", "-c", f"{words} >&-"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=tmp_path,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 5
    assert [line for line in done.stderr.splitlines() if "standard output: it is closed" in line] == done.stderr.splitlines()
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-"])
def test_words_for_a_stderr_that_is_closed_do_not_go_among_the_data(closed: str, tmp_path: Path) -> None:
    """Neither in stdout nor in a file, which would be opened with the number of stderr."""
    wrong = shlex.join(command("-v", "--video", "missing.mp4", "--no-display", "--jsonl", "-"))
    done = subprocess.run(
        ["sh", "-c", f"{wrong} {closed}"], stdout=subprocess.PIPE, env=environment(), cwd=tmp_path, timeout=LIMIT_S, check=False
    )
    assert (done.returncode, done.stdout) == (3, b"")
    right = shlex.join(command("--demo", "-v", "--no-display", "--max-frames", "3", "--save", "a.mp4", "--jsonl", "a.jsonl"))
    subprocess.run(["sh", "-c", f"{right} {closed}"], env=environment(), cwd=tmp_path, timeout=LIMIT_S, check=True)
    assert [row["type"] for row in rows(tmp_path / "a.jsonl")] == ["header", "frame", "frame", "frame", "summary"]
