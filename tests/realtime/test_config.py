from dataclasses import FrozenInstanceError

import pytest

from realtime.config import Config
from realtime.errors import ConfigError


def test_defaults_are_valid_and_frozen() -> None:
    config = Config()
    assert config.source.location == "0"
    with pytest.raises(FrozenInstanceError):
        config.source.location = "1"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "option"),
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
def test_a_value_out_of_range_names_its_option(change: dict[str, object], option: str) -> None:
    with pytest.raises(ConfigError, match=option) as caught:
        Config.of(**change)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2


def test_smallest_allowed_face() -> None:
    assert Config.of(min_face=20).min_face == 20
