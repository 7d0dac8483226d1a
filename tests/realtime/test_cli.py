"""The skin: arguments to Config, errors to one line and an exit code. What runs behind it is in test_end_to_end."""

import os
import sys
from pathlib import Path

import pytest

import realtime
from realtime import cli
from realtime.config import Config
from realtime.errors import SinkError
from tests.commands import RunCommand


@pytest.fixture
def command() -> RunCommand:
    """Keeps the Config that would have been run."""
    return RunCommand()


def test_no_arguments_is_the_first_camera(command: RunCommand) -> None:
    assert command.fer_cam() == 0
    assert command.asked == [Config()]


def test_every_option_reaches_the_config(command: RunCommand, tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    arguments = (
        f"--video {video} --model m.onnx --provider openvino --threads 3 --min-face 50 --threshold 0.5 --smoothing 0 "
        "--no-display --no-mirror --save out.mp4 --jsonl - --csv out.csv --overwrite --snapshots shots "
        "--size 1280x720 --fps 25 --timeout 3 --reconnect 7 --max-frames 9 -q"
    )
    assert command.fer_cam(*arguments.split()) == 0
    assert command.asked == [
        Config.of(
            source=str(video),
            model="m.onnx",
            provider="openvino",
            threads=3,
            min_face=50,
            threshold=0.5,
            smoothing_s=0.0,
            display=False,
            mirror=False,
            save=Path("out.mp4"),
            jsonl="-",
            csv=Path("out.csv"),
            overwrite=True,
            snapshots=Path("shots"),
            camera_size_wh=(1280, 720),
            camera_fps=25.0,
            open_timeout_s=3.0,
            reconnect_s=7.0,
            max_frames=9,
            verbosity=-1,
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        ("--device 2", "2"),
        ("--device /dev/video2", "/dev/video2"),
        ("clip.mp4", "clip.mp4"),
        ("0", "0"),
        ("rtsp://cam/1", "rtsp://cam/1"),
        ("clip.mp4 --save", "clip.mp4"),
        ("-q clip.mp4", "clip.mp4"),
        ("--source rtsp://cam/1", "rtsp://cam/1"),
        ("--source faces", "faces"),
        ("--demo", "demo"),
        ("--video http://host/clip.mp4", "http://host/clip.mp4"),
    ],
)
def test_sources(command: RunCommand, arguments: str, source: str) -> None:
    command.fer_cam(*arguments.split())
    assert command.asked[0].source.location == source


def test_a_file_called_0_is_no_camera(command: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command.fer_cam("--video", "0")
    assert Path(command.asked[0].source.location) == tmp_path / "0"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not delete the folder of a program")
def test_a_current_folder_that_was_deleted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert cli.main(["--video", "x.mp4"]) == 3
    assert "the current folder was deleted" in capsys.readouterr().err


def test_an_output_that_ends_in_a_slash_stays_a_folder(command: RunCommand) -> None:
    command.fer_cam("--save", "results/", "--csv", "tables/", "--jsonl", "lines/")
    output = command.asked[0].output
    assert (output.save, output.csv, output.jsonl) == ("results/", "tables/", "lines/")


def test_save_without_a_name_and_the_demo_save_here(command: RunCommand) -> None:
    command.fer_cam("--save")
    command.fer_cam("--demo")
    command.fer_cam("--demo", "--save", "x.mp4")
    assert [config.output.save for config in command.asked] == [Path(), Path(), Path("x.mp4")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--device -1", "camera numbers start at 0"),
        ("clip.mp4 --device 0", "clip.mp4 and --device name two sources; give one of them"),
        ("--video x.mp4 clip.mp4", "clip.mp4 and --video name two sources"),
        ("0 --source 0", "0 and --source name two sources"),
        ("clip.mp4 --demo", "clip.mp4 and --demo name two sources"),
        ("--jsonl - --csv -", "--jsonl and --csv would mix on standard output; give one of them a file"),
        ("--save -", "--save -: a video cannot go to standard output"),
        ("--size 1280", "WIDTHxHEIGHT"),
        ("--size 0x0", "--size 0x0"),
        ("--min-face 9", "--min-face 9: the smallest face that can be found is 20 px"),
        ("--threshold 2", "--threshold"),
        ("--provider gpu", "--provider gpu: give one of auto, cpu, cuda, openvino, coreml, dml"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(
    command: RunCommand, capsys: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    assert command.fer_cam(*arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("fer-cam: ")
    assert says in err
    assert command.asked == []


def test_a_folder_as_video(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["--video", str(tmp_path)]) == 2
    assert "use --source" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", ["--device 0 --video x.mp4", "--device x", "--device ''", "--nonsense", "--max-frames many"]
)
def test_usage(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("fer-cam: ")
    assert err.endswith("; fer-cam --help lists the options\n")


def test_a_traceback_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(config: Config) -> int:
        raise SinkError("cannot write there")

    assert RunCommand(fail).fer_cam() == 5
    assert capsys.readouterr().err == "fer-cam: cannot write there\n"
    assert RunCommand(fail).fer_cam("-v") == 5
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_before_anything_is_open() -> None:
    def interrupt(config: Config) -> int:
        raise KeyboardInterrupt

    assert RunCommand(interrupt).fer_cam() == 130


def test_a_bug_is_not_hidden() -> None:
    def bug(config: Config) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RunCommand(bug).fer_cam()


def test_opencv_is_quiet_unless_asked(command: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENCV_LOG_LEVEL", raising=False)
    command.fer_cam("-v")
    assert "OPENCV_LOG_LEVEL" not in os.environ
    command.fer_cam()
    assert os.environ["OPENCV_LOG_LEVEL"] == "SILENT"


def test_help_names_keys_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for word in ("--demo", "--list-cameras", "snapshot", "exit codes", "130"):
        assert word in shown


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"fer-cam {realtime.__version__}\n"


def test_the_first_word_picks_a_command(capsys: pytest.CaptureFixture[str], command: RunCommand) -> None:
    assert command.fer_cam("run", "clip.mp4", "--no-display") == 0
    assert command.asked[0].source.location == "clip.mp4"
    assert cli.main(["guide", "nonsense"]) == 2
    assert "guide nonsense not found; give one of " in capsys.readouterr().err


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help_under_its_own_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: fer-cam {command} " in capsys.readouterr().out


def test_a_misspelt_command_is_a_source_that_is_not_there_with_a_hint(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["giude"]) == 3
    assert capsys.readouterr().err.endswith("did you mean the command: fer-cam guide\n")
    assert cli.main(["clip.mp4"]) == 3
    assert "did you mean" not in capsys.readouterr().err
