"""The language of triggers."""

import pytest

from realtime.errors import ConfigError
from realtime.triggers import Action, Kind, Trigger


def test_a_whole_rule() -> None:
    trigger = Trigger.parse("happiness>=0.7  for 1.5s until 0.4 wait 2m : lamp --scene 'good mood'")
    assert (trigger.name, trigger.compare, trigger.level) == ("happiness", ">=", 0.7)
    assert (trigger.hold_s, trigger.release, trigger.wait_s) == (1.5, 0.4, 120.0)
    assert trigger.action == Action(Kind.COMMAND, "lamp --scene 'good mood'")
    assert trigger.action.words == ("lamp", "--scene", "good mood")


def test_omitted_parts_have_defaults() -> None:
    trigger = Trigger.parse("happy > 0.7: osc:/smile")
    assert (trigger.name, trigger.hold_s, trigger.wait_s) == ("happiness", 0.0, 1.0)
    assert trigger.release == pytest.approx(0.6)
    assert Trigger.parse("neutral < .95: x").release == 1.0
    assert Trigger.parse("sad > 0.05: x").release == 0.0
    assert Trigger.parse("faces = 0 for 500ms: x").hold_s == 0.5


@pytest.mark.parametrize(
    ("text", "action", "shown"),
    [
        ("osc:/smile", Action(Kind.OSC, "/smile"), "osc:/smile"),
        ("mqtt:home/mood", Action(Kind.MQTT, "home/mood"), "mqtt:home/mood"),
        ("shell: echo $TOKEN | lamp", Action(Kind.SHELL, "echo $TOKEN | lamp"), "shell: ..."),
        ("C:/lamp.exe on", Action(Kind.COMMAND, "C:/lamp.exe on"), "C:/lamp.exe ..."),
        ("lamp", Action(Kind.COMMAND, "lamp"), "lamp"),
    ],
)
def test_an_action_is_a_command_or_a_message(text: str, action: Action, shown: str) -> None:
    assert Action.parse(text) == action
    assert str(action) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "give"),
        ("happiness > 0.7", "give"),
        ("happiness > 0.7:", "has no action"),
        ("happiness > 0.7: osc:", "has no action"),
        ("happiness > 0.7 for 1: x", "give"),
        ("happiness > 0.7 for ever: x", "give"),
        ("happiness 0.7: x", "give"),
        ("happiness > -1: x", "give"),
        ("happiness > 7: x", "a probability is from 0 to 1"),
        ("happiness = 1: x", "compare with > or <"),
        ("joyful > 0.7: x", "joyful: give faces or one of neutral, happiness"),
        ("happiness > 0.7 until 0.8: x", "`until` lies on the side"),
        ("happiness < 0.2 until 0.1: x", "`until` lies on the side"),
        ("happiness > 0.7: osc:smile", "begins with a slash"),
        ("happiness > 0.7: mqtt:home/#", "has an invalid topic"),
        ("happiness > 0.7: lamp 'on", "quotation mark"),
    ],
)
def test_an_invalid_rule_is_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Trigger.parse(text)
    assert caught.value.settings == ("triggers",)
    assert "\n" not in str(caught.value)
