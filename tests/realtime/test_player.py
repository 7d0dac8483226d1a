"""The player's everyday life: rows, keys, and what the window shows when."""

import io
import json
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

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
from realtime.views.base import Action, Mark
from tests import builders, program
from tests.fakes import FakeSource
from tests.studio import LOST, Album, FakeWindow, Reel, Studio, film, never

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


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


# keys


@pytest.mark.parametrize("live", [True, False])
def test_quit(studio: Studio, live: bool) -> None:
    feed = LiveFeed(FakeSource([1], hang=True), never) if live else film(*range(1, 6))
    studio.window.keys = {0: [Action.QUIT]}
    assert studio.run(feed, display=True) == 0
    assert studio.indices() == [0]
    assert studio.window.closed
    assert feed.finished


def test_a_file_pauses_and_goes_on_with_the_next_frame(studio: Studio) -> None:
    studio.window.keys = {1: [Action.PAUSE, None, None, Action.PAUSE]}
    assert studio.run(film(1, 2, 3, 4), display=True) == 0
    assert studio.indices() == [0, 1, 2, 3]
    assert [hud.paused for hud in studio.window.huds] == [False, False, True, False, False, False]
    assert studio.window.shown == [0, 1, 1, 1, 2, 3]


def test_a_camera_pauses_and_goes_on_with_its_newest_frame(studio: Studio) -> None:
    source = FakeSource(range(1, 9), hang=True)
    go = threading.Event()

    def hold() -> None:  # the first frame at once, the others while the user pauses
        if source.given:
            go.wait()

    source.asked = hold
    feed = LiveFeed(source, never)

    def during_the_pause(wait_ms: int) -> None:
        if studio.window.huds[-1].paused:
            go.set()
            assert source.reading.wait(10)  # everything is captured

    studio.window.looked = during_the_pause
    studio.window.keys = {0: [Action.PAUSE, None, Action.PAUSE], 7: [Action.QUIT]}
    assert studio.run(feed, display=True) == 0
    assert studio.indices() == [0, 7]
    assert program.frames(studio.jsonl)[-1]["dropped"] == 6


def test_quit_while_paused(studio: Studio) -> None:
    studio.window.keys = {0: [Action.PAUSE, None, Action.QUIT]}
    assert studio.run(film(1, 2), display=True) == 0
    assert studio.indices() == [0]


def test_a_marker_goes_to_the_data_after_the_frame_that_was_shown(studio: Studio) -> None:
    studio.window.keys = {1: [Action.MARKER]}
    studio.run(film(1, 2, 3), display=True)
    assert studio.types() == ["header", "frame", "frame", "marker", "frame", "summary"]
    marker = program.rows(studio.jsonl)[3]
    assert (marker["frame"], marker["t"], marker["name"], marker["by"]) == (1, 1.0, None, "key")
    assert studio.window.huds[-1].notices == ("marker set",)


def test_a_named_marker_has_the_time_of_its_key_and_not_of_the_frame(studio: Studio) -> None:
    """Frames captured at 1, 2, 3 s; the key is pressed 0.4 s after the second one."""
    studio.window.keys = {1: [Mark("stimulus", 2.4, "key")], 2: [Action.QUIT]}
    assert studio.run(LiveFeed(FakeSource([1, 2, 3], hang=True), never), display=True) == 0
    markers = [row for row in program.rows(studio.jsonl) if row["type"] == "marker"]
    for marker in markers:  # of a live source, frames may be dropped
        assert marker == {"type": "marker", "frame": 1, "t": 1.0, "name": "stimulus", "at": 1.4, "by": "key"}


def test_a_session_has_everything_in_one_folder(studio: Studio) -> None:
    folder = studio.folder / "P07"
    studio.window.keys = {0: [Mark("stimulus", 0.0, "key")], 1: [Action.MARKER]}
    options = {"session": folder, "participant": "P07", "task": "faces", "jsonl": None, "display": True, "save": Path()}
    assert studio.run(film(1, 2, 3), **options, markers=("stimulus",)) == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "events.tsv", "faces.csv", "frames.jsonl", "report.html", "session.json", "video.mp4",
    ]  # fmt: skip
    events = (folder / "events.tsv").read_text().splitlines()
    assert events[0].split("\t")[:3] == ["onset", "duration", "trial_type"]
    assert [row.split("\t")[2:4] for row in events[1:]] == [["stimulus", "0"], ["marker", "1"]]
    about = json.loads((folder / "session.json").read_text())
    assert (about["status"], about["participant"], about["task"], about["markers"]) == ("complete", "P07", "faces", 2)
    assert about["run"]["settings"]["markers"] == ["stimulus"]
    assert about["summary"]["frames"] == 3 == len(program.frames(folder / "frames.jsonl"))
    studio.window.keys = {}
    assert studio.run(film(1), **options) == 0
    assert (studio.folder / "P07-2" / "session.json").exists(), "an earlier session is left alone"


def test_a_session_that_was_killed_says_that_it_was_running(studio: Studio) -> None:
    seen: list[str] = []
    folder = studio.folder / "P07"
    studio.watcher.seen = lambda number: seen.append(json.loads((folder / "session.json").read_text())["status"])
    assert studio.run(film(1, 2), session=folder, jsonl=None) == 0
    assert seen == ["running", "running"]


def test_a_marker_without_an_output_is_refused(studio: Studio) -> None:
    studio.window.keys = {1: [Action.MARKER]}
    assert studio.run(film(1, 2, 3), display=True, jsonl=None) == 0
    assert studio.window.huds[-1].notices == ("markers need an output; add --jsonl or --session",)


def test_snapshots_are_numbered_and_reported(studio: Studio) -> None:
    studio.window.keys = {0: [Action.SNAPSHOT], 1: [Action.SNAPSHOT]}
    studio.run(film(1, 2), display=True)
    written = sorted(path.name for path in studio.folder.glob("*.png"))
    assert written == ["fake_snapshot-2.png", "fake_snapshot.png"]
    assert studio.window.huds[-1].notices == tuple(f"wrote {studio.folder / name}" for name in reversed(written))


def test_a_snapshot_that_cannot_be_written_does_not_end_the_run(studio: Studio) -> None:
    studio.window.keys = {0: [Action.SNAPSHOT]}
    assert studio.run(film(1, 2, 3), display=True, snapshots=studio.folder / "nowhere") == 0
    assert studio.indices() == [0, 1, 2]
    (notice,) = studio.window.huds[1].notices
    assert notice.startswith(f"cannot write {studio.folder / 'nowhere'}")


def test_keys_before_the_first_frame_do_nothing(studio: Studio) -> None:
    class Impatient(FakeWindow):
        def poll(self, wait_ms: int = 1) -> Action | None:
            if self.shown:
                return Action.QUIT
            ready.set()
            return early.pop() if early else None

    early = [Action.MARKER, Action.SNAPSHOT]
    ready = threading.Event()
    source = FakeSource([1], hang=True)
    source.asked = ready.wait
    studio.window = Impatient()
    assert studio.run(LiveFeed(source, never), display=True) == 0
    assert studio.types() == ["header", "frame", "summary"]
    assert list(studio.folder.glob("*.png")) == []


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


# actions of pages


def test_faces_are_hidden_from_now_on_and_shown_again(studio: Studio) -> None:
    studio.window.keys = {1: [Action.BLUR], 3: [Action.BLUR]}
    assert studio.run(film(*range(6)), display=True) == 0
    blurred = {frame: hud.blur for frame, hud in zip(studio.window.shown, studio.window.huds, strict=True)}
    assert [blurred[frame] for frame in range(6)] == [False, True, True, False, False, False]
    assert studio.window.notices == ["faces are hidden", "faces are shown"]


def test_a_run_that_was_started_with_blur_keeps_it(studio: Studio) -> None:
    studio.window.keys = {1: [Action.BLUR]}
    assert studio.run(film(*range(3)), display=True, blur=True) == 0
    assert all(hud.blur for hud in studio.window.huds)
    assert studio.window.notices == ["faces stay hidden: fer-cam was started with --blur"]


def test_recording_without_a_folder_is_refused_in_words(studio: Studio) -> None:
    studio.window.keys = {1: [Action.RECORD]}
    assert studio.run(film(*range(3)), display=True) == 0
    assert studio.window.notices == ["recording needs a folder; start fer-cam with --session DIR"]


def test_views_learn_of_markers_and_of_what_is_stored(studio: Studio) -> None:
    studio.window.keys = {1: [Mark("a", 1.0, "page")]}
    assert studio.run(film(*range(3)), display=True) == 0
    first, last = studio.window.huds[0], studio.window.huds[-1]
    assert (first.marker, first.session, first.stored) == (None, False, (studio.jsonl,))
    assert last.marker is not None
    assert (last.marker.name, last.marker.by) == ("a", "page")
