"""A browser's clock against the server's."""

import pytest

from realtime.views.web.clock import BrowserClock

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


def test_the_shortest_round_trip_gives_the_offset() -> None:
    clock = BrowserClock()
    assert clock.frame(5.0, 105.2) == pytest.approx(100.2)  # no ping yet
    round_trip_s = None
    for sent, way, back in ((1.0, 0.05, 0.05), (2.0, 0.002, 0.002), (3.0, 0.3, 0.01), (4.0, 0.2, 0.0)):
        clock.ping(sent, sent + 100 + way, round_trip_s)
        round_trip_s = way + back
    assert clock.offset_s == pytest.approx(100.0, abs=1e-9)


def test_without_round_trips_the_fastest_ping_gives_it() -> None:
    clock = BrowserClock()
    for sent, way in ((1.0, 0.05), (2.0, 0.002), (3.0, 0.3)):
        clock.ping(sent, sent + 100 + way, None)
    assert clock.frame(9.0, 200.0) == pytest.approx(100.002)
