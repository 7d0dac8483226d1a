"""`fer-cam batch` as a process, with real workers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest

from realtime.bulk.tables import header_of
from tests import demo
from tests.pages import GUIDES, blocks
from tests.program import command, environment, fer_cam, frames
from tests.tiny_models import write_always
from tests.video_files import gray_levels, write_video

pytestmark = pytest.mark.slow

FACE_SIZE = (320, 240)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short videos with a face, one that breaks off, one that is empty, one that is no video, and a folder of images."""
    folder = tmp_path_factory.mktemp("study")
    for number in range(3):
        demo.write_clip(folder / f"P{number}" / "faces.mp4", first=60 * number, count=20 + number, size_wh=FACE_SIZE)
    cut = write_video(folder / "cut.mkv", gray_levels(300))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (folder / "empty.mp4").touch()
    (folder / "noise.mp4").write_bytes(os.urandom(5000))
    demo.write_images(folder / "stills", (0, 100))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_always(tmp_path_factory.mktemp("model") / "tiny.onnx"))


@pytest.fixture(scope="module")
def dataset(study: Path, model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it, read with two workers."""
    folder = tmp_path_factory.mktemp("data")
    done = fer_cam("batch", study, "--out", "study", "--workers", "2", "--model", model, cwd=folder)
    assert done.code == 6, done.err
    assert "4 recordings read, 3 failed" in done.err
    assert done.complaints == ["fer-cam: 3 of 7 recordings failed; study/recordings.parquet says why"]
    return folder / "study"


def recordings(dataset: Path) -> dict[str, dict[str, object]]:
    return {row["recording"]: row for row in pq.read_table(dataset / "recordings.parquet").to_pylist()}


def test_every_recording_is_a_row_with_its_reason(dataset: Path) -> None:
    rows = recordings(dataset)
    assert {name: row["status"] for name, row in rows.items()} == {
        "P0__faces.mp4": "done",
        "P1__faces.mp4": "done",
        "P2__faces.mp4": "done",
        "cut.mkv": "incomplete",
        "empty.mp4": "failed",
        "noise.mp4": "failed",
        "stills__images": "done",
    }
    assert [rows[f"P{number}__faces.mp4"]["frames"] for number in range(3)] == [20, 21, 22]
    assert "ends early" in str(rows["cut.mkv"]["error"])
    assert "is empty" in str(rows["empty.mp4"]["error"])
    assert rows["stills__images"]["seconds"] is None


def test_frames_and_faces_equal_those_of_a_plain_run(dataset: Path, study: Path, model: str, tmp_path: Path) -> None:
    done = fer_cam(study / "P1" / "faces.mp4", "--no-display", "--jsonl", "plain.jsonl", "--model", model, cwd=tmp_path)
    assert done.code == 0
    plain = frames(tmp_path / "plain.jsonl")
    table = pq.read_table(dataset / "frames" / "recording=P1__faces.mp4" / "part-0.parquet").to_pylist()
    assert [(row["frame"], row["t"], row["faces"]) for row in table] == [(f["frame"], f["t"], len(f["faces"])) for f in plain]
    faces = pq.read_table(dataset / "faces" / "recording=P1__faces.mp4" / "part-0.parquet").to_pylist()
    expected = [(f["frame"], face["id"], face["label"]) for f in plain for face in f["faces"]]
    assert [(row["frame"], row["id"], row["label"]) for row in faces] == expected
    assert expected


def test_the_tables_say_how_they_were_made(dataset: Path) -> None:
    header = header_of(dataset / "faces" / "recording=P0__faces.mp4" / "part-0.parquet")
    assert header["source"] == "faces.mp4"
    assert header["settings"]["threshold"] == 0.5
    assert len(header["weights_sha256"]) == 64
    assert header["versions"]["fer-cam"]


@pytest.mark.parametrize("library", ["pandas", "polars", "DuckDB"])
def test_the_lines_of_the_guide_read_it(library: str, dataset: Path) -> None:
    (code,) = [text for text in blocks(GUIDES["bulk"], "python") if f"import {library.lower()}" in text]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=dataset.parent, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "P1__faces.mp4" in done.stdout
    assert "happiness" in done.stdout


def test_what_is_done_and_whole_is_left_alone(dataset: Path, study: Path, model: str) -> None:
    path = dataset / "faces" / "recording=P0__faces.mp4" / "part-0.parquet"
    before = path.stat().st_mtime_ns
    again = fer_cam("batch", study, "--out", "study", "--workers", "1", "--model", model, cwd=dataset.parent)
    assert again.code == 6
    assert "5 were there already" in again.err
    assert path.stat().st_mtime_ns == before


def test_other_settings_and_other_content_are_read_again(study: Path, model: str, tmp_path: Path) -> None:
    def batch(*options: str) -> str:
        arguments = ["batch", tmp_path / "in", "--out", "out", "--workers", "1", "--model", model, *options]
        done = fer_cam(*arguments, cwd=tmp_path)
        assert done.code == 0, done.err
        return done.err

    demo.write_clip(tmp_path / "in" / "a.mp4", first=0, count=6, size_wh=FACE_SIZE)
    assert "1 recording read:" in batch()
    assert "0 recordings read, 1 were there already" in batch()
    assert "1 recording read:" in batch("--threshold", "0.6")
    demo.write_clip(tmp_path / "in" / "a.mp4", first=0, count=7, size_wh=FACE_SIZE)
    assert "1 recording read: 7 frames" in batch("--threshold", "0.6")
    assert header_of(tmp_path / "out" / "frames" / "recording=a.mp4" / "part-0.parquet")["settings"]["threshold"] == 0.6


def test_a_name_that_is_no_text(tmp_path: Path, model: str) -> None:
    clip = demo.write_clip(tmp_path / "a.mp4", first=0, count=4, size_wh=FACE_SIZE)
    try:
        clip.rename(os.fsdecode(os.fsencode(tmp_path) + b"/in\xff.mp4"))
    except OSError:
        pytest.skip("this disk allows text only")
    done = fer_cam("batch", ".", "--out", "out", "--workers", "1", "--model", model, cwd=tmp_path)
    assert done.code == 0, done.err
    row = recordings(tmp_path / "out")["in_.mp4"]
    assert (row["status"], row["path"]) == ("done", f"{tmp_path}/in\\udcff.mp4")


@pytest.fixture
def long_study(tmp_path: Path) -> Path:
    """Enough to do for some seconds."""
    for number in range(12):
        demo.write_clip(tmp_path / "in" / f"{number:02}.mp4", first=0, count=60, size_wh=FACE_SIZE)
    return tmp_path


def running(folder: Path, model: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command("batch", "in", "--out", "out", "--workers", "2", "--model", model),
        cwd=folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(done: int, folder: Path, limit_s: float = 60.0) -> None:
    """Waits until so many recordings are done."""
    until = time.monotonic() + limit_s
    while len(list((folder / "out" / "_state").glob("*.json"))) < done:
        assert time.monotonic() < until
        time.sleep(0.02)


def workers_of(process: "subprocess.Popen[str]") -> Iterator[psutil.Process]:
    return (
        child for child in psutil.Process(process.pid).children(recursive=True) if "spawn_main" in " ".join(child.cmdline())
    )


def test_a_worker_that_is_killed_loses_nothing(long_study: Path, model: str) -> None:
    with running(long_study, model) as process:
        wait_for(1, long_study)
        next(workers_of(process)).kill()
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert {row["frames"] for row in recordings(long_study / "out").values()} == {60}
    assert len(recordings(long_study / "out")) == 12


def test_a_program_that_is_killed_goes_on_where_it_was(long_study: Path, model: str) -> None:
    with running(long_study, model) as process:
        wait_for(2, long_study)
        process.kill()
        process.communicate(timeout=60)
    left = len(list((long_study / "out" / "_state").glob("*.json")))
    again = fer_cam("batch", "in", "--out", "out", "--workers", "2", "--model", model, cwd=long_study)
    assert again.code == 0, again.err
    assert f"{12 - left} recording" in again.err
    assert f"{left} were there already" in again.err
    assert {row["frames"] for row in recordings(long_study / "out").values()} == {60}
    assert [path.name for path in (long_study / "out").rglob(".part*")] == []  # begun by the workers that went with it


def test_ctrl_c_ends_within_seconds_and_keeps_what_is_done(long_study: Path, model: str) -> None:
    with running(long_study, model) as process:
        wait_for(1, long_study)
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to every process
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - began < 15
    assert "Traceback" not in err
    assert 1 <= len(recordings(long_study / "out")) < 12
    assert not (long_study / "out" / "_lock").exists()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_other_signals_end_it_in_order_too(name: str, long_study: Path, model: str) -> None:
    if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        pytest.skip(f"{name} is ignored here, as nohup does with SIGHUP, and so by every process that starts here")
    with running(long_study, model) as process:
        wait_for(1, long_study)
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + getattr(signal, name), "")
    assert 1 <= len(recordings(long_study / "out")) < 12
    assert not (long_study / "out" / "_lock").exists()


def test_a_worker_that_replaces_another_ignores_ctrl_c(long_study: Path, model: str) -> None:
    with running(long_study, model) as process:
        wait_for(1, long_study)
        first = {worker.pid for worker in workers_of(process)}
        next(workers_of(process)).kill()
        done = len(list((long_study / "out" / "_state").glob("*.json")))
        wait_for(done + 3, long_study)  # the new one has read some
        assert {worker.pid for worker in workers_of(process)} - first
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")


def test_two_runs_on_one_machine_do_not_disturb_each_other(long_study: Path, model: str) -> None:
    with running(long_study, model) as process:
        wait_for(1, long_study)
        demo.write_clip(long_study / "other" / "a.mp4", first=0, count=6, size_wh=FACE_SIZE)
        other = fer_cam("batch", "other", "--out", "out2", "--workers", "1", "--model", model, cwd=long_study)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert other.code == 0
    assert len(other.err.splitlines()) == 2


def test_a_second_run_into_the_same_dataset_is_refused(long_study: Path, model: str) -> None:
    with running(long_study, model) as process:
        wait_for(1, long_study)
        second = fer_cam("batch", "in", "--out", "out", "--model", model, cwd=long_study)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert second.code == 2
    assert second.complaints[0].startswith(f"fer-cam: process {process.pid} on ")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 3, "nowhere not found"),
        (["."], 3, "no video or image"),
        (["a.mp4", "--workers", "0"], 2, "--workers 0: give at least 1"),
        (["a.mp4", "--workers", "1", "--scheduler", "tcp://127.0.0.1:1"], 2, "exclude each other"),
        (["a.mp4", "--threshold", "2"], 2, "--threshold 2.0"),
        (["a.mp4", "--model", "nowhere.onnx"], 4, "nowhere.onnx"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    if arguments[0] == "a.mp4":
        (tmp_path / "a.mp4").touch()
    done = fer_cam("batch", *arguments, "--out", "out", cwd=tmp_path)
    assert done.code == code
    assert len(done.err.splitlines()) == 1
    assert words in done.err
    assert not (tmp_path / "out").exists()


def test_readers_see_whole_tables_only(dataset: Path) -> None:
    """They skip what begins with an underscore or a dot: states, parts and partial files."""
    assert len(pd.read_parquet(dataset / "faces")["recording"].unique()) == 4  # the gray one that breaks off has no face
    assert len(pd.read_parquet(dataset / "frames")["recording"].unique()) == 5
    assert [path.name for path in dataset.rglob("*.parquet.*")] == []
    assert json.loads((dataset / "_dataset.json").read_text())["version"] == 1
