"""Live data from the command line: the whole program sends what it sees, and says in one line what cannot be."""

import json
import sys
from pathlib import Path

import pytest

from realtime import cli
from tests import program
from tests.broker import Subscriber, broker, free_port
from tests.osc_receiver import Receiver

HEAD = ["--demo", "--no-display"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--osc", "9000"], "--osc 9000: give HOST:PORT, such as 127.0.0.1:9000"),
        (["--mqtt", "u:sesame@host"], "--mqtt is not the address of a broker; give mqtt://HOST/TOPIC, "),
        (["--lsl", ""], "--lsl is empty; give the stream a name"),
        (["--trigger", "happiness > 0.7"], '--trigger "happiness > 0.7": give "happiness > 0.7 for 1s: COMMAND"'),
        (["--trigger", "joy > 0.7: x"], "--trigger joy: give faces or one of neutral, "),
        (["--trigger", "faces > 0: osc:/x"], "--trigger with osc: needs a receiver; add --osc HOST:PORT"),
        (["--trigger", "faces > 0: mqtt:x"], "--trigger with mqtt: needs a broker; add --mqtt mqtt://HOST"),
    ],
)
def test_a_mistake_is_one_line_before_anything_begins(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*HEAD, *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"fer-cam: {line}")
    assert err.count("\n") == 1
    assert "sesame" not in err


def test_a_program_that_is_not_there_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    done = program.fer_cam("--demo", "--no-display", "--save", "x/", "--trigger", "faces > 0: no-such-program -x", cwd=tmp_path)
    assert done.code == 5
    assert done.complaints == [
        "fer-cam: --trigger: program no-such-program not found; give its full path, or shell: before a shell command"
    ]
    assert not any(tmp_path.iterdir())


def test_a_run_sends_osc_and_mqtt_and_acts(tmp_path: Path) -> None:
    pytest.importorskip("pythonosc")
    pytest.importorskip("paho.mqtt")
    receiver = Receiver()
    touch = f"{sys.executable} -c \"open('seen', 'w')\""
    with broker(tmp_path) as port, Subscriber(port) as subscriber:
        done = program.fer_cam(
            *("--demo", "--no-display", "--max-frames", "40", "--jsonl", "run.jsonl"),
            *("--osc", str(receiver.endpoint), "--mqtt", f"mqtt://anna:sesame@127.0.0.1:{port}/cam"),
            *("--trigger", "faces = 1: osc:/seen", "--trigger", "faces = 1: mqtt:seen", "--trigger", f"faces > 0: {touch}"),
            cwd=tmp_path,
        )
        assert done.code == 0, done.err
        heard = subscriber.until("cam/status", "offline")
    assert ("cam/status", "online") in heard
    assert {topic for topic, _ in heard} >= {"cam/frame", "cam/state", "seen"}
    packets = receiver.all()
    receiver.close()
    assert {"/seen": [1.0, 0]} in packets
    assert any(packet.get("/fer/label") == "neutral" for packet in packets)
    assert (tmp_path / "seen").exists()
    assert "sesame" not in done.err + (tmp_path / "run.jsonl").read_text()
    header = json.loads((tmp_path / "run.jsonl").read_text().partition("\n")[0])
    assert header["settings"]["mqtt"] == f"mqtt://anna@127.0.0.1:{port}/cam"


def test_a_missing_receiver_does_not_affect_the_run(tmp_path: Path) -> None:
    pytest.importorskip("pythonosc")
    pytest.importorskip("paho.mqtt")
    port = free_port()
    done = program.fer_cam(
        *("--demo", "--no-display", "--max-frames", "20", "--jsonl", "run.jsonl"),
        *("--osc", f"127.0.0.1:{port}", "--mqtt", f"mqtt://127.0.0.1:{port}", "--trigger", "faces > 0: mqtt:seen"),
        cwd=tmp_path,
    )
    assert done.code == 0
    assert f"cannot reach the MQTT broker mqtt://127.0.0.1:{port}; trying again in the background" in done.err
    assert len(program.frames(tmp_path / "run.jsonl")) == 20
