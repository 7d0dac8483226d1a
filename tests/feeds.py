"""Takes frames from feeds, and the one line with which a stream is refused."""

import threading

import pytest

from realtime.datatypes import Frame
from realtime.errors import SourceOpenError
from realtime.sources.feed import Feed
from realtime.sources.stream import Connect, Stream, connect


def take_all(feed: Feed) -> list[Frame]:
    """Every frame that arrives until the feed is finished."""
    frames: list[Frame] = []
    while not feed.finished:
        if (frame := feed.next(5.0)) is not None:
            frames.append(frame)
    return frames


def capture_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("capture ")]


def refusal(url: str, timeout_s: float = 10.0, through: Connect = connect) -> str:
    """The one line."""
    with pytest.raises(SourceOpenError) as caught:
        Stream(url, timeout_s=timeout_s, connect=through)
    message = str(caught.value)
    assert "\n" not in message
    assert "127.0.0.1" in message
    return message
