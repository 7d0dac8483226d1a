"""A user's working folder with a short clip and a small network, and the program, run in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from realtime import cli
from tests import program
from tests.tiny_models import write_left_right
from tests.video_files import gray_levels, write_video


class Desk:
    """A working folder with a short clip and a tiny network; runs the program in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.clip = write_video(folder / "clip.mp4", gray_levels(12), options={"movflags": "faststart"})
        self.model = write_left_right(folder / "tiny.onnx")
        self._capsys = capsys
        self._before = self.files()

    def files(self) -> set[str]:
        """Names of all entries of the folder."""
        return {path.name for path in self.folder.iterdir()}

    def made(self) -> set[str]:
        """Names of the entries that the program created."""
        return self.files() - self._before

    def settle(self) -> None:
        """Records the current entries as existing before the program ran."""
        self._before = self.files()

    def run(self, *args: str | Path, load: Callable[[str], cli.Command] = cli.load) -> program.Done:
        """Runs the program without a window, by default with the small network."""
        self._capsys.readouterr()
        model = () if "--model" in args else ("--model", self.model)
        code = cli.main([str(arg) for arg in (*args, *model, "--no-display")], load)
        out, err = self._capsys.readouterr()
        return program.Done(code, out, err)


def refused(done: program.Done, code: int, culprit: str, remedy: str) -> None:
    """Checks that the program refused to start with a single line."""
    assert done.code == code
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("fer-cam: ")
    assert culprit in done.err
    assert remedy in done.err
    assert done.out == ""
