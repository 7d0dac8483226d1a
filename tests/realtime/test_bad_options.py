"""Bad values of the options for a study, a stage and a classroom: one line, the documented exit code, and no output."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from realtime import cli
from tests.desk import Desk, refused
from tests.program import Done

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@dataclass(frozen=True)
class Bad:
    """Words of the command line, the exit code, and two parts of the line that answers them."""

    words: tuple[str, ...]
    code: int
    culprit: str
    remedy: str

    def __str__(self) -> str:
        return " ".join(self.words)


def bad(code: int, *words: str, culprit: str, remedy: str) -> Bad:
    """For a table with the code first."""
    return Bad(words, code, culprit, remedy)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Desk(tmp_path, capsys)


HELP = "--help lists the options"
FORM = "with osc:/ADDRESS, mqtt:TOPIC or shell:LINE"

STUDY = [
    bad(2, "--session", "", culprit="--session", remedy="give the path of a folder"),
    bad(2, "--session", culprit="--session", remedy=HELP),
    bad(2, "--session", "S", "--jsonl", "x.jsonl", culprit="--session", remedy="leave the options for them out"),
    bad(5, "--session", ".", culprit="it is not empty", remedy="give another name"),
    bad(5, "--session", "..", culprit="it is not empty", remedy="give another name"),
    bad(5, "--session", "nowhere/S", culprit="nowhere/S", remedy="create it first"),
    bad(5, "--session", "clip.mp4/S", culprit="clip.mp4/S", remedy="choose another folder"),
    bad(2, "--participant", "P07", culprit="--participant", remedy="add --session DIR"),
    bad(2, "--task", "faces", culprit="--task", remedy="add --session DIR"),
    bad(2, "--markers", "", culprit="--markers", remedy="give 1 to 9 names"),
    bad(2, "--markers", "a,,b", culprit="--markers a,,b", remedy="give 1 to 9 names"),
    bad(2, "--markers", "a,b,c,d,e,f,g,h,i,j", culprit="--markers", remedy="give 1 to 9 names"),
    bad(2, "--marker-port", "0", culprit="--marker-port 0", remedy="1 to 65535"),
    bad(2, "--marker-port", "70000", culprit="--marker-port 70000", remedy="1 to 65535"),
    bad(2, "--marker-port", "x", culprit="--marker-port", remedy=HELP),
    bad(2, "--lsl-markers", " ", culprit="--lsl-markers", remedy="give the name of a stream"),
    bad(2, "--lsl", "a", "--lsl-markers", "a-markers", culprit="this run's own stream", remedy="of another program"),
]
STAGE = [
    bad(2, "--lsl", "", culprit="--lsl", remedy="give the stream a name"),
    bad(2, "--osc", "", culprit="--osc", remedy="give HOST:PORT"),
    bad(2, "--osc", "9000", culprit="--osc 9000", remedy="give HOST:PORT"),
    bad(2, "--osc", "127.0.0.1:99999", culprit="--osc", remedy="give HOST:PORT"),
    bad(5, "--osc", "..:9000", culprit="..:9000", remedy="check the host's name"),
    bad(2, "--mqtt", "", culprit="--mqtt", remedy="give mqtt://HOST/TOPIC"),
    bad(2, "--mqtt", "host", culprit="--mqtt", remedy="give mqtt://HOST/TOPIC"),
    bad(2, "--mqtt", "mqtt://..", culprit="--mqtt", remedy="give mqtt://HOST/TOPIC"),
    bad(2, "--mqtt", "mqtt://host/home/+", culprit="--mqtt", remedy="leave out +, #"),
    bad(2, "--trigger", "", culprit="--trigger", remedy=FORM),
    bad(2, "--trigger", "happiness", culprit="--trigger", remedy=FORM),
    bad(2, "--trigger", "happiness > 0.7: ''", culprit="has no action", remedy=FORM),
    bad(2, "--trigger", "happiness > 7: x", culprit="happiness > 7", remedy="from 0 to 1"),
    bad(2, "--trigger", "joy > 0.7: x", culprit="joy", remedy="give faces or one of neutral"),
    bad(2, "--trigger", "happiness > 0.7: osc:/a", culprit="--trigger with osc:", remedy="add --osc HOST:PORT"),
    bad(2, "--trigger", "happiness > 0.7: mqtt:a", culprit="--trigger with mqtt:", remedy="add --mqtt"),
    bad(5, "--trigger", "happiness > 0.7: no-such-program", culprit="no-such-program not found", remedy="full path"),
]
FACES = [
    bad(2, "--profile", "", culprit="--profile", remedy="give the name of a profile"),
    bad(2, "--profile", "nobody", culprit="--profile nobody", remedy="fer-cam calibrate --profile nobody makes it"),
    bad(2, "--profile", "text.json", culprit="text.json cannot be read", remedy="calibrate again"),
    bad(2, "--profile", "list.json", culprit="list.json cannot be read", remedy="calibrate again"),
    bad(2, "--blur=yes", culprit="--blur", remedy=HELP),
    bad(2, "--blur", "--lesson", culprit="--lesson and --blur", remedy="exclude each other"),
    bad(2, "--numbers-only", "--save", culprit="--numbers-only and --save", remedy="leave one of them out"),
    bad(2, "--numbers-only", "--save", "out.mp4", culprit="--numbers-only and --save", remedy="leave one of them out"),
    bad(2, "--lesson=2", culprit="--lesson", remedy=HELP),
]


@pytest.mark.parametrize("bad", [*STUDY, *STAGE, *FACES], ids=str)
def test_a_run(desk: Desk, bad: Bad) -> None:
    (desk.folder / "text.json").write_text("words")
    (desk.folder / "list.json").write_text("[1]")
    desk.settle()
    refused(desk.run(*bad.words, "--video", "clip.mp4"), bad.code, bad.culprit, bad.remedy)
    assert desk.made() == set()


def test_a_marker_port_that_is_taken(desk: Desk) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = str(other.getsockname()[1])
        refused(desk.run("--video", "clip.mp4", "--marker-port", port, "--jsonl", "x.jsonl"), 2, port, "give another port")
    assert desk.made() == set()


COMMANDS = [
    bad(2, "calibrate", culprit="--profile", remedy=HELP),
    bad(2, "calibrate", "--profile", "", culprit="--profile", remedy="give letters, digits"),
    bad(2, "calibrate", "--profile", "a/b", "--seconds", "0", culprit="--seconds 0", remedy="give 1 to 60"),
    bad(2, "calibrate", "--profile", "a", "--seconds", "nan", culprit="--seconds nan", remedy="give 1 to 60"),
    bad(2, "calibrate", "--profile", "a", "--start", "-1", culprit="--start -1", remedy="give seconds"),
    bad(2, "calibrate", "--profile", "a", "--device", "x", culprit="--device", remedy="give its number or its node"),
    bad(3, "calibrate", "--profile", "a", "--video", "nope.mp4", culprit="nope.mp4", remedy="check the name"),
    bad(3, "calibrate", "--profile", "a", "clip.mp4", "-q", culprit="no face was found", remedy="sit in front of the camera"),
    bad(4, "calibrate", "--profile", "a", "clip.mp4", "--model", "no.onnx", culprit="no.onnx", remedy="the path of an .onnx"),
    bad(2, "report", culprit="RECORDING", remedy=HELP),
    bad(2, "report", "a.jsonl", "b.jsonl", culprit="b.jsonl", remedy=HELP),
    bad(2, "report", "x.jsonl", "--window", "0", culprit="--window 0", remedy="give seconds"),
    bad(3, "report", "nope.jsonl", culprit="nope.jsonl", remedy="give a file that --jsonl wrote"),
    bad(3, "report", "clip.mp4", culprit="clip.mp4: it is no text", remedy="give a file that --jsonl wrote"),
    bad(3, "report", "words", culprit="words/frames.jsonl", remedy="give a file that --jsonl wrote"),
    bad(3, "report", "words/session.json", culprit="session.json, line 1", remedy="was it edited?"),
    bad(2, "report", "--compare", culprit="--compare", remedy=HELP),
    bad(2, "report", "--compare", "x.jsonl", culprit="--compare", remedy="give two recordings or more"),
    bad(3, "report", "--compare", "x.jsonl", "y.jsonl", culprit="x.jsonl", remedy="give a file that --jsonl wrote"),
    bad(2, "doctor", "--nope", culprit="--nope", remedy="fer-cam doctor --help lists the options"),
    bad(2, "doctor", "--json=1", culprit="--json", remedy=HELP),
    bad(2, "export", "words", culprit="--bids", remedy="fer-cam export --help lists the options"),
    bad(2, "export", "words", "--bids", "", culprit="--bids", remedy="give the path of a folder"),
    bad(3, "export", "nope", "--bids", "d", culprit="nope is no session", remedy="give a folder that --session made"),
    bad(3, "export", "words", "--bids", "d", culprit="words is no session", remedy="give a folder that --session made"),
    bad(3, "export", "list", "--bids", "d", culprit="list is no session", remedy="give a folder that --session made"),
    bad(3, "export", "numbers", "--bids", "d", culprit="numbers is no session", remedy="give a folder that --session made"),
]


@pytest.mark.parametrize("bad", COMMANDS, ids=str)
def test_another_command(desk: Desk, bad: Bad, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in {"words": "words", "list": "[1]", "numbers": json.dumps({"participant": 7, "task": [1]})}.items():
        (desk.folder / name).mkdir()
        (desk.folder / name / "session.json").write_text(text)
    desk.settle()
    capsys.readouterr()
    model = () if bad.words[0] != "calibrate" or "--model" in bad.words else ("--model", str(desk.model))
    code = cli.main([*bad.words, *model])
    refused(Done(code, *capsys.readouterr()), bad.code, bad.culprit, bad.remedy)
    assert desk.made() == set()
