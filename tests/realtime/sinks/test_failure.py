"""The failure of an output's thread is raised once, and it is the first one."""

import pytest

from realtime.errors import SinkError
from realtime.sinks.failure import Failure


def failing(text: str) -> None:
    raise SinkError(text)


def test_the_first_error_is_raised_once() -> None:
    failure = Failure()
    assert not failure.caught(lambda: None)
    failure.raise_once()
    assert failure.caught(lambda: failing("full"))
    assert failure.caught(lambda: failing("closed"))
    assert failure
    with pytest.raises(SinkError, match="full"):
        failure.raise_once()
    failure.raise_once()
    assert not failure
