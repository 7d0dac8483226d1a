"""Servers that refuse, never answer or send no video: one line, without a password."""

import threading
import traceback
from pathlib import Path

import pytest

from realtime.errors import SourceOpenError
from realtime.sources.base import Notify
from realtime.sources.decoder import Decoder
from realtime.sources.stream import Stream, connect
from tests.feeds import refusal
from tests.mjpeg_server import JPEGS, MjpegServer
from tests.video_files import write_sound
from tests.web_server import web

pytestmark = pytest.mark.timeout(60)


def test_a_refused_connection_does_not_show_the_password() -> None:
    with MjpegServer(JPEGS) as server:
        port = server.url.split(":")[2].split("/")[0]
    message = refusal(f"http://anna:sesame@127.0.0.1:{port}/video?token=sesame")  # the server has gone
    assert "connection refused" in message
    assert f"http://anna@127.0.0.1:{port}/video" in message
    assert "sesame" not in message


@pytest.mark.parametrize("login", ["anna:sesame", "anna:ses#ame", "anna:x@ses/ame", "anna:12/sesame"])
def test_a_password_is_not_in_the_chain_of_errors_either(login: str) -> None:
    with MjpegServer(JPEGS) as server:
        port = server.url.split(":")[2].split("/")[0]
    url = f"rtsp://{login}@127.0.0.1:{port}/sesame=sesame"
    with pytest.raises(SourceOpenError) as caught:
        Stream(url, timeout_s=5)
    shown = "".join(traceback.format_exception(caught.value))
    assert not any(secret in shown for secret in ("sesame", "ses#", "ses/", "/ame", "#ame"))


def test_a_server_that_refuses() -> None:
    with MjpegServer(JPEGS) as server:
        server.refuse()
        assert "cannot be opened" in refusal(server.url)
        server.accept()
        source = Stream(server.url)
        assert source.read() is not None
        source.close()


def test_a_server_that_never_answers() -> None:
    with MjpegServer(JPEGS, silent=True) as server:
        assert "did not answer within 0.5 s" in refusal(server.url, 0.5)


def test_the_same_where_ffmpegs_limit_runs_out_first() -> None:
    def impatient(url: str, name: str, _: float, notify: Notify) -> Decoder:
        return connect(url, name, 0.2, notify)

    with MjpegServer(JPEGS, silent=True) as server:
        assert "did not answer within 60 s" in refusal(server.url, 60.0, impatient)


def test_a_name_that_is_never_resolved() -> None:
    release = threading.Event()

    def hang(*_: object) -> Decoder:
        release.wait(20)
        raise SourceOpenError("too late for anybody")

    assert "did not answer within 0.05 s" in refusal("http://127.0.0.1/", 0.05, hang)
    release.set()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nope.mp4", "404"),
        ("locked/a.mp4", "needs a login"),
        ("a.html", "did not send a video"),
        ("a.m4a", "sound but no video"),
    ],
)
def test_answers_that_are_no_video(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "a.html").write_text("<html>hello</html>\n" * 100)
    write_sound(tmp_path / "a.m4a")
    with web(tmp_path) as address:
        assert said in refusal(f"{address}/{path}")
