import pytest

from realtime.datatypes import FrameResult, Percentiles
from realtime.labels import LABELS, UNCERTAIN
from realtime.meter import Meter, percentiles
from tests import builders


def at(media_time: float, *faces: builders.TrackedFace, dropped: int = 0, latency_s: float = 0.01) -> FrameResult:
    return builders.result(faces, of=builders.frame(media_time=media_time), dropped=dropped, latency_s=latency_s)


def test_percentiles_in_milliseconds() -> None:
    found = percentiles([i / 1000 for i in range(101)])
    assert (found.p50, found.p95, found.p99) == pytest.approx((50, 95, 99))
    assert percentiles([]) == Percentiles(0, 0, 0)


def test_nothing_measured() -> None:
    summary = Meter(LABELS).summary()
    assert (summary.frames, summary.fps, summary.seconds, summary.faces) == (0, 0, 0, 0)
    assert summary.share == (0,) * len(LABELS)


def test_totals_of_a_run() -> None:
    meter = Meter(LABELS)
    for i in range(11):
        meter.add(at(i / 10, builders.face(1), dropped=i), now=100.01 + i / 10)  # captured at 100
    summary = meter.summary()
    assert summary.frames == 11
    assert summary.dropped == 10
    assert summary.seconds == pytest.approx(1.01)  # from the capture of the first frame
    assert summary.fps == pytest.approx(11 / 1.01)
    assert summary.latency_ms == Percentiles(*(pytest.approx(10.0, rel=1e-5),) * 3)


def test_frames_that_were_processed_together_took_their_time() -> None:
    meter = Meter(LABELS)
    for i in range(8):
        meter.add(at(i / 10, latency_s=0.1), now=100.8)  # all done at once, eight tenths after the first was decoded
    assert meter.summary().seconds == pytest.approx(0.8)
    assert meter.summary().fps == pytest.approx(10)


def test_rolling_rate_forgets() -> None:
    meter = Meter(LABELS, window_s=1.0)
    for i in range(20):
        meter.add(at(i), now=i / 10)
    assert meter.fps == pytest.approx(10)
    meter.add(at(20), now=100.0)
    assert meter.fps == 0  # one frame within the last second is no rate
    assert meter.latency_ms.p50 == pytest.approx(10)


def test_share_is_of_labelled_time() -> None:
    meter = Meter(LABELS)
    shown = ["happiness", "happiness", "happiness", "happiness", "sadness", UNCERTAIN]
    for i, label in enumerate(shown):
        meter.add(at(i / 10, builders.face(1, shown=label)), now=i / 10)
    share = dict(zip(LABELS, meter.summary().share, strict=True))
    # the first frame has no step before it: 3 steps of happiness, 1 of sadness, none for uncertain
    assert share["happiness"] == pytest.approx(0.75)
    assert share["sadness"] == pytest.approx(0.25)
    assert sum(share.values()) == pytest.approx(1)


def test_a_pause_counts_for_no_face() -> None:
    meter = Meter(LABELS)
    for time_s, label in ((0.0, "fear"), (0.1, "fear"), (60.0, "anger"), (60.1, "anger")):
        meter.add(at(time_s, builders.face(1, shown=label)), now=time_s)
    share = dict(zip(LABELS, meter.summary().share, strict=True))
    assert share["fear"] == pytest.approx(0.5)
    assert share["anger"] == pytest.approx(0.5)


def test_different_faces_are_counted_once() -> None:
    meter = Meter(LABELS)
    for i in range(3):
        meter.add(at(i / 10, builders.face(1), builders.face(2)), now=i)
    meter.add(at(0.4, builders.face(7)), now=3)
    assert meter.summary().faces == 3


def test_files_of_few_frames_a_second_have_shares() -> None:
    meter = Meter(LABELS, fps=0.5)
    for i, label in enumerate(("fear", "anger", "anger", "anger")):
        meter.add(at(2.0 * i, builders.face(1, shown=label)), now=i)
    meter.add(at(60.0, builders.face(1, shown="sadness")), now=5)  # a gap is nobody's time there either
    share = dict(zip(LABELS, meter.summary().share, strict=True))
    assert (share["fear"], share["anger"], share["sadness"]) == pytest.approx((0.25, 0.75, 0))


def test_of_images_every_labelled_face_counts_the_same() -> None:
    meter = Meter(LABELS, temporal=False)
    for time_s, label in ((0.0, "fear"), (0.1, "anger"), (7.0, "anger"), (7.0, "anger"), (7.1, UNCERTAIN)):
        meter.add(at(time_s, builders.face(1, shown=label)), now=time_s)
    share = dict(zip(LABELS, meter.summary().share, strict=True))
    assert (share["fear"], share["anger"]) == pytest.approx((0.25, 0.75))
