"""Shares and their intervals."""

import pytest

from train.judging.intervals import Share


def test_a_share_has_wilsons_interval() -> None:
    share = Share(50, 100)
    assert share.interval is not None
    assert (share.value, share.interval.low, share.interval.high) == pytest.approx((0.5, 0.4038, 0.5962), abs=1e-4)
    assert share.to_json() == {"count": 50, "n": 100, "share": 0.5, "low": share.interval.low, "high": share.interval.high}


def test_a_share_of_nothing_is_unknown() -> None:
    assert Share(0, 0).to_json() == {"count": 0, "n": 0, "share": None, "low": None, "high": None}
