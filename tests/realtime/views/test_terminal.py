"""The recorded output of the terminal view."""

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from realtime.datatypes import FrameResult, RunInfo, State
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.labels import LABELS
from realtime.meter import Meter
from realtime.views.terminal import BAR, REFRESH_S, Terminal
from tests import builders
from tests.fakes import Clock

CAMERA = builders.run_info(builders.camera_info())
FILE = builders.run_info(builders.source_info("clip.mp4", frames=10))
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Screen:
    """A terminal 100 characters wide, and everything written to it."""

    terminal: Terminal
    out: io.StringIO
    clock: Clock
    meter: Meter

    @property
    def text(self) -> str:
        return CONTROL.sub("", self.out.getvalue())

    def show(self, result: FrameResult, after_s: float = 1.0) -> str:
        """The output for one more frame."""
        self.clock.now += after_s
        before = len(self.out.getvalue())
        self.meter.add(result, self.clock.now)
        state = Status(self.meter.fps, self.meter.latency_ms, result.dropped)
        self.terminal.show(Painted(result), state)
        return CONTROL.sub("", self.out.getvalue()[before:])


def screen(run: RunInfo, *, tty: bool = True, verbosity: int = 0, plain: bool = False) -> Screen:
    clock, out = Clock(), io.StringIO()
    console = Console(file=out, force_terminal=tty, width=100, height=30, color_system="truecolor" if tty else None)
    return Screen(Terminal(run, console, verbosity=verbosity, plain=plain, clock=clock), out, clock, Meter(LABELS))


def seen(*faces: object, index: int = 0, dropped: int = 0) -> FrameResult:
    return builders.result(faces, of=builders.frame(index, media_time=index / 30), dropped=dropped)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def nothing_on_stdout(capsys: pytest.CaptureFixture[str]) -> object:
    yield
    assert capsys.readouterr().out == ""


def test_the_first_line_names_source_and_network() -> None:
    assert screen(FILE).text.splitlines()[0] == "clip.mp4  64x48, 30 fps, 10 frames  resnet50-test on cpu (auto)"
    assert screen(CAMERA).text.splitlines()[0] == "camera 0  64x48, 30 fps  resnet50-test on cpu (auto)"
    images = builders.run_info(builders.source_info("faces", temporal=False, fps=None, frames=3))
    assert screen(images).text.splitlines()[0] == "faces  64x48, 3 images  resnet50-test on cpu (auto)"


def test_a_profile_is_named_from_the_first_line_on() -> None:
    run = replace(CAMERA, settings=(("profile", "anna"),))
    there = screen(run)
    assert there.text.splitlines()[0] == "camera 0  64x48, 30 fps  resnet50-test on cpu (auto)  profile anna"
    there.clock.now += 1
    status = Status(30, there.meter.latency_ms, profile="anna")
    there.terminal.show(Painted(seen(builders.face())), status)
    assert re.search(r"dropped +profile anna", there.text)


def test_a_provider_asked_for_by_name_and_how_the_network_was_chosen() -> None:
    run = replace(FILE, provider="cuda", provider_asked="cuda", notes=("measured: [a] 2.0 ms",))
    assert screen(run).text.splitlines() == ["clip.mp4  64x48, 30 fps, 10 frames  resnet50-test on cuda"]
    assert screen(run, verbosity=1).text.splitlines()[1] == "measured: [a] 2.0 ms"
    assert screen(run, verbosity=-1).text == ""


def test_a_camera_has_a_table_with_a_bar_per_emotion_and_face() -> None:
    view = screen(CAMERA)
    shown = view.show(seen(builders.face(1, likely=0.5), builders.face(2, label="sadness", likely=0.79), dropped=4))
    view.terminal.close()
    assert "12 / 12 ms p50/p95   4 dropped" in shown
    assert re.search(r"#1 happiness +#2 sadness", shown)
    for label in LABELS:
        assert re.search(rf"^{label} ", shown, re.M), label
    row = next(line for line in shown.splitlines() if line.startswith("happiness"))
    assert row.count("█") == BAR // 2
    assert re.search(r"50 .* 3", row)


def test_fps_is_that_of_the_meter() -> None:
    view = screen(CAMERA)
    for _ in range(10):
        shown = view.show(seen(), after_s=0.2)
    view.terminal.close()
    assert " 5.0 fps" in shown
    assert "no face" in shown


def test_a_crowd_is_summed_up() -> None:
    view = screen(CAMERA)
    shown = view.show(seen(*(builders.face(n) for n in range(1, 12))))
    view.terminal.close()
    assert "and 3 more" in shown


def test_it_is_drawn_at_most_eight_times_a_second() -> None:
    view = screen(CAMERA)
    drawn = [bool(view.show(seen(), after_s=REFRESH_S / 5 + 1e-9)) for _ in range(20)]
    view.terminal.close()
    assert drawn == [True, False, False, False, False] * 4


def test_a_file_has_a_bar_with_count_and_speed() -> None:
    view = screen(FILE)
    view.show(seen(index=0))
    shown = view.show(seen(index=4))
    view.terminal.close()
    assert "5/10" in shown
    assert "1 fps" in shown
    assert "━" in shown


def test_a_file_of_unknown_length_has_a_count() -> None:
    view = screen(builders.run_info(builders.source_info(frames=None)))
    shown = view.show(seen(index=6))
    view.terminal.close()
    assert "7 frames" in shown


@pytest.mark.parametrize("how", [{"tty": False}, {"plain": True}])
def test_plain_lines_come_every_ten_seconds(how: dict[str, bool]) -> None:
    view = screen(FILE, **how)
    lines = [view.show(seen(builders.face(state=State.COASTING), index=i)) for i in range(21)]
    assert [i for i, line in enumerate(lines) if line] == [9, 19]
    assert lines[9] == "frame 10 of 10, 1.0 fps, 12/12 ms, 0 dropped: #1 happiness 86 %\n"
    camera = screen(CAMERA, **how)
    assert camera.show(seen(index=2, dropped=3), after_s=11) == "frame 3, 0.0 fps, 12/12 ms, 3 dropped: no face\n"


def test_other_outputs_than_terminals_get_no_control_characters() -> None:
    view = screen(CAMERA, tty=False)
    view.show(seen(builders.face()), after_s=11)
    view.terminal.notice("hello [bold]")
    view.terminal.finish(builders.summary())
    assert "\x1b" not in view.out.getvalue()
    assert "hello [bold]\n" in view.text


def test_quiet_is_quiet() -> None:
    view = screen(CAMERA, verbosity=-1)
    assert view.show(seen(builders.face()), after_s=20) == ""
    view.terminal.notice("hello")
    view.terminal.finish(builders.summary(), ["out.mp4"])
    assert view.out.getvalue() == ""


def test_the_end_is_a_summary() -> None:
    view = screen(CAMERA)
    view.show(seen(builders.face()))
    before = len(view.text)
    view.terminal.finish(builders.summary(frames=30, faces=2, dropped=7), ["a_very_long/" * 12 + "out.mp4", "out.jsonl"])
    shown = view.text[view.text.index("30 frames in", before) :]
    assert "30 frames in 1.5 s (20.0 fps), 2 faces, latency 12 / 20 / 31 ms p50/p95/p99, 7 dropped" in shown
    assert re.search(r"neutral +█{9} +75 %\s+happiness +█{3} +25 %", shown)
    assert "surprise" not in shown
    assert f"wrote {'a_very_long/' * 12}out.mp4\nwrote out.jsonl\n" in shown


def test_the_summary_of_nothing_and_of_one() -> None:
    view = screen(FILE, tty=False)
    view.terminal.finish(replace(builders.summary(frames=0, faces=1), share=(0.0,) * 8, fps=0.0, seconds=0.0))
    assert view.text.splitlines()[1] == "0 frames in 0.0 s (0.0 fps), 1 face, latency 12 / 20 / 31 ms p50/p95/p99"
    assert len(view.text.splitlines()) == 2


def test_closing_gives_the_cursor_back() -> None:
    view = screen(CAMERA)
    view.show(seen())
    view.terminal.close()
    view.terminal.close()
    assert view.out.getvalue().rfind("\x1b[?25h") > view.out.getvalue().rfind("\x1b[?25l") >= 0


def test_data_printed_on_stdout_stay_there(capsys: pytest.CaptureFixture[str]) -> None:
    view = screen(CAMERA)
    print("data")
    view.terminal.close()
    assert capsys.readouterr().out == "data\n"
    assert "data" not in view.text


def test_names_of_files_are_said_as_they_are() -> None:
    shown = screen(FILE)
    shown.terminal.notice("passed over [red]a:100:.png[/red]")
    shown.terminal.finish(builders.summary(), [Path("10:100:30.jsonl"), Path("[b]x[/b].csv")])
    for line in ("passed over [red]a:100:.png[/red]", "wrote 10:100:30.jsonl", "wrote [b]x[/b].csv"):
        assert line in shown.text.splitlines()
