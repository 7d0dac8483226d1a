"""The time of a record: of a file, of a camera, of an image."""

from tests import builders
from tests.recorded import record, recorder


def test_files_have_media_time_and_the_clocks_of_their_decoding() -> None:
    read = record(builders.result(of=builders.frame(1, media_time=1 / 3)))
    assert read.t == 0.333333
    assert (read.captured_utc, read.captured_at) == ("2026-01-31T12:00:00.000000Z", 100.0)


def test_live_sources_count_from_their_first_frame_and_know_the_wall_clock() -> None:
    each = recorder(builders.run_info(builders.camera_info()))
    first = each.record(builders.result(of=builders.frame(captured_at=100.5)))
    later = each.record(builders.result(of=builders.frame(captured_at=102.25)))
    assert (first.t, first.captured_utc) == (0, "2026-01-31T12:00:00.500000Z")
    assert (later.t, later.captured_utc) == (1.75, "2026-01-31T12:00:02.250000Z")


def test_images_have_no_time() -> None:
    run = builders.run_info(builders.source_info(temporal=False))
    assert record(builders.result(), run).t is None
