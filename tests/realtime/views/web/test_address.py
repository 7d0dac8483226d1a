"""The address of the page: its port, its names, and addresses that need TLS."""

from pathlib import Path
from typing import Any

import pytest

from realtime.config import WebConfig
from realtime.errors import ConfigError
from realtime.views.web.address import Address, listen
from tests.web_client import free_port

pytestmark = pytest.mark.timeout(60)


def test_the_usual_port_is_left_out_of_names() -> None:
    address = Address("cam.example", ("cam.example",), 443, True)
    assert (address.url, address.hosts, address.origins) == (
        "https://cam.example",
        {"cam.example"},
        {"https://cam.example"},
    )


def test_a_taken_port_is_replaced_unless_it_was_named() -> None:
    first, at = listen(WebConfig(serve=free_port()))
    with first:
        with pytest.raises(ConfigError, match=rf"^serve {at.port}: cannot listen there \(.+\); give another port$"):
            listen(WebConfig(serve=at.port))
        one, here = listen(WebConfig(serve=0))
        two, there = listen(WebConfig(serve=0))
        with one, two:
            assert here.port != there.port


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^bind 192\.0\.2\.1: cannot listen there"):
        listen(WebConfig(serve=0, bind="192.0.2.1", insecure=True))
    with pytest.raises(ConfigError, match=r"^bind no\.such\.host\.invalid: no such address"):
        listen(WebConfig(serve=0, bind="no.such.host.invalid", insecure=True))


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.168.1.5", "::", "cam.local"])
def test_other_addresses_need_tls_or_the_word(bind: str) -> None:
    with pytest.raises(ConfigError, match="others could read"):
        WebConfig(serve=0, bind=bind)
    assert WebConfig(serve=0, bind=bind, insecure=True).bind == bind
    assert WebConfig(serve=0, bind=bind, tls_cert=Path("c"), tls_key=Path("k")).bind == bind
    with pytest.raises(ConfigError, match="tls_cert and tls_key belong together"):
        WebConfig(serve=0, bind=bind, tls_cert=Path("c"))


def test_every_address_has_the_names_of_this_machine_and_no_other() -> None:
    listener, address = listen(WebConfig(serve=0, bind="0.0.0.0", insecure=True))
    with listener:
        assert {f"127.0.0.1:{address.port}", f"localhost:{address.port}"} <= address.hosts
        assert f"0.0.0.0:{address.port}" not in address.hosts


@pytest.mark.parametrize("change", [{"bind": "0.0.0.0"}, {"insecure": True}, {"tls_cert": Path("c"), "tls_key": Path("k")}])
def test_options_of_the_page_without_the_page_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="needs the page for browsers; add --serve"):
        WebConfig(**change)
