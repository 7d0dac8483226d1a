"""The folder of a dataset: what it keeps, and who may write it."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from realtime.bulk.dataset import DONE, FAILED, Dataset, State
from realtime.bulk.mark import is_dataset
from realtime.errors import ConfigError
from tests.conftest import ROOT

STATE = State("a.mp4", "/study/a.mp4", DONE, 2.5, 75, 1, None, "content", "settings")


def with_tables(dataset: Dataset, name: str) -> None:
    for path in (dataset.frames(name), dataset.faces(name)):
        path.parent.mkdir(parents=True)
        path.touch()


def test_a_state_is_read_back_while_its_tables_are_there(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    dataset.keep(STATE)
    assert dataset.state("a.mp4") is None
    with_tables(dataset, "a.mp4")
    assert dataset.state("a.mp4") == STATE
    (tmp_path / "out" / "_state" / "a.mp4.json").write_text("{")
    assert dataset.state("a.mp4") is None


def test_a_recording_that_fails_has_no_tables(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    with_tables(dataset, "a.mp4")
    dataset.keep(replace(STATE, status=FAILED, error="it is empty"))
    assert not dataset.frames("a.mp4").exists()
    (row,) = pq.read_table(dataset.write_recordings()).to_pylist()
    assert (row["recording"], row["status"], row["error"]) == ("a.mp4", "failed", "it is empty")


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(ConfigError, match="holds something else"):
        Dataset.made(tmp_path)
    assert not is_dataset(tmp_path)
    assert is_dataset(Dataset.made(tmp_path / "new").folder)
    Dataset.made(tmp_path / "new")  # again


def test_one_run_at_a_time(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    with dataset.locked(), pytest.raises(ConfigError, match="writes this dataset"), Dataset.made(tmp_path / "out").locked():
        pass
    with dataset.locked():
        pass


def test_a_lock_of_a_program_that_is_gone_is_taken_over(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    lock = tmp_path / "out" / "_lock"
    lock.write_text(json.dumps({"host": socket.gethostname(), "pid": int(gone.stdout)}))
    with dataset.locked():
        pass
    assert not lock.exists()


@pytest.mark.parametrize("text", ['{"host": "node7", "pid": 1}', "half a li"])
def test_a_lock_of_another_machine_stays(text: str, tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    (tmp_path / "out" / "_lock").write_text(text)
    with pytest.raises(ConfigError, match="remove"), dataset.locked():
        pass
    assert (tmp_path / "out" / "_lock").read_text() == text


FULL = """
import resource, sys
from pathlib import Path
from realtime.bulk.dataset import Dataset
from realtime.errors import SinkError
dataset = Dataset.made(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as a full disk, for this process
try:
    with dataset.locked():
        pass
except SinkError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of files")
def test_a_full_disk_leaves_no_empty_lock(tmp_path: Path) -> None:
    line = [sys.executable, "-c", FULL, str(tmp_path / "out")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert "cannot write" in done.stdout, done.stderr
    assert "is the disk full?" in done.stdout
    assert not (tmp_path / "out" / "_lock").exists()


def test_what_a_killed_process_left_goes_with_the_next_reading(tmp_path: Path) -> None:
    dataset = Dataset.made(tmp_path / "out")
    with_tables(dataset, "a.mp4")
    left = dataset.frames("a.mp4").with_name(".part-0.parquet.00bf")
    left.touch()
    dataset.keep(STATE)
    assert not left.exists()
    assert dataset.frames("a.mp4").exists()
