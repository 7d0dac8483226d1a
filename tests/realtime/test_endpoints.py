import pytest

from realtime import provenance
from realtime.config import Config
from realtime.endpoints import Broker, Endpoint
from realtime.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:9000", Endpoint("127.0.0.1", 9000)),
        ("studio-mac.local:57120", Endpoint("studio-mac.local", 57120)),
        ("[::1]:9000", Endpoint("::1", 9000)),
    ],
)
def test_a_receiver_is_a_host_and_a_port(text: str, endpoint: Endpoint) -> None:
    assert Endpoint.parse(text, "osc") == endpoint
    assert str(endpoint) == text


@pytest.mark.parametrize("text", ["", "9000", ":9000", "host", "host:0", "host:65536", "host:x", "::1:9000", "osc://host:9000"])
def test_anything_else_is_no_receiver(text: str) -> None:
    with pytest.raises(ConfigError, match="give HOST:PORT") as caught:
        Endpoint.parse(text, "osc")
    assert caught.value.settings == ("osc",)


@pytest.mark.parametrize(
    ("text", "broker"),
    [
        ("mqtt://lamp.local/home/mood", Broker("mqtt", "lamp.local", 1883, "home/mood", None, None)),
        ("mqtt://127.0.0.1", Broker("mqtt", "127.0.0.1", 1883, "fer-cam", None, None)),
        ("mqtts://anna:se%2Fsame@[::1]:1234/a/", Broker("mqtts", "::1", 1234, "a", "anna", "se/same")),
        ("mqtt://anna:p@ss@host/a", Broker("mqtt", "host", 1883, "a", "anna", "p@ss")),
    ],
)
def test_a_broker_has_a_host_a_topic_and_perhaps_a_login(text: str, broker: Broker) -> None:
    assert Broker.parse(text, "mqtt") == broker
    assert broker.tls == text.startswith("mqtts")


@pytest.mark.parametrize(
    "text",
    [
        "sesame",
        "http://u:sesame@host",
        "mqtt://",
        "mqtt://u:sesame@",
        "mqtt://u:sesame@host:port/t",
        "mqtt://u:sesame@host:70000/t",
        "mqtt://u:sesame@host:0/t",
        "mqtt://u:sesame@host/home/#",
        "mqtt://u:sesame@host/home/+/x",
        "mqtt://u:ses#ame@host/t",
        "mqtt://u:ses/ame@host/t",
        "mqtt://u:ses?ame@host/t",
        "mqtt://u:sesame@[::1/t",
    ],
)
def test_errors_about_a_broker_omit_its_password(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Broker.parse(text, "mqtt")
    assert caught.value.settings == ("mqtt",)
    assert "ame" not in str(caught.value)


def test_no_password_is_shown_by_a_broker_or_in_the_settings_of_the_data() -> None:
    url = "mqtt://anna:sesame@host/home"
    assert "sesame" not in f"{Broker.parse(url, 'mqtt')} {Broker.parse(url, 'mqtt')!r}"
    rule = "happiness > 0.5: curl -H token:sesame http://lamp"
    settings = dict(provenance.settings(Config.of(mqtt=url, triggers=(rule,))))
    assert settings["mqtt"] == "mqtt://anna@host/home"
    assert settings["triggers"] == ("happiness > 0.5: curl ...",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"osc": "9000"}, "osc 9000: give HOST:PORT"),
        ({"mqtt": "host"}, "mqtt is not the address of a broker"),
        ({"lsl": " "}, "lsl is empty"),
        ({"triggers": ("happiness: x",)}, 'triggers "happiness"'),
        ({"triggers": ("happiness > 0.7: osc:/smile",)}, "triggers with osc: needs a receiver; add --osc"),
        ({"triggers": ("happiness > 0.7: mqtt:mood",)}, "triggers with mqtt: needs a broker; add --mqtt"),
    ],
)
def test_the_config_checks_them_at_the_start(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.of(**change)
