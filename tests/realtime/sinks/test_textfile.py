"""What cannot be written, and what nearly cannot: full disks, closed pipes, names that are not text."""

import errno
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from realtime.errors import SinkError
from realtime.sinks.csv import CsvSink
from realtime.sinks.jsonl import JsonlSink
from realtime.sinks.textfile import TextFile
from tests import builders
from tests.conftest import ROOT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line_and_is_reported_once() -> None:
    sink = JsonlSink(Path("/dev/full"), builders.run_info())
    with pytest.raises(SinkError, match=r"cannot write /dev/full: no space left on device; free some space") as caught:
        sink.write(builders.record_of(builders.frame(media_time=0.0)))
    assert "\n" not in str(caught.value)
    sink.close(builders.summary())
    with pytest.raises(SinkError, match="no space left"):
        CsvSink(Path("/dev/full"), builders.run_info())


def test_a_folder_that_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="the folder does not exist; create it first"):
        JsonlSink(tmp_path / "missing" / "out.jsonl", builders.run_info())


class NetworkDrive(type(Path())):  # type: ignore[misc]  # PosixPath or WindowsPath
    """A path on a drive that has gone away when its file is closed."""

    def open(self, mode: str, buffering: int) -> io.FileIO:
        assert buffering == 0

        class Gone(io.FileIO):
            def close(self) -> None:
                if not self.closed:
                    super().close()
                    raise OSError(errno.EIO, "Input/output error")

        return Gone(self, mode)


def test_a_late_error_of_the_file_system_is_reported(tmp_path: Path) -> None:
    file = TextFile(NetworkDrive(tmp_path / "out.txt"))
    file.write("data")
    with pytest.raises(SinkError, match=r"cannot finish .*out\.txt: input/output error"):
        file.close()
    file.close()


def test_the_remedy_for_a_closed_standard_output() -> None:
    """In this process: what is left in the buffer of stdout goes nowhere instead of failing at exit."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe, redirect_stdout(pipe):
        with pytest.raises(SinkError, match="its reader is gone"):
            TextFile(None).write("data")
        pipe.flush()


READER_GONE = """
import sys
from pathlib import Path
from realtime.errors import SinkError
from realtime.sinks.jsonl import JsonlSink
from tests import builders

sink = JsonlSink(Path("-"), builders.run_info())
try:
    for n in range(100_000):
        sink.write(builders.record_of(builders.frame(n, media_time=n / 30)))
except SinkError as error:
    print(error, file=sys.stderr)
    sink.close(builders.summary())
    sys.exit(error.exit_code)
"""


def test_a_reader_that_leaves_is_one_line_and_nothing_at_exit() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", READER_GONE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["type"] == "header"
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(60) == 5
    assert err == "cannot write standard output: its reader is gone; the run ends here\n"


@pytest.mark.skipif(sys.platform == "win32", reason="names are text there")
def test_a_file_whose_name_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    run = builders.run_info()
    sink = CsvSink(path, run)
    sink.write(builders.record_of(builders.frame(source="caf\udce9.mp4")))
    sink.close(builders.summary())
    assert "caf\\udce9.mp4" in path.read_text()


TO_STDOUT = r"""
import sys
from pathlib import Path
from realtime.sinks.csv import CsvSink
from tests import builders

sink = CsvSink(Path(sys.argv[1]), builders.run_info())
sink.write(builders.record_of(builders.frame(source="Zoë \udce9.mp4", media_time=0.0)))
sink.close(builders.summary())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/stdout")
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "link"])
def test_a_file_that_the_shell_opened_is_gone_on_with(name: str, tmp_path: Path) -> None:
    """As with `>> table.csv`: what is there stays, and no other file is made."""
    (tmp_path / "link").symlink_to("/dev/stdout")
    table = tmp_path / "table.csv"
    table.write_text("mine\n")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C"}
    with table.open("ab") as out:
        subprocess.run(
            [sys.executable, "-c", TO_STDOUT, name], check=True, cwd=tmp_path, stdout=out, timeout=60, env=environment
        )
    lines = table.read_bytes().decode().split("\n")
    assert lines[0] == "mine"
    assert lines[1].startswith("source,frame,")
    assert lines[2].startswith("Zoë \\udce9.mp4,0,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "table.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/fd")
def test_another_descriptor_of_the_shell(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as log:
        log.write(b"mine\n")
        log.flush()
        file = TextFile(Path(f"/dev/fd/{log.fileno()}"))
        file.write("data\n")
        file.close()
        log.write(b"more\n")
    assert (tmp_path / "log").read_text() == "mine\ndata\nmore\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/fd")
def test_a_closed_descriptor_is_one_line() -> None:
    with pytest.raises(SinkError, match="cannot write /dev/fd/987: bad file descriptor"):
        TextFile(Path("/dev/fd/987"))
