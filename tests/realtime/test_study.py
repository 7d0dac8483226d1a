"""A study as a laboratory runs it: a network camera, markers from a terminal, a datagram and an LSL stream, one run that is
killed and one that ends, read back with the lines of the guide."""

import csv
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest

from realtime import cli
from tests import demo, program
from tests.broker import free_port
from tests.mjpeg_server import MjpegServer
from tests.pages import GUIDES, blocks
from tests.stimulus import stimulus

pandas = pytest.importorskip("pandas")
pytest.importorskip("pylsl", exc_type=ImportError)
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name != "posix", reason="there is no terminal to type into"),
]

READING, EXPORTED = (block for block in blocks(GUIDES["study"], "python") if "import pandas" in block)
LIMIT_S = 100.0
STREAM = f"study-{os.getpid()}"


@dataclass(frozen=True)
class Laboratory:
    """A folder of sessions and the camera that they are recorded from."""

    folder: Path
    camera: MjpegServer

    @contextmanager
    def run(self, name: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A run in a terminal of its own that has processed ten frames and then got one marker from each source."""
        session = self.folder / "data" / name
        complaints = self.folder / f"{name}.txt"
        port = free_port()
        terminal, its_end = os.openpty()
        study = ("--session", "data/P07", "--participant", "P07", "--task", "faces", "--markers", "stimulus,response")
        inputs = ("--source", self.camera.url, "--marker-port", str(port), "--lsl-markers", STREAM)
        with (
            stimulus(STREAM) as stream,
            complaints.open("wb") as stderr,
            subprocess.Popen(
                program.command(*inputs, *study, "--model", "fast", "--no-display"),
                cwd=self.folder,
                env=program.environment(),
                stdin=its_end,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            ) as process,
        ):

            def until(condition: Callable[[], bool]) -> None:
                """Waits for the run, and says why it ended if it did."""
                give_up = time.monotonic() + LIMIT_S
                while not condition():
                    assert process.poll() is None, complaints.read_text()
                    assert time.monotonic() < give_up, complaints.read_text()
                    threading.Event().wait(0.02)

            try:
                until(lambda: lines(session / "frames.jsonl") > 10)
                os.write(terminal, b"1\n")
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    sender.sendto(b"2", ("127.0.0.1", port))
                stream.wait_until_heard()
                stream.send("face on")
                until(lambda: lines(session / "events.tsv") == 4)
                yield process
            finally:
                process.kill()
                os.close(terminal)
                os.close(its_end)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    (tmp_path / "data").mkdir()
    images = [frame for i, frame in enumerate(demo.frames()) if i % 3 == 0]
    jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
    with MjpegServer(jpegs, fps=10) as camera:
        yield Laboratory(tmp_path, camera)


def test_a_study_killed_once_and_finished_once(
    laboratory: Laboratory, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with laboratory.run("P07") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 130
    with laboratory.run("P07-2") as process:
        process.kill()
        process.wait(LIMIT_S)
    ended, killed = tmp_path / "data" / "P07", tmp_path / "data" / "P07-2"
    assert json.loads((ended / "session.json").read_text())["status"] == "stopped by the user"
    assert json.loads((killed / "session.json").read_text())["status"] == "running"
    for session in (ended, killed):
        check_whole(session)
    assert (ended / "report.html").exists()
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    for session in (ended, killed):
        read = as_the_guide_says(session)
        assert set(read["events"].trial_type) == {"stimulus", "response", "face on"}
        assert set(read["events"].by) == {"terminal", "udp", "lsl"}
        participant, onset, mean = capsys.readouterr().out.split()
        assert participant == "P07"
        assert 0 < float(onset) < LIMIT_S
        assert mean == "nan" or 0 <= float(mean) <= 1
    assert cli.main(["export", "data/P07", "--bids", "dataset"]) == 0
    names: dict[str, Any] = {}
    exec(compile(EXPORTED, "study.md", "exec"), names)
    *_, last = (row for row in program.rows(ended / "frames.jsonl") if row["type"] == "frame")
    assert names["table"].t.max() == pytest.approx(last["t"], abs=1 / names["about"]["SamplingFrequency"])


def as_the_guide_says(session: Path) -> dict[str, Any]:
    """Runs the lines of the guide on a session; the names that they leave."""
    names: dict[str, Any] = {}
    exec(compile(READING.replace("data/P07", f"data/{session.name}"), "study.md", "exec"), names)
    return names


def check_whole(session: Path) -> None:
    """Every line that was written is whole; of a killed run the last one may be cut off."""
    text = (session / "frames.jsonl").read_text()
    records = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    frames = [record for record in records if record["type"] == "frame"]
    assert records[0]["type"] == "header"
    assert len(frames) > 10
    markers = {record["by"]: record["at"] for record in records if record["type"] == "marker"}
    assert markers.keys() == {"terminal", "udp", "lsl"}
    assert all(0 < at < LIMIT_S for at in markers.values())
    with (session / "events.tsv").open(newline="") as file:
        events = list(csv.DictReader(file, delimiter="\t"))
    assert {event["by"]: float(event["onset"]) for event in events} == pytest.approx(markers)
    with (session / "faces.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert all(len(row) == len(header) for row in rows[:-1])
    assert {int(row[header.index("frame")]) for row in rows[:-1]} <= {frame["frame"] for frame in frames}
