"""The player: rows of a run, and what the window shows when."""

import io
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace

import pytest
from rich.console import Console

from realtime.governor import EFFORTS
from realtime.meter import Meter
from realtime.model.classifier import Classifier
from realtime.player import NOTICE_S, POLL_MS, Player
from realtime.signals import Stop
from realtime.sinks import Outputs
from realtime.sources.base import Source
from realtime.sources.capture import LiveFeed
from realtime.sources.feed import DirectFeed, Notices
from realtime.views.base import Action
from tests import builders, program
from tests.fakes import FakeSource
from tests.studio import LOST, Album, Reel, Studio, film, never

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

HIDE_CURSOR = "\x1b[?25l"
"""The first thing that a live view writes."""


# rows


def test_every_frame_has_a_row_and_the_end_is_orderly(studio: Studio) -> None:
    assert studio.run(film(*range(1, 8)), save=studio.video) == 0
    assert studio.indices() == list(range(7))
    assert studio.types() == ["header"] + ["frame"] * 7 + ["summary"]
    assert program.rows(studio.jsonl)[-1]["frames"] == 7
    assert len(program.watch(studio.video).times_s) == 7
    assert studio.window.opened is None


def test_a_limit_on_frames(studio: Studio) -> None:
    assert studio.run(film(*range(1, 8)), max_frames=3) == 0
    assert studio.indices() == [0, 1, 2]


def test_the_summary_is_shown(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.run(film(1, 2, 3))
    messages = capsys.readouterr().err
    assert "3 frames" in messages
    assert f"wrote {studio.jsonl}" in messages


def test_a_run_that_shows_and_saves_nothing_says_so_before_it_begins(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "nothing will be shown or saved; add --save, --jsonl or --csv"
    assert studio.run(film(1, 2, 3), jsonl=None) == 0
    messages = capsys.readouterr().err
    assert messages.index(words) < messages.index("3 frames")
    for outputs in ({"jsonl": str(studio.jsonl)}, {"jsonl": None, "csv": studio.jsonl.with_suffix(".csv")}, {"jsonl": "-"}):
        studio.run(film(1, 2, 3), **outputs)
        assert words not in capsys.readouterr().err
    studio.run(film(1, 2, 3), jsonl=None, display=True)
    assert words not in capsys.readouterr().err


def test_an_unwritten_video_is_not_listed(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    assert studio.run(film(), save=studio.video) == 0
    assert not studio.video.exists()
    assert str(studio.video) not in capsys.readouterr().err
    assert studio.types() == ["header", "summary"]


@pytest.mark.parametrize(("jsonl", "screen", "plain"), [("-", True, True), ("-", False, False), ("out.jsonl", True, False)])
def test_no_live_view_over_data_on_the_screen(
    studio: Studio, jsonl: str, screen: bool, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdout(io.StringIO):
        def isatty(self) -> bool:
            return screen

    messages = io.StringIO()
    studio.openers = replace(studio.openers, console=lambda: Console(file=messages, force_terminal=True))
    monkeypatch.chdir(studio.folder)
    with redirect_stdout(Stdout()):
        assert studio.run(film(1), jsonl=jsonl) == 0
    assert (HIDE_CURSOR in messages.getvalue()) is not plain


# what the window shows, and when


def test_a_file_plays_at_its_own_speed(studio: Studio) -> None:
    now = 50.0

    def sit(wait_ms: int) -> None:
        nonlocal now
        now += wait_ms / 1000

    shown_at: list[float] = []
    times_s = [*(i / 25 for i in range(50)), 2.7]
    studio.window.looked = sit
    studio.window.drawn = lambda: shown_at.append(now - 50.0)
    play(studio, Reel(times_s), lambda: now)
    assert shown_at == pytest.approx(times_s, abs=0.002)
    assert max(studio.window.waits_ms) == POLL_MS  # a signal is looked for even in a long wait


def test_a_slow_machine_plays_slower_and_does_not_rush_afterwards(studio: Studio) -> None:
    now = 50.0

    def sit(wait_ms: int) -> None:
        nonlocal now
        now += wait_ms / 1000

    def work(number: int) -> None:
        nonlocal now
        now += 1.0 if number == 1 else 0.0

    shown_at: list[float] = []
    studio.window.looked = sit
    studio.window.drawn = lambda: shown_at.append(now - 50.0)
    studio.watcher.seen = work
    play(studio, Reel([0.0, 0.1, 0.2, 0.3]), lambda: now)
    assert shown_at == pytest.approx([0.0, 1.0, 1.1, 1.2], abs=0.003)


def test_a_camera_is_shown_at_once(studio: Studio) -> None:
    studio.window.keys = {0: [None, Action.QUIT]}
    studio.run(LiveFeed(FakeSource([1], hang=True), never), display=True)
    assert set(studio.window.waits_ms) == {1}


def test_a_machine_too_slow_for_its_camera_does_less_and_says_so(studio: Studio) -> None:
    """Every frame is a second old when it is shown."""
    play(studio, FakeSource(range(1, 9)), lambda: studio.watcher.frames + 1.0)
    names = [hud.effort.name for hud in studio.window.huds]
    assert names[0] == "full"
    assert names[-1] == EFFORTS[-1].name
    assert any("fewer scans" in notice for hud in studio.window.huds for notice in hud.notices)


def test_a_file_has_all_the_time_it_needs(studio: Studio) -> None:
    play(studio, FakeSource(range(1, 9), live=False), lambda: studio.watcher.frames + 1.0)
    assert {hud.effort.name for hud in studio.window.huds} == {"full"}


def play(studio: Studio, source: Source, clock: Callable[[], float]) -> None:
    """The player alone, on a clock of the test's own."""
    config = studio.config(jsonl=None)
    studio.feed = DirectFeed(source)
    info = builders.run_info(studio.feed.info)
    with studio.engine(config, Classifier.load(config.model.name), clock) as engine:
        engine.watched = True
        Player(engine, Meter(info.labels), Outputs(info), [studio.window], clock=clock).play(Stop())


def test_an_image_stays_until_space(studio: Studio) -> None:
    studio.window.keys = {0: [None, None, Action.PAUSE], 1: [Action.PAUSE], 2: [None, Action.SNAPSHOT, None, Action.PAUSE]}
    assert studio.run(DirectFeed(Album(3)), display=True) == 0
    assert studio.window.frames == [0, 1, 2]
    assert studio.indices() == [0, 1, 2]
    assert not any(hud.paused for hud in studio.window.huds)  # no mark over the image
    assert all(keys == [] for keys in studio.window.keys.values())


def test_a_face_in_an_image_is_read_at_once(studio: Studio) -> None:
    studio.watcher.boxes = [(0.0, 0.0, 4.0, 4.0)]
    assert studio.run(DirectFeed(Album(2))) == 0
    assert [[face["id"] for face in row["faces"]] for row in program.frames(studio.jsonl)] == [[1], [2]]


def test_quit_at_an_image(studio: Studio) -> None:
    studio.window.keys = {1: [None, Action.QUIT], 0: [Action.PAUSE]}
    assert studio.run(DirectFeed(Album(3)), display=True) == 0
    assert studio.indices() == [0, 1]


def test_images_without_a_window_do_not_wait(studio: Studio) -> None:
    assert studio.run(DirectFeed(Album(3))) == 0
    assert studio.indices() == [0, 1, 2]


@pytest.mark.parametrize(("live", "wish", "mirrored"), [(True, None, True), (False, None, False), (True, False, False)])
def test_cameras_are_mirrored_and_files_are_not(studio: Studio, live: bool, wish: bool | None, mirrored: bool) -> None:
    feed = LiveFeed(FakeSource([1]), never) if live else film(1)
    studio.run(feed, display=True, mirror=wish)
    assert studio.window.opened == ("fer-cam: fake", mirrored)


def test_recording_and_drops_are_shown(studio: Studio) -> None:
    source = FakeSource(range(1, 6), hang=True)
    feed = LiveFeed(source, never)
    assert source.reading.wait(10)
    studio.window.keys = {4: [Action.QUIT]}
    studio.run(feed, display=True, save=studio.video)
    assert (studio.window.huds[0].dropped, studio.window.huds[0].recording) == (4, True)


def test_notices_of_the_feed_reach_terminal_and_window(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    notices = Notices()
    studio.watcher.seen = lambda number: notices.add("a part is damaged") if number == 1 else None
    assert studio.run(DirectFeed(FakeSource([1, 2, 3], live=False), notices), display=True) == 0
    assert capsys.readouterr().err.splitlines().count("a part is damaged") == 1
    assert [hud.notices for hud in studio.window.huds][-1] == ("a part is damaged",)


def test_notices_leave_the_window_after_a_while(studio: Studio) -> None:
    now = 50.0

    def work(number: int) -> None:
        nonlocal now
        now += NOTICE_S / 2 + 0.1

    studio.watcher.seen = work
    studio.window.keys = {0: [Action.MARKER]}
    play(studio, FakeSource([1, 2, 3, 4], live=False), lambda: now)
    assert [len(hud.notices) for hud in studio.window.huds] == [0, 1, 1, 0, 0]


def test_a_lost_camera_says_so_in_the_window_while_no_frame_comes(studio: Studio) -> None:
    back = threading.Event()

    def reopen() -> Source:
        assert back.wait(10)
        return FakeSource([7], hang=True)

    def look(wait_ms: int) -> None:
        if any("reconnecting" in notice for notice in studio.window.huds[-1].notices):
            back.set()

    feed = LiveFeed(FakeSource([1, LOST]), reopen, wait=lambda event, seconds: event.is_set())
    studio.window.looked = look
    studio.window.keys = {1: [Action.QUIT]}
    assert studio.run(feed, display=True) == 0
    assert back.is_set()
    assert studio.indices() == [0, 1]
    assert "fake is back" in studio.window.huds[-1].notices[-1]
