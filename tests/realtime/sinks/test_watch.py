"""When a trigger fires."""

from collections.abc import Iterable

import pytest

from realtime.sinks.watch import Firing, Watch
from realtime.triggers import Trigger
from tests import builders

FPS = 10


def fired(rule: str, *values: Iterable[float], start_s: float = 0.0) -> list[float]:
    """At which times a rule fires, for frames of 1/10 s with these happinesses of face 1, face 2 and so on."""
    watch = Watch(Trigger.parse(f"{rule}: x"))
    times = []
    for i, faces in enumerate(values):
        people = [builders.face(n, likely=value) for n, value in enumerate(faces, 1) if value >= 0]
        t = start_s + i / FPS
        if watch.update(builders.record(i, t=t, faces=people)) is not None:
            times.append(round(t, 3))
    return times


def alone(*values: float) -> list[list[float]]:
    return [[value] for value in values]


def test_it_fires_once_when_the_condition_has_held_long_enough() -> None:
    assert fired("happiness > 0.7 for 300ms", *alone(0.5, 0.8, 0.8, 0.8, 0.8, 0.9, 0.8)) == [0.4]


def test_it_fires_at_once_without_a_time() -> None:
    assert fired("happiness > 0.7", *alone(0.5, 0.71)) == [0.1]


def test_a_break_begins_the_time_anew() -> None:
    assert fired("happiness > 0.7 for 300ms", *alone(0.8, 0.8, 0.8, 0.7, 0.8, 0.8, 0.8, 0.8)) == [0.7]


def test_a_value_around_the_threshold_fires_once() -> None:
    assert fired("happiness > 0.7 wait 0s", *alone(*[0.72, 0.68] * 10)) == [0.0]


def test_it_fires_again_after_the_value_was_behind_the_release() -> None:
    assert fired("happiness > 0.7 wait 0s", *alone(0.8, 0.61, 0.8, 0.59, 0.8)) == [0.0, 0.4]
    assert fired("happiness > 0.7 until 0.65 wait 0s", *alone(0.8, 0.61, 0.8)) == [0.0, 0.2]


def test_it_waits_from_one_firing_to_the_next() -> None:
    assert fired("happiness > 0.7 wait 500ms", *alone(0.8, 0.1, 0.8, 0.8, 0.8, 0.8, 0.8, 0.1, 0.8)) == [0.0, 0.5]


def test_low_values_can_be_meant_too() -> None:
    assert fired("happiness < 0.2 wait 0s", *alone(0.1, 0.25, 0.1, 0.31, 0.1)) == [0.0, 0.4]


def test_one_face_must_hold_it_alone() -> None:
    assert fired("happiness > 0.7 for 300ms", [0.8, 0.1], [0.8, 0.1], [0.1, 0.8], [0.1, 0.8], [0.8, 0.1]) == []
    assert fired("happiness > 0.7 for 300ms", [0.1, 0.8], [0.8, 0.8], [0.1, 0.8], [0.1, 0.8]) == [0.3]


def test_a_face_that_leaves_releases_it() -> None:
    assert fired("happiness > 0.7 wait 0s", [0.8], [], [0.8]) == [0.0, 0.2]


def test_the_number_of_faces() -> None:
    assert fired("faces = 0 for 200ms wait 0s", [0.5], [], [], [], [], [0.5], [], [], []) == [0.3, 0.8]
    assert fired("faces >= 2", [0.5], [0.5, 0.5], [0.5, 0.5]) == [0.1]


def test_nothing_holds_while_the_camera_is_lost() -> None:
    watch = Watch(Trigger.parse("faces = 1 for 5s: x"))
    times = [0.0, 1.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0]
    assert [t for t in times if watch.update(builders.record(t=t))] == [14.0]


def test_without_media_time_capture_time_counts() -> None:
    watch = Watch(Trigger.parse("happiness > 0.7 for 1s: x"))
    images = builders.run_info(builders.source_info(temporal=False))
    at = [watch.update(builders.record(captured_at=s, run=images)) for s in (50.0, 50.9, 51.0)]
    assert [firing is not None for firing in at] == [False, False, True]


def test_a_firing_tells_the_face_and_its_value() -> None:
    watch = Watch(Trigger.parse("happiness > 0.7: x"))
    firing = watch.update(builders.record(t=0.0, faces=[builders.face(4, likely=0.86)]))
    assert isinstance(firing, Firing)
    assert (firing.face, firing.value) == (4, pytest.approx(0.86))
    assert str(firing) == "trigger happiness > 0.7: face 4 at 0.86"
