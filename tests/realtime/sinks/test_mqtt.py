"""MQTT with a real broker."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from realtime.endpoints import Broker
from realtime.records import Marker
from realtime.sinks.live import Lines
from realtime.sinks.mqtt import BrokerConnection, MqttSink
from tests import builders
from tests.broker import HeardLines, Subscriber, broker, free_port
from tests.conftest import ROOT

pytest.importorskip("paho.mqtt")

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@contextmanager
def sink_at(port: int, login: str = "", lines: Lines | None = None) -> Iterator[MqttSink]:
    sink = MqttSink(Broker.parse(f"mqtt://{login}127.0.0.1:{port}/home/cam", "mqtt"), builders.run_info(), lines)
    try:
        yield sink
    finally:
        sink.close(None)


def test_frames_the_label_and_markers_arrive(tmp_path: Path) -> None:
    with broker(tmp_path) as port, Subscriber(port) as subscriber, sink_at(port) as sink:
        assert subscriber.next("home/cam/status") == "online"
        sink.write(builders.record(3, t=0.1))
        state = json.loads(subscriber.next("home/cam/state"))
        assert (state["label"], state["confidence"], state["faces"]) == ("happiness", pytest.approx(0.86), 1)
        frame = json.loads(subscriber.next("home/cam/frame"))
        assert (frame["frame"], frame["t"], frame["faces"][0]["label"]) == (3, 0.1, "happiness")
        assert frame["utc"].endswith("Z")
        sink.mark(Marker(3, 0.1, "stimulus", 0.12))
        sent = json.loads(subscriber.next("home/cam/marker"))
        assert sent == {"type": "marker", "frame": 3, "t": 0.1, "name": "stimulus", "at": 0.12, "by": "key"}


def test_the_label_is_published_when_it_changes_and_retained(tmp_path: Path) -> None:
    with broker(tmp_path) as port, sink_at(port) as sink:
        with Subscriber(port) as subscriber:
            subscriber.next("home/cam/status")
            for i, faces in enumerate(([builders.face()], [builders.face()], [])):
                sink.write(builders.record(i, t=i / 30, faces=faces))
            assert [json.loads(subscriber.next("home/cam/state"))["label"] for _ in range(2)] == ["happiness", None]
        with Subscriber(port) as late:
            state, kept = late.retained("home/cam/state")
            assert kept
            assert json.loads(state)["faces"] == 0


def test_a_run_says_when_it_ends(tmp_path: Path) -> None:
    with broker(tmp_path) as port, Subscriber(port) as subscriber:
        with sink_at(port):
            assert subscriber.next("home/cam/status") == "online"
        assert subscriber.next("home/cam/status") == "offline"


def test_the_broker_says_so_for_a_run_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, threading\n"
        "from realtime.endpoints import Broker\nfrom realtime.sinks.mqtt import MqttSink\nfrom tests import builders\n"
        "sink = MqttSink(Broker.parse(sys.argv[1], 'mqtt'), builders.run_info())\nthreading.Event().wait()"
    )
    with broker(tmp_path) as port, Subscriber(port) as subscriber:
        with subprocess.Popen([sys.executable, "-c", code, f"mqtt://127.0.0.1:{port}/home/cam"], cwd=ROOT) as process:
            try:
                assert subscriber.next("home/cam/status") == "online"
            finally:
                process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        assert subscriber.next("home/cam/status") == "offline"


def test_a_broker_that_comes_late_or_again_gets_the_label_it_missed(tmp_path: Path) -> None:
    port = free_port()
    lines = HeardLines()
    with sink_at(port, lines=lines) as sink:
        assert lines.next() == f"cannot reach the MQTT broker mqtt://127.0.0.1:{port}; trying again in the background"
        sink.write(builders.record(0, t=0.0))
        with broker(tmp_path, port):
            assert lines.next() == f"connected to the MQTT broker mqtt://127.0.0.1:{port}"
            with Subscriber(port) as subscriber:
                assert json.loads(subscriber.next("home/cam/state"))["label"] == "happiness"
        assert lines.next().startswith(f"the MQTT broker mqtt://127.0.0.1:{port} is gone (")
        sink.write(builders.record(1, t=0.1, faces=[builders.face(label="anger")]))
        with broker(tmp_path, port), Subscriber(port) as subscriber:
            assert json.loads(subscriber.next("home/cam/state"))["label"] == "anger"


def test_a_login_is_used_and_a_wrong_one_is_reported_without_it(tmp_path: Path) -> None:
    with broker(tmp_path, login=("anna", "se/same")) as port:
        with Subscriber(port, ("anna", "se/same")) as subscriber, sink_at(port, "anna:se%2Fsame@"):
            assert subscriber.next("home/cam/status") == "online"
        lines = HeardLines()
        with sink_at(port, "anna:wrong@", lines):
            line = lines.next()
    assert "refused the connection" in line
    assert "check user and password" in line
    assert "wrong" not in line


def test_a_server_that_is_no_broker_is_not_said_to_be_gone() -> None:
    lines = HeardLines()
    with closing(socket.create_server(("127.0.0.1", 0))) as server, sink_at(server.getsockname()[1], lines=lines):
        connection, _ = server.accept()
        connection.close()
        assert lines.next().startswith("cannot reach the MQTT broker mqtt://127.0.0.1:")


def test_a_certificate_that_is_not_trusted_is_thought_of() -> None:
    lines = HeardLines()
    where = Broker.parse(f"mqtts://127.0.0.1:{free_port()}", "mqtt")
    connection = BrokerConnection(where, lines)
    assert (
        lines.next()
        == f"cannot reach the MQTT broker {where}, or its certificate is not trusted; trying again in the background"
    )
    connection.close()


def test_the_end_does_not_wait_for_a_broker_that_is_not_there() -> None:
    connection = BrokerConnection(Broker.parse(f"mqtt://127.0.0.1:{free_port()}", "mqtt"), Lines(), status_topic="status")
    began = time.monotonic()
    connection.close()
    connection.close()
    assert time.monotonic() - began < 2


def test_a_broker_that_stops_reading_neither_delays_a_frame_nor_fills_the_memory() -> None:
    """It accepts the connection and then reads nothing: what does not fit into the socket's buffers is not kept."""
    people = [builders.face(n) for n in range(1, 40)]
    with closing(socket.create_server(("127.0.0.1", 0))) as server, sink_at(server.getsockname()[1]) as sink:
        connection, _ = server.accept()
        with closing(connection):
            connection.recv(4096)
            connection.sendall(b"\x20\x02\x00\x00")  # CONNACK: accepted
            assert connection.recv(64, socket.MSG_PEEK)  # `online` is on its way: the connection counts as made
            record = builders.record(0, t=0.0, faces=people)
            before = psutil.Process().memory_info().rss
            slowest = 0.0
            for _ in range(3000):  # 15 kB each
                began = time.perf_counter()
                sink.write(record)
                slowest = max(slowest, time.perf_counter() - began)
            assert psutil.Process().memory_info().rss - before < 20e6
            assert slowest < 0.5
