"""Signals end a run on its thread in order, twice at once; what was written is whole."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from realtime.player import POLL_MS
from realtime.signals import SIGNALS, caught
from realtime.sources.capture import LiveFeed
from realtime.sources.feed import MOST_AT_ONCE, DirectFeed
from realtime.views.base import Action
from tests import program
from tests.fakes import FakeSource
from tests.studio import Album, FakeWindow, Studio, film, never

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGHUP")


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
