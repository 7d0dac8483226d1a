"""All checks together: what is hidden, how it ends, and the program itself."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from realtime.checkup import examination, table
from realtime.checkup.check import Check, Status
from tests.pages import GUIDES, section
from tests.program import environment

HOME = Path("/home/ann")

SCREEN = Check.warning("screen", "there is no screen", "use --no-display", flags=("--no-display",))
CAMERA = Check.ok("camera 0", "a camera", {"open_s": 0.5}, ("--device", "0"))
WEIGHTS = Check.failure("weights", "they are missing", "reinstall fer-cam", 4)
VIDEO = Check.failure("h264", "no encoder", "reinstall av", 5)


def examined(**subjects: examination.Subject) -> list[Check]:
    return list(examination.examine(subjects, HOME, lambda _: None))


def test_the_exit_code_is_that_of_the_first_failure() -> None:
    assert examination.exit_code([CAMERA, SCREEN]) == 0
    assert examination.exit_code([SCREEN, WEIGHTS, VIDEO]) == 4
    assert examination.exit_code([VIDEO, WEIGHTS]) == 5


def test_the_command_has_the_options_of_all_checks_once() -> None:
    assert examination.command([CAMERA, SCREEN, SCREEN]) == "fer-cam --device 0 --no-display"
    assert examination.command([]) == "fer-cam"


def test_the_status_is_the_worst() -> None:
    assert examination.status([CAMERA, WEIGHTS, SCREEN]) is Status.FAILURE
    assert examination.status([CAMERA, SCREEN]) is Status.WARNING
    assert examination.status([CAMERA]) is Status.OK


def test_the_home_folder_is_hidden_everywhere() -> None:
    check = Check.warning("a", "in /home/ann/x", "see /home/ann", {"path": "/home/ann/x", "many": ["/home/ann", "2"], "n": 3})
    (shown,) = examined(a=lambda: [check])
    assert (shown.found, shown.remedy) == ("in ~/x", "see ~")
    assert dict(shown.values) == {"path": "~/x", "many": ["~", "2"], "n": 3}


@pytest.mark.parametrize(
    ("text", "shown"),
    [("/home/anna/x", "/home/anna/x"), ("/home/ann.old", "/home/ann.old"), ("'/home/ann': full", "'~': full")],
)
def test_only_the_home_folder_is_hidden(text: str, shown: str) -> None:
    assert examination.redact(text, HOME) == shown


def test_a_home_in_the_root_folder_hides_nothing() -> None:
    assert examination.redact("/dev/video0", Path("/")) == "/dev/video0"


def test_a_camera_name_cannot_steer_the_terminal() -> None:
    (shown,) = examined(a=lambda: [Check.ok("a", "\x1b[2J")])
    assert shown.found == "\\x1b[2J"


def test_a_subject_without_its_library_does_not_stop_the_others() -> None:
    def broken() -> Iterator[Check]:
        yield CAMERA
        raise ImportError("libGL.so.1: cannot open\nmore")

    first, second, third = examined(cameras=broken, files=lambda: [VIDEO])
    assert (first.name, third.name) == ("camera 0", "h264")
    assert (second.name, second.status, second.found) == ("cameras", Status.WARNING, "not checked: libGL.so.1: cannot open")


def test_a_bug_in_a_check_does_not_stop_the_others() -> None:
    def broken() -> Iterator[Check]:
        raise ZeroDivisionError("by zero")
        yield

    first, second = examined(clock=broken, files=lambda: [VIDEO])
    assert (first.exit_code, first.found) == (1, "the check itself failed: ZeroDivisionError: by zero")
    assert second.name == "h264"


@pytest.mark.parametrize(
    ("status", "remedy", "exit_code"),
    [(Status.OK, "do", 0), (Status.WARNING, "", 0), (Status.WARNING, "do", 3), (Status.FAILURE, "do", 0)],
)
def test_a_check_cannot_contradict_itself(status: Status, remedy: str, exit_code: int) -> None:
    with pytest.raises(ValueError, match="a: "):
        Check("a", status, "found", remedy, exit_code)


def test_the_table_folds_long_lines_and_cuts_none() -> None:
    long = Check.warning("current folder", "a long path " * 20, "a long remedy " * 20)
    out = io.StringIO()
    table.show([CAMERA, long, WEIGHTS], Console(file=out, width=60))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert out.getvalue().count("path") == out.getvalue().count("remedy") - 1 == 20  # one more in the verdict
    assert lines[-1] == "Then start it with: fer-cam --device 0"


# the program

OFFLINE = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"):
        raise SystemExit(f"the doctor used the network: {event}")

sys.addaudithook(refuse)
from realtime.cli import main
sys.exit(main(["doctor", "--json"]))
"""


def test_the_doctor_itself_offline_with_the_documented_names(tmp_path: Path) -> None:
    # onnxruntime reports nothing where these are set; fer-cam has to see to it itself
    without_ci = {key: value for key, value in environment().items() if key not in ("CI", "ORT_DISABLE_TELEMETRY")}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        cwd=tmp_path,
        env=without_ci | {"HOME": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert list(found) == ["format", "version", "status", "exit_code", "command", "checks"]
    assert done.returncode == found["exit_code"]
    assert [set(check) for check in found["checks"]] == [{"name", "status", "found", "remedy", "values"}] * len(found["checks"])
    names = [check["name"] for check in found["checks"]]
    assert len(set(names)) == len(names)
    documented = section(GUIDES["doctor"], "JSON")
    plain = [name for name in names if not name.startswith(("camera ", "provider "))]
    assert [name for name in plain if f"`{name}`" not in documented] == []
    by_name = {check["name"]: check for check in found["checks"]}
    assert by_name["current folder"]["values"]["path"] == "~"
    assert by_name["screen"]["status"] == ("warning" if sys.platform == "linux" else "ok")
    assert by_name["latency"]["values"]["frames"] > 10
    assert by_name["weights"]["status"] == by_name["provider cpu"]["status"] == by_name["h264"]["status"] == "ok"
    assert list(tmp_path.iterdir()) == []  # nor does onnxruntime leave an identifier in the home folder
