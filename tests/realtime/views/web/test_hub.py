"""Pages that are too many, never draw, or take no messages are closed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.config import Config
from realtime.recorder import Recorder
from realtime.views.web.hub import ACK_S, MOST_TEXTS, Follower, Hub
from realtime.views.web.shot import Encoder
from tests.fakes import Clock
from tests.web_client import Socket, Stage, camera_run, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, markers=("stimulus",)) as it:
        yield it


def test_a_page_that_never_draws_is_closed() -> None:
    clock, run = Clock(), camera_run()
    hub = Hub(Config(), Encoder(run, Recorder(run)), clock)
    slow, idle = Follower(), Follower()
    for follower in (slow, idle):
        hub.join(follower)
    slow.busy_since = clock.now
    clock.now += ACK_S
    hub.tick()
    assert slow.closing is None
    clock.now += 0.1
    hub.tick()
    assert slow.closing is not None
    assert slow.closing[0] == 4408
    assert idle.closing is None


def test_a_page_that_takes_no_messages_is_closed() -> None:
    follower = Follower()
    for _ in range(MOST_TEXTS):
        follower.put("x")
    assert follower.closing is None
    for _ in range(1000):
        follower.put("x")
    assert len(follower.texts) == MOST_TEXTS
    assert follower.closing is not None


def test_too_many_pages_are_refused(on: Stage) -> None:
    browser = on.browser()
    open_ones = [browser.watch() for _ in range(64)]
    sockets: list[Socket] = [each.__enter__() for each in open_ones]
    try:
        for socket in sockets:
            socket.next("hello")
        with browser.watch() as socket:
            assert socket.closed() == 4408
        assert browser.get("/events").code == 503
    finally:
        for each in open_ones:
            each.__exit__(None, None, None)
