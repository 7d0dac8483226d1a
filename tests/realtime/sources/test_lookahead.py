"""Looking ahead changes nothing for the one who reads."""

from collections.abc import Iterator

import pytest

from realtime.sources.lookahead import Lookahead


def numbers_then_an_error() -> Iterator[int]:
    yield from range(3)
    raise OSError("gone")


def test_items_read_ahead_are_still_returned() -> None:
    items = Lookahead(iter(range(5)))
    assert next(items) == 0
    assert list(items.ahead(2)) == [1, 2]
    assert list(items.ahead(9)) == [1, 2, 3, 4]
    assert list(items.ahead(1)) == [1]
    assert list(items) == [1, 2, 3, 4]
    assert list(items.ahead(1)) == []


def test_an_error_met_ahead_arrives_behind_the_items_before_it() -> None:
    items = Lookahead(numbers_then_an_error())
    assert list(items.ahead(9)) == [0, 1, 2]
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(items)
