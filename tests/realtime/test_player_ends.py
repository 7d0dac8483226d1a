"""How a run ends: no screen, a source or an output that fails. Whatever happens, what was written is whole."""

import csv
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo, Summary
from realtime.errors import FerError, ModelError, SinkError, SourceLostError
from realtime.records import Marker
from realtime.sinks import Outputs
from realtime.sinks.background import BackgroundSink
from realtime.sinks.base import Sink
from realtime.sinks.csv import CsvSink
from realtime.sinks.jsonl import JsonlSink
from realtime.sinks.video import VideoSink
from realtime.sources.capture import LiveFeed
from realtime.sources.feed import DirectFeed, Notices
from realtime.views.base import Action
from tests import program
from tests.fakes import FakeSource
from tests.studio import LOST, FakeWindow, Studio, film, never

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

FULL = SinkError("cannot write there: no space left; free some space or choose another folder")


@pytest.fixture
def no_screen(studio: Studio) -> None:
    def refuse(title: str, mirror: bool, markers: object) -> FakeWindow:
        raise SinkError("there is no screen; use --no-display")

    studio.openers = replace(studio.openers, window=refuse)


# no screen


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


# an output that fails


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
