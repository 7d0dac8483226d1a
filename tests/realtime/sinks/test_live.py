"""Shared parts of the live outputs."""

import subprocess
import sys

import pytest

from realtime.sinks.live import MOST_LINES, LargestFace, Lines
from tests import builders
from tests.conftest import ROOT


def sized(number: int, side: float) -> builders.TrackedFace:
    return builders.face(number, box=(0, 0, side, side))


def test_the_largest_face_stays_until_another_is_clearly_larger() -> None:
    largest = LargestFace()
    sides = [(30, 31), (32, 31), (31, 33), (29, 33), (31, 33), (31, 29), (38, 29)]
    chosen = [largest.of(builders.record(faces=[sized(1, a), sized(2, b)])) for a, b in sides]
    assert [face and face.id for face in chosen] == [2, 2, 2, 2, 2, 2, 1]


def test_another_face_follows_at_once_when_the_largest_has_left() -> None:
    largest = LargestFace()
    frames = [[sized(1, 30), sized(2, 20)], [sized(2, 20)], [], [sized(3, 10)]]
    chosen = [largest.of(builders.record(faces=faces)) for faces in frames]
    assert [face and face.id for face in chosen] == [1, 2, None, 3]


def test_lines_are_taken_once_and_do_not_pile_up() -> None:
    lines = Lines()
    for n in range(MOST_LINES + 5):
        lines.say(str(n))
    assert lines.take() == tuple(str(n) for n in range(5, MOST_LINES + 5))
    assert lines.take() == ()


OPENING = """
import sys
sys.modules[{library!r}] = None
from realtime.config import OutputConfig
from realtime.errors import SinkError
from realtime.sinks import open_outputs
from tests import builders
try:
    open_outputs(OutputConfig({options}), builders.run_info())
except SinkError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("library", "options", "line"),
    [
        ("pythonosc", "osc='127.0.0.1:9'", "--osc needs python-osc; install it with: pip install 'fer-cam[osc]'"),
        ("paho", "mqtt='mqtt://127.0.0.1'", "--mqtt needs paho-mqtt; install it with: pip install 'fer-cam[mqtt]'"),
        ("pylsl", "lsl='x'", "--lsl needs pylsl; install it with: pip install 'fer-cam[lsl]'"),
        ("x", "osc='no-such-host.invalid:9'", "cannot send OSC to no-such-host.invalid:9: "),
        ("x", "triggers=('faces > 0: no-such-program',)", "--trigger: program no-such-program not found; "),
    ],
)
def test_a_missing_library_or_program_is_one_line(library: str, options: str, line: str) -> None:
    code = OPENING.format(library=library, options=options)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(line)
    assert done.stdout.count("\n") == 1
