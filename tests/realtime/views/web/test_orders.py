"""Actions and markers that a page sends, and which tab is in control."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.views.base import Action, Mark
from realtime.views.web.access import Role
from tests.web_client import Stage, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, markers=("stimulus",)) as it:
        yield it


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ({"type": "action", "action": "pause"}, Action.PAUSE),
        ({"type": "action", "action": "snapshot"}, Action.SNAPSHOT),
        ({"type": "action", "action": "blur"}, Action.BLUR),
        ({"type": "action", "action": "quit"}, Action.QUIT),
        ({"type": "record", "on": True}, Action.RECORD),
        ({"type": "record", "on": False}, Action.STOP_RECORDING),
    ],
)
def test_actions_reach_the_player(order: dict[str, object], wanted: Action, on: Stage) -> None:
    with on.browser().watch() as socket:
        socket.send(**order)
        assert on.action() is wanted


def test_a_marker_has_its_name_and_the_moment_on_the_page(on: Stage) -> None:
    with on.browser().watch() as socket:
        for name, ago_ms in (("  stimulus \n 2", 250), (None, 0), ("x" * 500, 1e99), (7, float("nan")), ("y", "soon")):
            before = time.perf_counter()
            socket.send(type="marker", name=name, ago_ms=ago_ms)
            mark = on.action()
            assert isinstance(mark, Mark)
            after = time.perf_counter()
            assert mark.by == "page"
            if name == "  stimulus \n 2":
                assert mark.name == "stimulus 2"
                assert before - 0.25 <= mark.at <= after - 0.25
            elif ago_ms == 1e99:
                assert mark.name == "x" * 200
                assert mark.at == pytest.approx(after - 60, abs=1)
            else:
                assert mark.name in (None, "y")
                assert before <= mark.at <= after


@pytest.mark.parametrize("action", ["full screen", "explode", "", None, 7, ["quit"], "QUIT"])
def test_an_unknown_action_is_refused(action: object, on: Stage) -> None:
    with on.browser().watch() as socket:
        socket.send(type="action", action=action)
        assert "no action of the name" in socket.next("refused")["text"]
    assert on.view.poll(0) is None


def test_messages_of_a_later_version_are_passed_over(on: Stage) -> None:
    with on.browser().watch() as socket:
        socket.send(type="from the future")
        socket.send(no="type")
        socket.send(type="ping", sent="x")
        assert socket.next("pong")["sent"] is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", "null", "[" * 4000, '{"type": "' + "x" * 5000 + '"}', b"FERC" + bytes(20)]
)
def test_what_is_no_message_closes_the_connection(text: str | bytes, on: Stage) -> None:
    with on.browser().watch() as socket:
        socket.connection.send(text)
        assert socket.closed() == 1003
    with on.browser().watch() as socket:  # the server goes on
        socket.next("hello")


def test_one_tab_acts_and_another_takes_over(on: Stage) -> None:
    browser = on.browser()
    with browser.watch() as one:
        assert one.next("control")["mine"]
        with browser.watch() as two:
            assert two.next("control") == {"type": "control", "mine": False, "free": False}
            two.send(type="action", action="pause")
            assert two.next("refused")["text"] == "Another tab is in control; take over first."
            two.send(type="take-over")
            assert two.next("control")["mine"]
            assert one.until("control", lambda told: not told["mine"]) == {"type": "control", "mine": False, "free": False}
            two.send(type="action", action="pause")
            assert on.action() is Action.PAUSE
            one.send(type="action", action="quit")
            one.next("refused")
        assert one.until("control", lambda told: told["free"])
        one.send(type="action", action="snapshot")  # free: it goes to the one who acts
        assert on.action() is Action.SNAPSHOT
        assert one.next("control")["mine"]
    assert on.view.poll(0) is None


def test_the_page_that_comes_back_is_in_control_again(on: Stage) -> None:
    browser = on.browser()
    with browser.watch() as socket:
        assert socket.next("control")["mine"]
    with on.browser(Role.WATCH).watch() as overlay, browser.watch() as socket:
        assert not overlay.next("control")["mine"]
        assert socket.next("control")["mine"]


def test_a_flood_of_actions_is_refused(on: Stage) -> None:
    with on.browser().watch() as socket:
        for _ in range(64):
            socket.send(type="action", action="marker")
        socket.send(type="action", action="marker")
        assert socket.next("refused")["text"] == "fer-cam is busy; try again."
        assert isinstance(on.action(), Mark)
