"""Which frame rates are believed, and that everything that has one has asked."""

import math

import pytest

from realtime.governor import USUAL_FPS, Governor
from realtime.rates import LEAST_FPS, MOST_FPS, plausible_fps
from tests import builders


@pytest.mark.parametrize("fps", [LEAST_FPS, 0.5, 15.0, 24000 / 1001, 30.0, 240.0, MOST_FPS])
def test_rates_of_real_sources(fps: float) -> None:
    assert plausible_fps(fps) == fps


@pytest.mark.parametrize("fps", [None, 0.0, -1.0, 1e-6, 600.0, 1000.0, 90_000.0, 1e7, math.nan, math.inf])
def test_rates_that_cannot_be(fps: float | None) -> None:
    assert plausible_fps(fps) is None
    assert builders.source_info(fps=fps).fps is None


def test_an_absurd_rate_of_a_camera_does_not_throttle_it() -> None:
    """At a latency that a camera of the usual rate allows, everything is done."""
    governor = Governor.of(builders.source_info(live=True, fps=90_000.0))
    assert governor is not None
    efforts = {governor.update(0.9 / USUAL_FPS, n / USUAL_FPS).name for n in range(300)}
    assert efforts == {"full"}
