"""A run changes the garbage collector of its process, and changes it back."""

import gc

from realtime.run import short_collections


def test_the_garbage_collector_skips_existing_objects() -> None:
    before, there = gc.get_freeze_count(), [object()]
    with short_collections():
        assert gc.get_freeze_count() > before + 10_000
        assert not any(thing is there for thing in gc.get_objects())
    assert gc.get_freeze_count() == 0
    assert any(thing is there for thing in gc.get_objects())
