"""How a run ends: no screen, a source or an output that fails, signals. Whatever happens, what was written is whole."""

import csv
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo, Summary
from realtime.errors import FerError, ModelError, SinkError, SourceLostError
from realtime.player import POLL_MS
from realtime.records import Marker
from realtime.signals import SIGNALS, caught
from realtime.sinks import Outputs
from realtime.sinks.background import BackgroundSink
from realtime.sinks.base import Sink
from realtime.sinks.csv import CsvSink
from realtime.sinks.jsonl import JsonlSink
from realtime.sinks.video import VideoSink
from realtime.sources.capture import LiveFeed
from realtime.sources.feed import MOST_AT_ONCE, DirectFeed, Notices
from realtime.views.base import Action
from tests import program
from tests.fakes import FakeSource
from tests.studio import LOST, Album, FakeWindow, Studio, film, never

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

FULL = SinkError("cannot write there: no space left; free some space or choose another folder")
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGHUP")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


# no screen


@pytest.fixture
def no_screen(studio: Studio) -> None:
    def refuse(title: str, mirror: bool, markers: object) -> FakeWindow:
        raise SinkError("there is no screen; use --no-display")

    studio.openers = replace(studio.openers, window=refuse)


@pytest.mark.usefixtures("no_screen")
def test_without_a_screen_it_goes_on_with_one_warning(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    assert studio.run(film(1, 2), display=None) == 0
    assert studio.indices() == [0, 1]
    assert capsys.readouterr().err.count("continuing without a window: there is no screen; use --no-display\n") == 1


@pytest.mark.usefixtures("no_screen")
def test_a_window_asked_for_by_name_is_an_error_and_nothing_is_written(studio: Studio) -> None:
    with pytest.raises(SinkError, match="there is no screen") as caught:
        studio.run(film(1, 2), display=True, save=studio.video)
    assert caught.value.exit_code == 5
    assert not studio.jsonl.exists()
    assert not studio.video.exists()


@pytest.mark.usefixtures("no_screen")
def test_a_window_forbidden_is_no_warning(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    assert studio.run(film(1), display=False) == 0
    assert "without a window" not in capsys.readouterr().err


# a source that fails


def test_a_file_that_breaks_off_leaves_whole_outputs(studio: Studio) -> None:
    with pytest.raises(SourceLostError) as caught:
        studio.run(film(1, 2, 3, LOST), display=True, save=studio.video)
    assert caught.value is LOST
    assert studio.types() == ["header", "frame", "frame", "frame", "summary"]
    assert len(program.watch(studio.video).times_s) == 3
    assert studio.window.closed


def test_a_camera_lost_for_good_leaves_whole_outputs(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    feed = LiveFeed(FakeSource([1, LOST]), never, reconnect_s=0)
    with pytest.raises(SourceLostError, match="was lost and could not be re-opened"):
        studio.run(feed)
    assert studio.types() == ["header", "frame", "summary"]
    messages = capsys.readouterr().err
    assert "fake stopped delivering frames; reconnecting" in messages
    assert "1 frame in " in messages


def test_the_last_notices_of_a_source_are_shown(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    notices = Notices()
    feed = DirectFeed(FakeSource([1, LOST], live=False), notices)
    studio.watcher.seen = lambda number: notices.add("damaged near its end")
    with pytest.raises(SourceLostError):
        studio.run(feed)
    assert "damaged near its end" in capsys.readouterr().err


def test_a_model_that_cannot_be_loaded_opens_nothing(studio: Studio) -> None:
    feed = film(1)
    with pytest.raises(ModelError):
        studio.run(feed, model=str(studio.folder / "nowhere.onnx"))
    assert not studio.jsonl.exists()


def test_a_bug_closes_everything_and_is_not_hidden(studio: Studio) -> None:
    def fail(number: int) -> None:
        if number == 2:
            raise ZeroDivisionError

    studio.watcher.seen = fail
    feed = film(1, 2, 3)
    with pytest.raises(ZeroDivisionError):
        studio.run(feed, display=True, save=studio.video)
    assert studio.types() == ["header", "frame", "frame", "summary"]
    assert len(program.watch(studio.video).times_s) == 2
    assert studio.window.closed
    assert feed.finished


# an output that fails


class Failing(Sink[Any]):
    """An output before another one, that fails at a frame, at a marker or at its end."""

    def __init__(self, sink: Sink[Any], *, at: int | None = None, at_mark: bool = False, at_end: bool = False) -> None:
        self.marks, self.path, self.essential = sink.marks, sink.path, sink.essential
        self._sink, self._at, self._at_mark, self._at_end = sink, at, at_mark, at_end
        self._frames = 0

    def write(self, item: object) -> None:
        if self._frames == self._at:
            raise FULL
        self._frames += 1
        self._sink.write(item)

    def mark(self, marker: Marker) -> None:
        if self._at_mark:
            raise FULL
        self._sink.mark(marker)

    def notices(self) -> tuple[str, ...]:
        return self._sink.notices()

    def close(self, summary: Summary) -> None:
        self._sink.close(summary)
        if self._at_end:
            raise FULL


def with_outputs(studio: Studio, **broken: Callable[[Sink[Any]], Sink[Any]]) -> None:
    """The next run writes a video, JSON Lines and a table; those that are named are wrapped."""

    def opened(config: OutputConfig, run: RunInfo) -> Outputs:
        sinks: dict[str, Sink[Any]] = {
            "video": VideoSink(studio.video, run),
            "jsonl": JsonlSink(studio.jsonl, run),
            "csv": CsvSink(studio.folder / "out.csv", run),
        }
        for name, wrap in broken.items():
            sinks[name] = wrap(sinks[name])
        return Outputs(run, [BackgroundSink(sinks["video"])], [sinks["jsonl"], sinks["csv"]])

    studio.openers = replace(studio.openers, outputs=opened)


@pytest.mark.parametrize("name", ["video", "jsonl", "csv"])
def test_a_full_disk_leaves_the_other_outputs_whole(studio: Studio, name: str) -> None:
    with_outputs(studio, **{name: lambda sink: Failing(sink, at=3)})
    table = studio.folder / "out.csv"
    with pytest.raises(SinkError) as caught:
        studio.run(film(*range(1, 8)), display=True)
    assert caught.value is FULL
    with table.open(newline="", encoding="utf-8") as file:
        assert [int(row["frame"]) for row in csv.DictReader(file)][:3] == [0, 1, 2]
    assert studio.indices()[:3] == [0, 1, 2]
    assert studio.types()[-1] == "summary"
    assert len(program.watch(studio.video).times_s) >= 3
    assert studio.window.closed


def test_a_frame_that_could_not_be_written_is_not_counted(studio: Studio) -> None:
    with_outputs(studio, video=lambda sink: Failing(sink, at=3))  # before the others have their row
    with pytest.raises(SinkError):
        studio.run(film(*range(1, 8)))
    assert program.rows(studio.jsonl)[-1]["frames"] == len(studio.indices())


def test_an_output_that_is_not_essential_is_left_out_with_a_notice(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    def unimportant(sink: Sink[Any]) -> Sink[Any]:
        sink.essential = False
        return Failing(sink, at=1)

    with_outputs(studio, csv=unimportant)
    assert studio.run(film(1, 2, 3)) == 0
    assert studio.indices() == [0, 1, 2]
    assert capsys.readouterr().err.splitlines().count(f"continuing without an output: {FULL}") == 1


def test_a_sound_error_is_reported(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    class Silent(Failing):
        reported = False

        def notices(self) -> tuple[str, ...]:
            reported, self.reported = self.reported, True
            return () if reported else ("the sound could not be kept",)

    with_outputs(studio, video=Silent)
    assert studio.run(film(1)) == 0
    assert capsys.readouterr().err.splitlines().count("the sound could not be kept") == 1


def test_the_first_failure_is_reported_also_if_an_output_cannot_be_closed(studio: Studio) -> None:
    with_outputs(studio, video=lambda sink: Failing(sink, at_end=True))
    with pytest.raises(SourceLostError) as caught:
        studio.run(film(1, LOST))
    assert caught.value is LOST
    assert studio.types()[-1] == "summary"


def test_an_output_that_cannot_be_closed_is_an_error(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    with_outputs(studio, video=lambda sink: Failing(sink, at_end=True))
    with pytest.raises(SinkError) as caught:
        studio.run(film(1, 2))
    assert caught.value is FULL
    assert studio.types() == ["header", "frame", "frame", "summary"]
    assert "2 frames" in capsys.readouterr().err


def test_a_marker_that_cannot_be_written_ends_the_run(studio: Studio) -> None:
    with_outputs(studio, jsonl=lambda sink: Failing(sink, at_mark=True))
    studio.window.keys = {1: [Action.MARKER]}
    with pytest.raises(SinkError):
        studio.run(film(1, 2, 3), display=True)
    assert studio.indices() == [0, 1]


# signals


@pytest.fixture
def usual_handlers(nothing_left_behind: None) -> Iterator[None]:
    """As in a terminal, also where the tests themselves run under nohup; as before afterwards."""
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("usual_handlers")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), pytest.param("SIGHUP", 129, marks=posix)])
def test_a_signal_ends_the_run_and_everything_is_whole(studio: Studio, name: str, code: int) -> None:
    number = getattr(signal, name)
    studio.watcher.seen = lambda frame: signal.raise_signal(number) if frame == 2 else None
    assert studio.run(film(*range(1, 8)), save=studio.video, display=True) == code
    assert studio.types() == ["header", "frame", "frame", "frame", "summary"]
    assert len(program.watch(studio.video).times_s) == 3
    assert studio.window.closed


@pytest.mark.parametrize("keys", [[Action.PAUSE], []])
def test_a_signal_ends_a_pause_and_the_wait_at_an_image(studio: Studio, keys: list[Action | None]) -> None:
    feed = film(1, 2) if keys else DirectFeed(Album(2))
    studio.window.keys = {0: keys}
    studio.window.looked = lambda wait_ms: signal.raise_signal(signal.SIGINT) if wait_ms == POLL_MS else None
    assert studio.run(feed, display=True) == 130
    assert studio.types() == ["header", "frame", "summary"]


def test_a_signal_while_no_frame_comes(studio: Studio) -> None:
    source = FakeSource([], hang=True)
    feed = LiveFeed(source, never)
    studio.window.looked = lambda wait_ms: signal.raise_signal(signal.SIGTERM)
    assert studio.run(feed, display=True) == 143
    assert studio.types() == ["header", "summary"]


def test_a_second_signal_ends_at_once_and_files_are_whole_all_the_same(studio: Studio) -> None:
    reached: list[str] = []

    def press_twice(frame: int) -> None:
        if frame == MOST_AT_ONCE:
            signal.raise_signal(signal.SIGINT)
            reached.append("first")
            signal.raise_signal(signal.SIGINT)
            reached.append("second")

    studio.watcher.seen = press_twice
    with pytest.raises(SystemExit) as ended:
        studio.run(film(*range(2 * MOST_AT_ONCE)), save=studio.video)
    assert (ended.value.code, reached) == (130, ["first"])
    assert studio.types() == ["header", *["frame"] * MOST_AT_ONCE, "summary"]
    assert len(program.watch(studio.video).times_s) == MOST_AT_ONCE


def test_a_signal_while_things_are_being_opened_ends_at_once_and_writes_nothing(studio: Studio) -> None:
    feed = film(1)

    def interrupted(title: str, mirror: bool, markers: object) -> FakeWindow:
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("went on")

    studio.openers = replace(studio.openers, window=interrupted)
    with pytest.raises(SystemExit) as ended:
        studio.run(feed, display=True)
    assert ended.value.code == 143
    assert feed.finished
    assert not studio.jsonl.exists()


@posix
@pytest.mark.usefixtures("usual_handlers")
def test_nohup_is_obeyed(studio: Studio) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    studio.watcher.seen = lambda frame: signal.raise_signal(signal.SIGHUP)
    assert studio.run(film(1, 2)) == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert studio.indices() == [0, 1]


@pytest.mark.usefixtures("usual_handlers")
def test_a_handler_that_python_does_not_know_becomes_the_default() -> None:
    with caught(lambda number: None):
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


# threads


def test_it_runs_on_any_thread(studio: Studio) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(studio.run(film(1, 2))))
    thread.start()
    thread.join(30)
    assert codes == [0]
    assert studio.indices() == [0, 1]


def test_an_error_arrives_on_any_thread(studio: Studio) -> None:
    errors: list[FerError] = []

    def work() -> None:
        try:
            studio.run(film(1, LOST))
        except FerError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert errors == [LOST]


def test_the_thread_of_a_camera_that_hangs_ends_with_the_run(studio: Studio) -> None:
    source = FakeSource([1], hang=True)
    feed = LiveFeed(source, never)
    assert studio.run(feed, max_frames=1) == 0
    assert source.closed.is_set()
