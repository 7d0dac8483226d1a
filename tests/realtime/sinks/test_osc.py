"""OSC, heard on a real socket and decoded by the library."""

from collections.abc import Iterator

import pytest

from realtime.datatypes import State
from realtime.endpoints import Endpoint
from realtime.labels import LABELS, UNCERTAIN
from realtime.records import Marker
from realtime.sinks.osc import OscSink
from tests import builders
from tests.osc_receiver import Receiver

SIZE_WH = (200, 100)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def sink(receiver: Receiver) -> Iterator[OscSink]:
    sink = OscSink(receiver.endpoint, builders.run_info(builders.source_info(size_wh=SIZE_WH)))
    yield sink
    sink.close(None)


def test_a_face_has_its_own_addresses_and_the_largest_the_short_ones(receiver: Receiver, sink: OscSink) -> None:
    small = builders.face(3, label="sadness", likely=0.72, box=(150, 50, 170, 70), state=State.COASTING)
    sink.write(builders.record(7, faces=[builders.face(2, box=(20, 10, 60, 50)), small]))
    first, second, frame = receiver.packet(), receiver.packet(), receiver.packet()
    assert first["/fer/face/2/present"] == 1
    assert first["/fer/face/2/label"] == "happiness"
    assert first["/fer/face/2/box"] == pytest.approx([0.1, 0.1, 0.2, 0.4])
    assert second["/fer/face/3/label"] == "sadness"
    assert second["/fer/face/3/probs"][LABELS.index("sadness")] == pytest.approx(0.72)
    assert second["/fer/face/3/prob/sadness"] == pytest.approx(0.72)
    assert (frame["/fer/frame"], frame["/fer/faces"], frame["/fer/id"]) == (7, 2, 2)
    assert frame["/fer/label"] == "happiness"
    assert frame["/fer/confidence"] == pytest.approx(0.86)
    assert [frame[f"/fer/prob/{label}"] for label in LABELS] == frame["/fer/probs"]
    assert sum(frame["/fer/probs"]) == pytest.approx(1)


def test_no_face_is_said_too_and_a_face_that_left_once(receiver: Receiver, sink: OscSink) -> None:
    sink.write(builders.record(0))
    sink.write(builders.record(1, faces=[]))
    sink.write(builders.record(2, faces=[]))
    packets = [receiver.packet() for _ in range(5)]
    assert packets[2] == {"/fer/face/1/present": 0}
    for packet in packets[3:]:
        assert (packet["/fer/faces"], packet["/fer/id"], packet["/fer/label"], packet["/fer/confidence"]) == (0, 0, "none", 0)
        assert packet["/fer/probs"] == [0.0] * len(LABELS)


def test_uncertain_is_a_label_without_confidence(receiver: Receiver, sink: OscSink) -> None:
    sink.write(builders.record(faces=[builders.face(shown=UNCERTAIN, likely=0.3)]))
    packet = receiver.packet()
    assert (packet["/fer/face/1/label"], packet["/fer/face/1/confidence"]) == ("uncertain", 0)


def test_a_marker_names_its_frame(receiver: Receiver, sink: OscSink) -> None:
    sink.mark(Marker(12, 0.4, "stimulus"))
    assert receiver.packet() == {"/fer/marker": [12, "stimulus"]}


def test_a_network_that_is_gone_is_said_once_and_tried_again() -> None:
    """Port 0 stands for one: no packet can be sent there."""
    sink = OscSink(Endpoint("127.0.0.1", 0), builders.run_info())
    sink.write(builders.record(0))
    sink.write(builders.record(1))
    lines = sink.notices()
    sink.close(None)
    assert len(lines) == 1
    assert lines[0].startswith("cannot send OSC to 127.0.0.1:0 (")
