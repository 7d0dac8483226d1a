"""The X server goes away while the window is open: Qt ends the process from inside, and every file is whole all the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import demo, program
from tests.conftest import ROOT
from tests.program import LIMIT_S, command, environment, read_frames

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X servers and the C library's exit handlers"),
]

CODE = """
import ctypes, os, sys
from realtime.views.lost_screen import LostScreen

guard = LostScreen(lambda: (print("finished", flush=True), os._exit(7)))
if "disarmed" in sys.argv:
    guard.disarm()
    guard.disarm()
ctypes.CDLL(None).exit(1)
"""


@pytest.mark.parametrize(("words", "code", "said"), [((), 7, "finished\n"), (("disarmed",), 1, "")])
def test_only_an_armed_guard_is_called_when_the_process_is_ended_from_inside(
    words: tuple[str, ...], code: int, said: str
) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, *words], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (code, said)


@pytest.mark.window
def test_files_are_whole_when_the_screen_goes_away(tmp_path: Path) -> None:
    if not shutil.which("Xvfb"):
        pytest.skip("needs Xvfb")
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as ready:
        screen = environment() | {"DISPLAY": f":{ready.readline().strip()}"}
    args = ("--video", demo.CLIP, "--display", "--save", "out.mp4", "--jsonl", "-")
    with subprocess.Popen(
        command(*args), cwd=tmp_path, env=screen, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            read_frames(process, 10)
            server.kill()
            assert process.stdout is not None
            assert process.stderr is not None
            lines, said = process.stdout.read().splitlines(), process.stderr.read()
            assert process.wait(LIMIT_S) == 5
        finally:
            process.kill()
            server.kill()
            server.wait()
    assert '"type":"summary"' in lines[-1]
    assert "the screen was lost" in said
    rows = 10 + sum('"type":"frame"' in line for line in lines)
    assert len(program.watch(tmp_path / "out.mp4").times_s) == rows
