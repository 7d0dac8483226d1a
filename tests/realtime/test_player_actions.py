"""Actions of the viewer, whether a key or a page sends them: quit, pause, markers, snapshots, blur, recording."""

import json
import threading
from pathlib import Path

import pytest

from realtime.sources.capture import LiveFeed
from realtime.views.base import Action, Mark
from tests import program
from tests.fakes import FakeSource
from tests.studio import FakeWindow, Studio, film, never

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


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
