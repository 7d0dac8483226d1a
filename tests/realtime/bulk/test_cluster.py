"""Workers here, and those of a Dask scheduler that runs as a process of its own."""

import io
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from realtime.bulk.batch import Batch
from realtime.bulk.cluster import DIED, tasks
from realtime.bulk.dataset import Dataset
from realtime.bulk.progress import Terminal
from realtime.bulk.reading import look_at, read
from realtime.bulk.recordings import find
from realtime.config import Config
from realtime.errors import ConfigError
from tests import demo, jobs
from tests.program import LIMIT_S, complaints, environment, fer_cam, started
from tests.tiny_models import write_always

pytestmark = pytest.mark.slow


def test_a_task_that_kills_its_workers_fails_and_the_others_do_not() -> None:
    results: dict[int, object] = {}

    def keep(number: int, result: object, error: BaseException | None) -> None:
        results[number] = result if error is None else str(error)

    def keeper(number: int):  # type: ignore[no-untyped-def]
        return lambda result, error: keep(number, result, error)

    with tasks(None, 2) as pool:
        for number in range(12):
            pool.submit(keeper(number), jobs.die if number == 1 else jobs.double, number)
        pool.run()
    assert results == {number: DIED if number == 1 else 2 * number for number in range(12)}


def test_a_recording_that_kills_its_workers_is_a_row_with_the_reason(tmp_path: Path) -> None:
    for number in range(5):
        demo.write_clip(tmp_path / "in" / f"{number}.mp4", first=0, count=4, size_wh=(320, 240))
    recordings = find([str(tmp_path / "in")], tmp_path / "out")
    dataset = Dataset.made(tmp_path / "out")
    config = Config.of(model=str(write_always(tmp_path / "tiny.onnx")), threads=1)
    with Terminal(Console(file=io.StringIO()), 5) as progress, tasks(None, 2) as pool:
        Batch(dataset, config, "0" * 64, jobs.Deadly(pool, "1.mp4", read), progress).run(recordings)
    assert {state.recording: (state.status, state.error) for state in dataset.states()} == {
        f"{number}.mp4": ("failed", DIED) if number == 1 else ("done", None) for number in range(5)
    }


def test_a_recording_that_kills_those_who_look_at_it_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(10, 26):  # with one worker, each looks at two in a task
        (tmp_path / "in" / f"{number}.mp4").touch()
    recordings = find([str(tmp_path / "in")], tmp_path / "out")
    dataset = Dataset.made(tmp_path / "out")
    with Terminal(Console(file=io.StringIO()), 16) as progress, tasks(None, 1) as pool:
        Batch(dataset, Config(), "0" * 64, jobs.Deadly(pool, "11.mp4", look_at), progress).run(recordings)
    reasons = {state.recording: state.error or "" for state in dataset.states()}
    assert reasons.pop("11.mp4") == DIED
    assert len(reasons) == 15
    assert all("is empty" in reason for reason in reasons.values()), reasons


def test_no_scheduler_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConfigError, match="no scheduler answers there"), tasks(address, 1):
        pass


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for number in range(4):
        demo.write_clip(tmp_path / "in" / f"{number}.mp4", first=0, count=20, size_wh=(320, 240))
    write_always(tmp_path / "tiny.onnx")
    return tmp_path


@contextmanager
def dask(*words: str, cwd: Path) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """A program of Dask, and the address that it prints."""
    line = [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"]
    with subprocess.Popen(
        line, cwd=cwd, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        try:
            address = next(word for said in process.stderr for word in said.split() if word.startswith("tcp://"))
            yield process, address
        finally:
            process.kill()


@pytest.fixture
def scheduler(study: Path) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    with dask("scheduler", "--port", "0", cwd=study) as found:
        yield found


@pytest.fixture
def elsewhere(study: Path) -> Path:
    """A folder of workers: paths that are relative to the client's mean nothing there."""
    folder = study / "elsewhere"
    folder.mkdir()
    return folder


def test_workers_of_a_scheduler_elsewhere(scheduler: tuple[object, str], study: Path, elsewhere: Path) -> None:
    with dask("worker", scheduler[1], "--nthreads", "1", "--no-nanny", cwd=elsewhere):
        done = fer_cam("batch", "in", "--out", "out", "--scheduler", scheduler[1], "--model", "tiny.onnx", cwd=study)
    assert done.code == 0, done.err
    assert [row["frames"] for row in pq.read_table(study / "out" / "recordings.parquet").to_pylist()] == [20] * 4


def test_a_scheduler_without_workers_is_waited_for(scheduler: tuple[object, str], study: Path, elsewhere: Path) -> None:
    with started("batch", "in", "--out", "out", "--scheduler", scheduler[1], "--model", "tiny.onnx", cwd=study) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"{scheduler[1]} has no worker yet; waiting for one\n"
        with dask("worker", scheduler[1], "--nthreads", "1", "--no-nanny", cwd=elsewhere):
            _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, err


def test_a_scheduler_that_goes_is_one_line(
    scheduler: "tuple[subprocess.Popen[str], str]", study: Path, elsewhere: Path
) -> None:
    with started("batch", "in", "--out", "out", "--scheduler", scheduler[1], "--model", "tiny.onnx", cwd=study) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it waits for a worker
        scheduler[0].kill()
        _, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, len(err.splitlines())) == (2, 1)
    assert "the connection to the scheduler was lost" in complaints(err)[0]
    assert not (study / "out" / "_lock").exists()
