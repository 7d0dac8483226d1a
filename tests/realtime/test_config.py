from dataclasses import FrozenInstanceError

import pytest

from realtime.commands.shared import option
from realtime.config import Config, ReadingConfig
from realtime.errors import ConfigError


def test_defaults_are_valid_and_frozen() -> None:
    config = Config()
    assert config.source.location == "0"
    with pytest.raises(FrozenInstanceError):
        config.source.location = "1"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"min_face": 9}, "--min-face 9"),
        ({"min_face": -5}, "--min-face -5"),
        ({"threshold": 1.0}, "--threshold"),
        ({"threshold": -0.1}, "--threshold"),
        ({"smoothing_s": -1.0}, "--smoothing"),
        ({"smoothing_s": 11.0}, "--smoothing"),
        ({"threads": -1}, "--threads"),
        ({"provider": "CUDA"}, "--provider CUDA: give one of auto, cpu, "),
        ({"provider": ""}, "--provider"),
        ({"max_frames": 0}, "--max-frames"),
        ({"open_timeout_s": 0.0}, "--timeout"),
        ({"open_timeout_s": float("nan")}, "--timeout nan"),
        ({"open_timeout_s": float("inf")}, "--timeout inf"),
        ({"reconnect_s": float("nan")}, "--reconnect nan"),
        ({"camera_fps": float("nan")}, "--fps nan"),
        ({"camera_size_wh": (0, 480)}, "--size 0x480"),
        ({"camera_fps": 0.0}, "--fps"),
        ({"source": ""}, "--source"),
    ],
)
def test_a_value_out_of_range_names_its_setting_and_the_command_line_its_option(change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.of(**change)
    (setting,) = change
    assert str(caught.value).startswith(f"{setting} ")
    assert said in caught.value.with_names({setting: option(setting)})
    assert caught.value.exit_code == 2


def test_two_outputs_that_would_mix_are_both_named() -> None:
    with pytest.raises(ConfigError, match=r"^jsonl and csv would mix on standard output; give one of them a file$") as caught:
        Config.of(jsonl="-", csv="-")
    assert caught.value.settings == ("jsonl", "csv")


def test_settings_by_name_reach_their_group_and_come_back() -> None:
    config = Config.of(source="a.mp4", model="fast", threshold=0.7)
    assert (config.source.location, config.model.name, config.reading) == ("a.mp4", "fast", ReadingConfig(threshold=0.7))
    assert Config.of(**config.settings()) == config
    assert config.but(threshold=0.5).reading == ReadingConfig()


def test_a_setting_that_does_not_exist_is_named_beside_those_that_do() -> None:
    with pytest.raises(ConfigError, match=r"unknown setting 'treshold'; give one of source, .*threshold"):
        Config.of(treshold=0.5)


def test_every_setting_has_one_name() -> None:
    names = list(Config().settings())
    assert len(names) == len(set(names)) == 40


def test_smallest_allowed_face() -> None:
    assert Config.of(min_face=20).reading.min_face == 20
