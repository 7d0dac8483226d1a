"""Nobody gets in under another name, from another page or without the token. Real sockets."""

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidHandshake, InvalidStatus

from realtime.errors import ConfigError
from realtime.views.web.access import Access, Role
from realtime.views.web.address import Address
from tests.web_client import TOKEN, Browser, Stage, stage

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("web")) as on:
        on.show(0)
        yield on


def foreign_hosts(port: int) -> dict[str, str | None]:
    return {
        "another": "evil.com",
        "another with our port": f"evil.com:{port}",
        "ours as a prefix": f"127.0.0.1.evil.com:{port}",
        "ours as a suffix": f"evil.127.0.0.1:{port}",
        "another port": f"localhost:{port + 1}",
        "no port": "127.0.0.1",
        "a dot behind": f"localhost.:{port}",
        "upper case": f"LOCALHOST:{port}",
        "another address of loopback": f"127.0.0.2:{port}",
        "short form": f"127.1:{port}",
        "as a number": f"2130706433:{port}",
        "IPv6": f"[::1]:{port}",
        "every address": f"0.0.0.0:{port}",
        "a user before": f"evil.com@127.0.0.1:{port}",
        "a space": f"127.0.0.1:{port} ",
        "two": f"127.0.0.1:{port}, evil.com",
        "empty": "",
    }


def foreign_origins(port: int) -> dict[str, str | None]:
    hosts = foreign_hosts(port)
    urls: dict[str, str | None] = {name: f"http://{host}" for name, host in hosts.items() if name not in ("a space", "two")}
    return urls | {
        "missing": None,
        "null": "null",
        "https": f"https://127.0.0.1:{port}",
        "a path": f"http://127.0.0.1:{port}/",
        "no scheme": f"127.0.0.1:{port}",
        "a file": "file://",
        "an extension": "chrome-extension://abcdefghijklmnop",
    }


NAMES = sorted(set(foreign_hosts(1)) - {"a space"})

ORIGINS = sorted(foreign_origins(1))


@pytest.mark.parametrize("name", NAMES)
def test_a_foreign_host_is_refused_everywhere(name: str, served: Stage) -> None:
    browser, host = served.browser(), foreign_hosts(served.port)[name]
    for path in ("/", "/me", "/events", "/video.mjpg", "/assets/x.js", "/overlay", "/nowhere"):
        assert browser.get(path, Host=host).code == 403, path
    assert browser.exchange(TOKEN, Host=host).code == 403
    # as under DNS rebinding, where both are the attacker's name
    assert browser.exchange(TOKEN, Host=host, Origin=f"http://{host}").code == 403


def test_a_missing_host_is_refused(served: Stage) -> None:
    assert served.browser().get("/me", Host=None).code in (400, 403)


@pytest.mark.parametrize("name", ORIGINS)
def test_a_foreign_origin_is_refused_for_a_token_and_for_sockets(name: str, served: Stage) -> None:
    browser, origin = served.browser(), foreign_origins(served.port)[name]
    assert browser.exchange(TOKEN, Origin=origin).code == 403
    for path in ("/watch", "/camera"):
        with pytest.raises(InvalidStatus) as caught, browser.socket(path, origin=origin):
            pass
        assert caught.value.response.status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_our_own_names_are_allowed(name: str, served: Stage) -> None:
    browser = served.browser()
    host = f"{name}:{served.port}"
    assert browser.exchange(TOKEN, Host=host, Origin=f"http://{host}").code == 204
    assert browser.get("/me", Host=host).code == 200


def test_two_origins_are_refused() -> None:
    access = Access(Address("127.0.0.1", ("127.0.0.1",), 8765, False))
    ours = "http://127.0.0.1:8765"
    assert access.origin_is_ours([ours])
    assert not access.origin_is_ours([ours, ours])
    assert not access.host_is_ours(["127.0.0.1:8765", "evil.com"])


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        TOKEN[:-1],
        TOKEN + "x",
        TOKEN.upper(),
        " " + TOKEN,
        "\x00" * 64,
        "ü" * 64,
        None,
        7,
        [TOKEN],
        {"token": TOKEN},
        True,
    ],
)
def test_a_wrong_token_is_refused(token: object, served: Stage) -> None:
    answer = Browser(served.port, None).exchange(token)
    assert answer.code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b"null", b'{"token"', b"[" * 900, b"\xff\xfe", b'{"x": 1}', b" " * 5000]
)
def test_a_wrong_body_is_refused(body: bytes, served: Stage) -> None:
    browser = Browser(served.port, None)
    assert browser.request("POST", "/session", body, Origin=browser.origin).code == 400


def test_a_token_works_in_every_browser_of_the_user(served: Stage) -> None:
    """The link stays on the terminal, for a second browser and for one that was restarted."""
    for _ in range(2):
        assert served.browser().get("/me").body == b'{"role":"control"}'


def test_the_link_of_the_overlay_may_only_watch(served: Stage) -> None:
    browser = served.browser(Role.WATCH)
    assert browser.get("/me").body == b'{"role":"watch"}'
    with browser.watch() as socket:
        hello = socket.next("hello")
        assert (hello["role"], hello["can"], hello["stored"]["paths"]) == ("watch", [], [])
        for order in (
            {"type": "action", "action": "quit"},
            {"type": "take-over"},
            {"type": "marker"},
            {"type": "record", "on": True},
        ):
            socket.send(**order)
            assert socket.next("refused")["text"] == "This page may only watch."
    assert served.view.poll(0) is None
    with browser.camera() as socket:
        assert socket.closed() == 4403


def test_a_token_is_no_cookie_and_a_cookie_no_token(served: Stage) -> None:
    browser = served.browser()
    name, _, value = browser.cookie.partition("=")
    assert Browser(served.port, None).exchange(value).code == 403
    browser.cookie = f"{name}={TOKEN}"
    assert browser.get("/me").code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda cookie: "",
        lambda cookie: cookie[:-1],
        lambda cookie: cookie + "x",
        lambda cookie: cookie.replace("control", "watch"),
        lambda cookie: cookie.upper(),
    ],
)
def test_without_its_cookie_a_browser_gets_nothing(change: Any, served: Stage) -> None:
    browser = served.browser()
    browser.cookie = change(browser.cookie)
    for path in ("/me", "/events", "/video.mjpg"):
        assert browser.get(path).code == 401, path
    for path in ("/watch", "/camera"):
        with browser.socket(path) as socket:
            assert socket.closed() == 4401


def test_a_huge_cookie_is_refused_at_once(served: Stage) -> None:
    """The library for WebSockets stops at such a head without an answer; the connection would stay open for ever."""
    browser = served.browser()
    browser.cookie = "x=" + "y" * 9000 + "; " + browser.cookie
    assert browser.get("/me").code == 401
    with pytest.raises((EOFError, OSError, InvalidHandshake)), browser.watch():
        pass


def test_cookies_of_other_programs_do_not_hide_ours(served: Stage) -> None:
    browser = served.browser()
    browser.cookie = f'theme={{"a": [1, 2]}}; =; ;{browser.cookie};other="'
    assert browser.get("/me").code == 200


def test_the_cookie_is_hidden_from_scripts_and_other_sites(served: Stage) -> None:
    kept = served.browser().exchange(TOKEN).headers["set-cookie"]
    name, *attributes = kept.split("; ")
    assert name.startswith(f"fer-cam-control-{served.port}=")
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict"]


def test_with_tls_the_cookie_is_never_sent_unencrypted() -> None:
    assert Access(Address("cam", ("cam",), 8765, True)).set_cookie(Role.CONTROL).endswith("; SameSite=Strict; Secure")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_other_method_does_anything(method: str, served: Stage) -> None:
    browser = served.browser()
    for path in ("/", "/session", "/me"):
        assert browser.request(method, path, b"").code == 403
        assert browser.request(method, path, b"", Origin=browser.origin).code == 405


@pytest.mark.parametrize("path", ["/", "/overlay?face=1", "/me", "/assets/none.js", "/nowhere", "/events/x"])
def test_every_answer_has_the_headers(path: str, served: Stage) -> None:
    headers = served.browser().get(path).headers
    assert headers["content-security-policy"] == "default-src 'self'; frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert [name for name in headers if name.startswith("access-control")] == []
    assert "server" not in headers


def test_a_refusal_has_the_headers_and_says_where_the_page_is(served: Stage) -> None:
    answer = served.browser().get("/", Host="evil.com")
    assert answer.headers["content-security-policy"] == "default-src 'self'; frame-ancestors 'none'"
    assert answer.body.decode() == f"This page is at http://127.0.0.1:{served.port} only."


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../view.py",
        "/assets/..%2fview.py",
        "/assets/%2e%2e/view.py",
        "/assets/..%5cview.py",
        "/assets/",
        "/assets/.",
        "/../etc/passwd",
    ],
)
def test_only_the_files_of_the_page_are_served(path: str, served: Stage) -> None:
    assert served.browser().get(path).code == 404


def test_the_secret_of_one_start_is_unknown_to_the_next() -> None:
    address = Address("127.0.0.1", ("127.0.0.1",), 8765, False)
    before, after = Access(address), Access(address)
    assert len(before.token(Role.CONTROL)) == 64  # 256 bits
    assert after.role_of_token(before.token(Role.CONTROL)) is None
    assert after.role_of([before.set_cookie(Role.CONTROL).partition(";")[0]]) is None
    tokens = {before.token(role) for role in Role} | {before.set_cookie(role) for role in Role}
    assert len(tokens) == 4


def test_with_a_token_of_the_user_links_and_cookies_outlive_a_restart() -> None:
    address = Address("127.0.0.1", ("127.0.0.1",), 8765, False)
    before, after = Access(address, TOKEN), Access(address, TOKEN)
    for role in Role:
        assert after.role_of_token(before.token(role)) is role
        assert after.role_of([before.set_cookie(role).partition(";")[0]]) is role


@pytest.mark.parametrize("secret", ["", "short", "x" * 31, "ü" * 40, "x" * 40 + " "])
def test_a_weak_token_of_the_user_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="FER_CAM_TOKEN must have at least 32 letters or digits"):
        Access(Address("127.0.0.1", ("127.0.0.1",), 8765, False), secret)
