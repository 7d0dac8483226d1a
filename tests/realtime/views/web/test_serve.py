"""The options of the page, TLS, and what the user is told."""

import http.client
import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

from realtime.errors import ConfigError
from realtime.views.web.access import Role
from tests import program
from tests.conftest import ROOT
from tests.desk import Desk, refused
from tests.web_client import TOKEN, WAIT_S, free_port, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("FER_CAM_TOKEN", TOKEN)
    return Desk(tmp_path, capsys)


def test_the_links_are_printed_and_the_file_is_played(desk: Desk) -> None:
    done = desk.run("--video", desk.clip, "--serve")
    assert done.code == 0
    port = done.err.partition("page: http://127.0.0.1:")[2].partition("/")[0]
    assert f"page: http://127.0.0.1:{port}/#token={TOKEN}\n" in done.err
    assert f"overlay, to watch only: http://127.0.0.1:{port}/overlay#token=" in done.err
    assert "12 frames in" in done.err
    assert "nothing will be shown or saved" not in done.err
    assert done.out == ""


def test_a_taken_port_is_one_line(desk: Desk) -> None:
    with stage(desk.folder) as on:
        refused(desk.run(desk.clip, "--serve", str(on.port)), 2, f"--serve {on.port}: cannot listen there", "give another port")


@pytest.mark.parametrize(
    ("options", "culprit", "remedy"),
    [
        (("--serve", "70000"), "--serve 70000", "give a port from 1 to 65535"),
        (
            ("--serve", "8765", "--bind", "0.0.0.0"),
            "--bind 0.0.0.0: others could read",
            "add --tls-cert and --tls-key, or --insecure",
        ),
        (("--insecure",), "--insecure needs the page", "add --serve"),
        (("--serve", "8765", "--tls-cert", "none.pem"), "--tls-cert and --tls-key", "give both"),
        (("--serve", "8765", "--tls-cert", "none.pem", "--tls-key", "none.pem"), "cannot be read", "give PEM files"),
        (("--device", "browser"), "browser needs the page", "add --serve"),
        (("--device", "browser", "--serve", "--jsonl", "-"), "--jsonl cannot be used without a source", "give --session DIR"),
    ],
)
def test_options_that_do_not_fit_are_one_line(options: tuple[str, ...], culprit: str, remedy: str, desk: Desk) -> None:
    source = () if "--device" in options else ("--video", desk.clip)
    refused(desk.run(*source, *options), 2, culprit, remedy)
    assert desk.made() == set()


def test_a_source_behind_serve_is_explained(desk: Desk) -> None:
    refused(desk.run("--serve", desk.clip), 2, "--serve", "is no port; if it is the source, put it before --serve")


def test_quiet_without_a_known_token_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FER_CAM_TOKEN")
    refused(desk.run(desk.clip, "--serve", "-q"), 2, "--quiet hides the link of the page", "set FER_CAM_TOKEN")
    monkeypatch.setenv("FER_CAM_TOKEN", TOKEN)
    assert desk.run(desk.clip, "--serve", "-q").code == 0


def test_a_weak_token_is_one_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_CAM_TOKEN", "secret")
    refused(desk.run(desk.clip, "--serve"), 2, "FER_CAM_TOKEN must have at least 32", "openssl rand -hex 32")


@pytest.mark.parametrize("library", ["starlette", "uvicorn", "websockets"])
def test_a_missing_library_names_the_extra(library: str, desk: Desk) -> None:
    code = f"import sys; sys.modules['{library}'] = None; from realtime.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(desk.clip), "--serve", "--no-display", "--model", str(desk.model)],
        cwd=desk.folder,
        env=program.environment(),
        capture_output=True,
        text=True,
        timeout=program.LIMIT_S,
        check=False,
    )
    assert done.returncode == 5
    assert done.stderr == f"fer-cam: --serve needs {library}; install it with: pip install 'fer-cam[web]'\n"


def test_without_the_page_no_library_of_it_is_loaded() -> None:
    code = "import sys, realtime.run; print([n for n in ('starlette', 'uvicorn', 'websockets', 'asyncio') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_with_a_certificate_the_connection_is_encrypted(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, *names)
    subprocess.run(made, check=True, capture_output=True)
    trust = ssl.create_default_context(cafile=str(cert))
    with stage(tmp_path, serve=free_port(), tls_cert=cert, tls_key=key) as on:
        on.show(0)
        links = dict(on.view.links)
        host, origin = f"127.0.0.1:{on.port}", f"https://127.0.0.1:{on.port}"
        assert links["page"].startswith(f"{origin}/#token=")
        connection = http.client.HTTPSConnection("127.0.0.1", on.port, timeout=WAIT_S, context=trust)
        connection.request("POST", "/session", json.dumps({"token": TOKEN}), {"Host": host, "Origin": origin})
        answer = connection.getresponse()
        cookie = answer.getheader("Set-Cookie") or ""
        connection.close()
        assert (answer.status, cookie.endswith("; Secure")) == (204, True)
        headers = {"Cookie": cookie.partition(";")[0]}
        with connect(f"wss://{host}/watch", ssl=trust, origin=origin, additional_headers=headers) as page:
            assert json.loads(page.recv(WAIT_S))["type"] == "hello"
        plain = http.client.HTTPConnection("127.0.0.1", on.port, timeout=WAIT_S)
        plain.request("GET", "/", headers={"Host": host})
        with pytest.raises((http.client.HTTPException, OSError)):
            plain.getresponse()
        plain.close()


def test_a_key_with_a_password_is_not_asked_for(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-passout",
        "pass:secret",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        cert,
    )
    subprocess.run((*made, "-subj", "/CN=localhost"), check=True, capture_output=True)
    with pytest.raises(ConfigError, match="tls_cert and tls_key cannot be read"), stage(tmp_path, tls_cert=cert, tls_key=key):
        pass


def test_the_overlay_and_the_page_are_there(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        for role, path in ((Role.CONTROL, "/"), (Role.WATCH, "/overlay?face=1")):
            answer = on.browser(role).get(path)
            assert answer.code == 200
            assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_view_follows_the_protocol(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        assert on.view.paced
        assert on.view.due()
        assert on.view.poll(0) is None
