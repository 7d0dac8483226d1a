"""Video through a named pipe: it is opened once, gives every frame, and never keeps the program from ending."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import program
from tests.films import make_clip
from tests.program import LIMIT_S, command, environment, started

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are made here"),
]

FRAMES = 40


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def in_the_background(write: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def saved(pipe: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    args = ("--video", pipe, "--no-display", "--save", "out.mp4", "--jsonl", "out.jsonl")
    return subprocess.run(command(*args), cwd=folder, env=environment(), capture_output=True, text=True, timeout=LIMIT_S)


@pytest.mark.parametrize(("name", "sound", "rate"), [("a.mkv", "pcm_s16le", 192_000), ("a.ts", "aac", 22_050)])
def test_every_frame_has_a_row_and_is_saved_and_the_sound_is_left_out(
    name: str, sound: str, rate: int, pipe: Path, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / name, sound, seconds=FRAMES // 10, rate=rate)
    writer = threading.Thread(target=pipe.write_bytes, args=(clip.read_bytes(),), daemon=True)
    writer.start()
    done = saved(pipe, tmp_path)
    writer.join(LIMIT_S)
    assert (done.returncode, len(program.frames(tmp_path / "out.jsonl"))) == (0, FRAMES)
    assert len(program.watch(tmp_path / "out.mp4").times_s) == FRAMES
    assert "a pipe can be read only once, so its sound is left out" in done.stderr


def test_a_writer_that_pauses_loses_nothing(pipe: Path, tmp_path: Path) -> None:
    data = make_clip(tmp_path / "a.ts", "aac", seconds=FRAMES // 10).read_bytes()
    shown = threading.Event()

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            file.write(data[: len(data) * 2 // 3])
            shown.wait(LIMIT_S)
            file.write(data[len(data) * 2 // 3 :])

    writer = in_the_background(write)
    with started("--video", pipe, "--no-display", "--jsonl", "-", "-q", cwd=tmp_path) as process:
        program.read_frames(process, 5)
        shown.set()
        assert process.stdout is not None
        rows = [line for line in process.stdout.read().splitlines() if '"type":"frame"' in line]
        assert process.wait(LIMIT_S) == 0
    writer.join(LIMIT_S)
    assert 5 + len(rows) == FRAMES


def test_a_signal_ends_a_run_whose_writer_stalls(pipe: Path, tmp_path: Path) -> None:
    data = make_clip(tmp_path / "a.ts", "aac", seconds=FRAMES // 10).read_bytes()
    over = threading.Event()

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            file.write(data[: len(data) * 2 // 3])
            over.wait(LIMIT_S)

    writer = in_the_background(write)
    args = ("--video", pipe, "--no-display", "--save", "out.mp4", "--jsonl", "-", "-q")
    with started(*args, cwd=tmp_path) as process:
        program.read_frames(process, 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 143
    over.set()
    writer.join(LIMIT_S)
    assert len(program.watch(tmp_path / "out.mp4").times_s) >= 5


def test_a_signal_ends_a_run_whose_pipe_is_silent(pipe: Path, tmp_path: Path) -> None:
    """Opening such a pipe waits for its first data; the signal is what ends the run, and nothing is said of the pipe."""
    with started("--video", pipe, "--no-display", "-q", cwd=tmp_path) as process:
        writer = os.open(pipe, os.O_WRONLY)  # returns when the program has opened the pipe
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 143
        os.close(writer)
        assert process.stderr is not None
        assert "cannot be read" not in process.stderr.read()


def test_a_signal_ends_a_run_whose_output_has_no_reader(pipe: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "read")
    args = ("--demo", "--no-display", "--jsonl", tmp_path / "read", "--csv", pipe)
    # a reader's `open` returns as soon as the program opens the pipe too; the next one that it opens is `pipe`
    with started(*args, cwd=tmp_path) as process, (tmp_path / "read").open("rb"):
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 128 + signal.SIGTERM
