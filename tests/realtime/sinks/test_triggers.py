"""Triggers at work: what fires is done, on another thread, and what goes wrong is notices."""

import json
import os
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.config import OutputConfig
from realtime.endpoints import Broker
from realtime.errors import SinkError
from realtime.sinks import open_outputs
from realtime.sinks.actions import Actions
from realtime.sinks.triggers import MOST_WAITING, TriggerSink
from realtime.sinks.watch import Firing
from realtime.triggers import Trigger
from tests import builders
from tests.broker import HeardLines, Subscriber, broker
from tests.osc_receiver import Receiver

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

PYTHON = shlex.quote(sys.executable)


@contextmanager
def sink_for(*rules: str, **where: object) -> Iterator[tuple[TriggerSink, HeardLines]]:
    triggers, lines = [Trigger.parse(rule) for rule in rules], HeardLines()
    options = {"osc": None, "broker": None} | where
    sink = TriggerSink(triggers, Actions([trigger.action for trigger in triggers], lines=lines, **options), lines)
    try:
        yield sink, lines
    finally:
        sink.close(None)


def test_a_command_runs_without_a_shell_and_gets_the_facts(tmp_path: Path) -> None:
    file = tmp_path / "said; echo"
    code = shlex.quote("import os, sys; open(sys.argv[1], 'w').write(os.environ['FER_CAM_VALUE'] + os.environ['FER_CAM_FACE'])")
    with sink_for(f"happiness > 0.7: {PYTHON} -c {code} {shlex.quote(str(file))}") as (sink, lines):
        sink.write(builders.record(0, t=0.0))
        assert lines.next() == "trigger happiness > 0.7: face 1 at 0.86"
    assert file.read_text() == "0.861"


@pytest.mark.skipif(sys.platform == "win32", reason="another shell")
def test_a_shell_runs_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "said"
    with sink_for(f"happiness > 0.7: shell: echo $FER_CAM_TRIGGER | tr a-z A-Z > {shlex.quote(str(file))}") as (sink, _):
        sink.write(builders.record(0, t=0.0))
    assert file.read_text() == "HAPPINESS > 0.7\n"


def test_a_command_that_fails_is_reported() -> None:
    with sink_for(f"happiness > 0.7: {PYTHON} -c 'raise SystemExit(3)'") as (sink, lines):
        sink.write(builders.record(0, t=0.0))
        lines.next()
        assert lines.next() == f"trigger happiness > 0.7: {PYTHON} ... ended with code 3"


def test_a_command_that_still_runs_is_not_started_again(tmp_path: Path) -> None:
    """It reads a pipe until the test opens and closes that."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with sink_for(f"happiness > 0.7 wait 0s: cat {shlex.quote(str(pipe))}") as (sink, lines):
        for i, happy in enumerate((True, False, True)):
            sink.write(builders.record(i, t=float(i), faces=[builders.face()] if happy else []))
        said = [lines.next() for _ in range(3)]
        pipe.open("w").close()
    assert said[-1] == "trigger happiness > 0.7 wait 0s: cat ... still runs; not started again"


def test_an_osc_message_goes_to_the_receiver() -> None:
    receiver = Receiver()
    with sink_for("happiness > 0.7: osc:/smile", osc=receiver.endpoint) as (sink, _):
        sink.write(builders.record(0, t=0.0))
        assert receiver.packet() == {"/smile": [pytest.approx(0.86), 1]}
    receiver.close()


def test_an_mqtt_message_goes_to_the_broker(tmp_path: Path) -> None:
    with broker(tmp_path) as port, Subscriber(port) as subscriber:
        where = Broker.parse(f"mqtt://127.0.0.1:{port}", "mqtt")
        with sink_for("faces = 0: mqtt:home/empty", broker=where) as (sink, _):
            sink.write(builders.record(0, t=0.0, faces=[]))
            payload = json.loads(subscriber.next("home/empty"))
    assert (payload["trigger"], payload["value"], payload["face"]) == ("faces = 0", 0, None)


class Stuck:
    """An actor that does nothing until it is let go, and then fails."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()

    def act(self, firing: Firing) -> None:
        self.begun.set()
        self.go.wait()
        raise OSError("no such lamp")

    def look(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_an_action_that_hangs_delays_no_frame_and_one_that_fails_ends_nothing() -> None:
    actor, lines = Stuck(), HeardLines()
    sink = TriggerSink([Trigger.parse("faces = 1 wait 0s: lamp")], actor, lines)
    fire = [[builders.face()], []] * (MOST_WAITING + 2)
    sink.write(builders.record(0, t=0.0))
    assert actor.begun.wait(10)
    for i, faces in enumerate(fire[1:], 1):
        sink.write(builders.record(i, t=i / 30, faces=faces))  # returns, though the first action still hangs
    said = [lines.next() for _ in range(MOST_WAITING + 2)]
    assert said[-1] == f"trigger faces = 1 wait 0s: faces = 1; nothing done, since {MOST_WAITING} others wait"
    actor.go.set()
    assert lines.next() == "trigger faces = 1 wait 0s: lamp failed: no such lamp"
    sink.close(None)


def test_the_end_of_a_run_does_not_wait_for_an_action_that_hangs() -> None:
    actor = Stuck()
    sink = TriggerSink([Trigger.parse("faces = 1: lamp")], actor, HeardLines())
    sink.write(builders.record(0, t=0.0))
    assert actor.begun.wait(10)
    sink.close(None)  # the test's own limit would end it
    actor.go.set()
    sink.close(None)


def test_an_expression_missing_in_the_network_is_an_error_at_the_start() -> None:
    run = replace(builders.run_info(), labels=("neutral", "happiness"))
    with pytest.raises(SinkError, match=r"--trigger fear > 0\.5: the network knows neutral, happiness; give one of them"):
        open_outputs(OutputConfig(triggers=("fear > 0.5: true",)), run)
