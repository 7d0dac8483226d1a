"""No name of a file, and nothing that a user types, steers the terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from realtime.cli import main
from realtime.printable import printable
from realtime.views.terminal import Terminal
from tests import builders

EVIL = "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\nfer-cam: done"


def harmless(text: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("Übergröße 顔 👩🏽\u200d🚀.mp4", "Übergröße 顔 👩🏽\u200d🚀.mp4"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("a\x9bb\x7f", "a\\x9bb\\x7f"),
        ("a\u202eb\u2028", "a\\u202eb\\u2028"),
        ("100\xa0%", "100\xa0%"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_traceback_keeps_its_lines() -> None:
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


def test_every_line_of_the_terminal_is_harmless() -> None:
    out = io.StringIO()
    run = builders.run_info(builders.source_info(EVIL))
    terminal = Terminal(run, Console(file=out, width=200), clock=iter(range(0, 1000, 20)).__next__)
    terminal.notice(f"{EVIL} cannot be read")
    terminal.finish(builders.summary(), [Path(EVIL), EVIL])
    assert harmless(out.getvalue())
    assert out.getvalue().count("owned") == 4
    assert "\nfer-cam: done" not in out.getvalue()


@pytest.mark.parametrize("args", [("--video", EVIL), ("--source", f"./{EVIL}"), ("--demo", EVIL), ("-v", "--video", EVIL)])
def test_errors_are_harmless(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*args, "--no-display"]) in (2, 3)
    notices = capsys.readouterr().err
    assert "owned" in notices
    assert harmless(notices)
