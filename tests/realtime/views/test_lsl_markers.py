"""Markers from an LSL stream of another process."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from realtime.views.base import Mark, Notice
from realtime.views.lsl_markers import LslMarkers
from tests.conftest import ROOT
from tests.stimulus import stimulus

pytest.importorskip("pylsl", exc_type=ImportError)
pytestmark = pytest.mark.timeout(90)

NAME = f"stimuli-{os.getpid()}"
LIMIT_S = 30.0


@pytest.fixture
def markers() -> Iterator[LslMarkers]:
    markers = LslMarkers(NAME, ("stimulus", "response"))
    yield markers
    markers.close()


def next_of(markers: LslMarkers) -> Mark | Notice:
    """What arrives next."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        item = markers.poll(0)
        if isinstance(item, Mark | Notice):
            return item
        threading.Event().wait(0.002)
    raise TimeoutError("nothing arrived")


def test_a_sample_is_a_marker_with_the_streams_own_time(markers: LslMarkers) -> None:
    """The second one was set 0.4 s before it is sent: what counts is when it was set."""
    with stimulus(NAME) as program:
        program.wait_until_heard()
        for value, age_s, name in (("face on", 0.0, "face on"), ("late", 0.4, "late"), ("2", 0.0, "response"), ("", 0.0, None)):
            stamp = program.send(value, age_s)
            while isinstance(mark := next_of(markers), Notice):
                pass
            assert (mark.name, mark.by) == (name, "lsl")
            assert mark.at == pytest.approx(stamp, abs=0.001)


def test_a_stream_that_comes_later_or_comes_back_is_found(markers: LslMarkers) -> None:
    assert next_of(markers) == Notice(f"waiting for the LSL stream {NAME}")
    for value in ("first", "again"):
        with stimulus(NAME) as program:
            program.wait_until_heard()
            there = next_of(markers)
            assert isinstance(there, Notice)
            assert there.text.startswith(f"LSL markers come from {NAME} on ")
            program.send(value)
            mark = next_of(markers)
            assert isinstance(mark, Mark)
            assert mark.name == value
        assert next_of(markers) == Notice(f"the LSL stream {NAME} is gone; waiting for it")


@pytest.mark.parametrize(("kind", "sent", "name"), [("int32", "7", "7"), ("int32", "1", "stimulus"), ("float32", "12", "12")])
def test_codes_that_are_numbers(markers: LslMarkers, kind: str, sent: str, name: str) -> None:
    with stimulus(NAME, kind) as program:
        program.wait_until_heard()
        program.send(sent)
        while isinstance(mark := next_of(markers), Notice):
            pass
        assert mark.name == name


class OtherComputer:
    """A fake pylsl: a stream on a computer whose clock is 5000 s ahead of LSL's clock here, which counts from 300."""

    def __init__(self) -> None:
        self.samples = [(["face on"], 5310.5)]

    def local_clock(self) -> float:
        return 300.0

    def resolve_byprop(self, prop: str, value: str, minimum: int, timeout: float) -> list["OtherComputer"]:
        return [self]

    def hostname(self) -> str:
        return "stimulus-pc"

    def StreamInlet(self, info: object, recover: bool) -> "OtherComputer":  # noqa: N802
        return self

    def open_stream(self, timeout: float) -> None: ...

    def time_correction(self, timeout: float) -> float:
        return -5000.0

    def pull_sample(self, timeout: float) -> tuple[Any, Any]:
        if self.samples:
            return self.samples.pop()
        threading.Event().wait(timeout)
        return None, None


def test_the_clocks_of_another_computer_and_of_the_run_are_converted() -> None:
    """310.5 on LSL's clock here, which is 200 s ahead of the clock of the run."""
    markers = LslMarkers("x", clock=lambda: 100.0, lsl=OtherComputer())
    try:
        assert next_of(markers) == Notice("LSL markers come from x on stimulus-pc")
        assert next_of(markers) == Mark("face on", 110.5, "lsl")
    finally:
        markers.close()


def test_closing_ends_the_thread(markers: LslMarkers) -> None:
    assert any(thread.name == "LSL markers" for thread in threading.enumerate())
    markers.close()
    markers.close()
    ends = time.monotonic() + 10
    while any(thread.name == "LSL markers" for thread in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize("option", ["--lsl", "--lsl-markers"])
def test_a_missing_library_is_one_line_that_names_the_extra(option: str) -> None:
    code = (
        "import sys; sys.modules['pylsl'] = None\n"
        "from realtime import cli\n"
        f"sys.exit(cli.main(['--demo', '--no-display', '--numbers-only', '--max-frames', '1', '{option}', 'x']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr.endswith(f"fer-cam: {option} needs pylsl; install it with: pip install 'fer-cam[lsl]'\n")
