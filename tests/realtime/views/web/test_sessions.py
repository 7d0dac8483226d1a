"""Sessions of browsers' cameras survive a dropped connection and end with a summary."""

import asyncio
import json
from pathlib import Path

import pytest

from realtime.config import Config
from realtime.model.classifier import Classifier
from realtime.views.web import wire
from realtime.views.web.cameras import KEEP_S, Cameras
from realtime.views.web.hub import Follower
from tests.fakes import Clock
from tests.tiny_models import write_always
from tests.web_client import WH, Browser, Stage, ask, camera_run, jpeg

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


def test_a_session_goes_on_in_a_new_connection(browser: Browser) -> None:
    with browser.camera() as socket:
        key = socket.next("hello")["session"]
        assert ask(socket, 0, jpeg(), at=1.0)["t"] == 0
    with browser.camera(key) as socket:
        assert socket.next("hello")["session"] == key
        line = ask(socket, 30, jpeg(), at=2.0)
        assert (line["t"], line["dropped"]) == (1.0, 29)  # the gap is in the data


def test_a_session_moves_from_a_connection_that_hangs(browser: Browser) -> None:
    with browser.camera() as old:
        key = old.next("hello")["session"]
        with browser.camera(key) as new:
            assert new.next("hello")["session"] == key
            assert old.closed() == 1000
            assert ask(new, 0, jpeg())["frame"] == 0


def test_an_unknown_session_is_a_new_one(browser: Browser) -> None:
    with browser.camera("x" * 1000) as socket:
        assert socket.next("hello")["session"] != "x" * 1000


class Page:
    def __init__(self) -> None:
        self.outbox = Follower()

    def tick(self) -> None: ...


def test_a_session_waits_for_its_browser_and_then_ends_with_its_recording(tmp_path: Path) -> None:
    classifier = Classifier.load(str(write_always(tmp_path / "tiny.onnx")), 1)
    clock = Clock()
    config = Config.of(source="browser", serve=0, session=tmp_path / "P")
    cameras = Cameras(config, camera_run(), classifier, clock)

    async def scenario() -> None:
        page = Page()
        kept = cameras.attach(page, None)
        assert kept is not None
        await cameras.work(lambda: kept.session.process(wire.unpack(wire.pack(0, WH, 1.0, jpeg())), 0.0))
        await cameras.work(lambda: kept.session.record(True))
        cameras.detach(page, kept)
        clock.now += KEEP_S
        cameras.tick()
        assert cameras.attach(page, kept.key) is kept  # in time
        cameras.detach(page, kept)
        clock.now += KEEP_S + 0.1
        cameras.tick()
        assert cameras.attach(page, kept.key) is not kept
        await cameras.end()

    asyncio.run(scenario())
    cameras.close()
    classifier.close()
    assert cameras.folders == (tmp_path / "P",)
    assert json.loads((tmp_path / "P" / "session.json").read_text())["status"] != "running"


def test_stop_ends_the_session_with_a_summary(browser: Browser) -> None:
    with browser.camera() as socket:
        for index in range(3):
            ask(socket, index, jpeg())
        socket.send(type="stop")
        assert socket.next("summary")["frames"] == 3
        assert socket.closed() == 1000


def test_the_end_of_the_program_is_a_summary(on: Stage, browser: Browser) -> None:
    with browser.camera() as socket:
        ask(socket, 0, jpeg())
        on.view.close()
        assert socket.next("summary")["frames"] == 1
        assert socket.closed() == 1000
