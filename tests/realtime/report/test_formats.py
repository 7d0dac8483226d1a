"""Times and shares as a report writes them."""

import pytest

from realtime.report.formats import clock, percent, seconds


@pytest.mark.parametrize(
    ("time_s", "text"), [(0, "0:00.0"), (59.96, "1:00.0"), (123.4, "2:03.4"), (3599.97, "1:00:00.0"), (3723.5, "1:02:03.5")]
)
def test_a_moment(time_s: float, text: str) -> None:
    assert clock(time_s) == text


@pytest.mark.parametrize(
    ("duration_s", "text"), [(0, "0.0 s"), (0.416, "0.42 s"), (12.34, "12.3 s"), (59.99, "60.0 s"), (245, "4 min 05 s")]
)
def test_a_duration(duration_s: float, text: str) -> None:
    assert seconds(duration_s).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 1, "0 %"), (0.003, 1, "0.3 %"), (1, 8, "12 %"), (0.09949, 1, "9.9 %"), (0.0996, 1, "10 %"), (0, 0, "–")],
)
def test_a_share(part: float, whole: float, text: str) -> None:
    assert percent(part, whole).replace("\u00a0", " ") == text
