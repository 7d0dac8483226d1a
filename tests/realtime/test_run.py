"""What a run changes in its process, and changes back."""

import gc

import cv2

from realtime.run import one_thread, short_collections


def test_the_garbage_collector_leaves_alone_what_was_there_before() -> None:
    before, there = gc.get_freeze_count(), [object()]
    with short_collections():
        assert gc.get_freeze_count() > before + 10_000
        assert not any(thing is there for thing in gc.get_objects())
    assert gc.get_freeze_count() == 0
    assert any(thing is there for thing in gc.get_objects())


def test_opencv_has_its_threads_back() -> None:
    before = cv2.getNumThreads()
    with one_thread():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before
