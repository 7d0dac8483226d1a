"""The number in the image, the camera process, ages of displayed images, and the soak's verdict."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import camera, live, record, soak, stamp
from benchmarks.camera import Camera, Sent
from benchmarks.live import Drawn, View, Views
from benchmarks.payloads import Live, Sample, Soak
from realtime.errors import SourceLostError
from realtime.governor import EFFORTS
from tests.tiny_models import write_always


def noise(width: int, height: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


# the number


@pytest.mark.parametrize("size_wh", [(240, 180), (640, 360), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("number", [0, 1, 299, 21845, 43690, 65535])
def test_a_number_is_read_back_through_jpeg(size_wh: tuple[int, int], number: int) -> None:
    image = noise(*size_wh)
    stamp.draw(image, number)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert stamp.read(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)) == number


def test_no_number_is_none() -> None:
    assert stamp.read(noise(640, 360)) is None
    assert stamp.read(np.zeros((360, 640, 3), np.uint8)) is None
    assert stamp.read(np.full((20, 20, 3), 255, np.uint8)) is None


def test_numbers_and_images_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="16 bits"):
        stamp.draw(noise(640, 360), 65536)
    with pytest.raises(ValueError, match="no room"):
        stamp.draw(noise(100, 100), 1)


# ages


def test_images_are_matched_to_transmissions() -> None:
    """A loop of 4 images, sent 10 times: the third is skipped, one cannot be read, one is shown twice."""
    sent = Sent(np.arange(10.0), 4)
    assert sent.sendings([0, 1, 3, None, 1, 1, 0]) == (0, 1, 3, None, 5, 5, 8)
    assert sent.sendings([0, 7]) == (0, None)


def test_ages_and_what_was_never_shown() -> None:
    sent = Sent(10 + np.arange(8) * 0.1, 4)
    drawn = [(0, 10.02), (1, 10.13), (3, 10.35), (None, 10.42), (1, 10.51), (3, 10.79)]
    views = Views(tuple(View(place, at) for place, at in drawn), warm_up=1, cpu_s=0.33, dropped=2)
    assert live.ages_ms(views, sent) == pytest.approx([30, 50, 10, 90])
    side = live.summary("fer-cam", views, sent)
    assert (side.frames, side.unreadable, side.dropped) == (5, 1, 2)
    assert side.never_shown == 2  # transmissions 2 and 6; 4 is unreadable
    assert side.seconds == 0.66
    assert side.cpu_share == 0.5
    assert side.fps == pytest.approx(4 / 0.66, abs=0.01)
    assert (side.age_ms.p50, side.age_ms.max) == (40, 90)


def test_an_age_longer_than_the_loop() -> None:
    sent = Sent(np.arange(100) * 0.1, 10)
    views = Views(tuple(View(n % 10, 5.0 + n) for n in range(30)), 0, 0.0, None)
    assert live.ages_ms(views, sent)[29] == pytest.approx(1000 * (5.0 + 29 - 2.9))


def test_a_side_without_numbers_is_an_error() -> None:
    views = Views((View(None, 1.0), View(None, 2.0)), 0, 0.0, None)
    with pytest.raises(SourceLostError, match="number"):
        live.summary("fer-cam", views, Sent(np.arange(3.0), 4))


def test_the_warm_up_does_not_count() -> None:
    def images(began: float) -> Iterator[Drawn]:
        for n in range(100):
            image = np.zeros((180, 320, 3), np.uint8)
            stamp.draw(image, n)
            yield Drawn(image, began + 0.25 * n, dropped=n)

    now = live.time.perf_counter()
    views = live.view(images(now + 0.125), 1.0, 2.0)
    assert views.warm_up == 4
    assert [view.place for view in views.views] == list(range(13))
    assert (views.seconds, views.dropped) == (2.0, 8)
    with pytest.raises(SourceLostError):
        live.view(images(now), 1.0, 200.0)


def test_the_lowest_effort_in_the_measurement() -> None:
    done = [EFFORTS[4], EFFORTS[0], EFFORTS[2], EFFORTS[1]]
    views = Views(tuple(View(n, 1.0 + n, effort) for n, effort in enumerate(done)), 1, 0.0, 0)
    assert live.summary("fer-cam", views, Sent(np.arange(4.0), 4)).effort == EFFORTS[2].name


def test_a_camera_in_a_process_of_its_own(tmp_path: Path) -> None:
    assert camera.encode((noise(240, 180) for _ in range(5)), tmp_path) == 5
    with Camera(tmp_path, fps=50) as source:
        reader = cv2.VideoCapture(source.url)
        places = [stamp.read(np.asarray(reader.read()[1], np.uint8)) for _ in range(12)]
        seen_at = camera.time.perf_counter()
        reader.release()
        sent = source.sent()
    assert places == [n % 5 for n in range(12)]
    assert sent.loop == 5
    assert sent.sendings(places) == tuple(range(12))
    assert 0 < seen_at - sent.times[11] < 60
    assert np.diff(sent.times).min() >= 0


def test_live(tmp_path: Path) -> None:
    path = str(write_always(tmp_path / "tiny.onnx"))
    arguments = ["--size", "320x180", "--fps", "10", "--seconds", "1", "--warm-up", "0.3", "--face", "60", "--loop", "2"]
    arguments += ["--model", path, "--full-precision", path, "--out", str(tmp_path), "--name", "try"]
    assert live.main(arguments) == 0
    written = record.read(tmp_path / "try.json", Live)
    assert "--warm-up 0.3 --face 60 --loop 2" in written.command
    result = written.result
    assert [side.what for side in result.sides] == ["fer-cam", "tutorial loop"]
    assert [side.effort for side in result.sides] == ["full", None]
    for side in result.sides:
        assert side.frames >= 2
        assert 0 < side.age_ms.p50 < 30_000
        assert side.unreadable == 0
    assert (tmp_path / "try.png").is_file()


# soak


def sample(t_s: float, rss_mb: float, threads: int = 9, handles: int = 7) -> Sample:
    return Sample(t_s, rss_mb, threads, handles, round(30 * t_s))


def test_the_end_is_compared_with_the_first_minute() -> None:
    samples = [sample(float(t), 100 + min(t, 60)) for t in range(601)]
    settled, ended = soak.compared(samples)
    assert (settled.t_s, settled.rss_mb) == (120, 160)
    assert (ended.t_s, ended.rss_mb) == (600, 160)
    short = [sample(t / 10, 100.0 + t) for t in range(101)]
    settled, ended = soak.compared(short)
    assert (settled.rss_mb, ended.rss_mb) == (125, 195)


@pytest.mark.parametrize(
    ("ended", "passed"),
    [
        (sample(9, 101.9), True),
        (sample(9, 102.1), False),
        (sample(9, 100.0, threads=10), False),
        (sample(9, 100.0, handles=8), False),
        (sample(9, 90.0, threads=8, handles=6), True),
    ],
)
def test_the_verdict(ended: Sample, passed: bool) -> None:
    assert soak.verdict(sample(1, 100.0), ended) is passed


def test_samples_are_thinned_for_the_file() -> None:
    assert [s.t_s for s in soak.thinned([sample(float(t), 100) for t in range(1000)])] == [3.0 * n for n in range(334)]
    assert len(soak.thinned([sample(float(t), 100) for t in range(7)])) == 7


def test_soak(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("psutil")
    path = str(write_always(tmp_path / "tiny.onnx"))
    arguments = [
        "--size",
        "320x180",
        "--fps",
        "10",
        "--minutes",
        "0.1",
        "--speed",
        "4",
        "--face",
        "60",
        "--loop",
        "1",
        "--model",
        path,
    ]
    code = soak.main([*arguments, "--out", str(tmp_path), "--name", "try"])
    result = record.read(tmp_path / "try.json", Soak).result
    assert code == (0 if result.passed else 1)  # a second and a half is too short to judge
    assert result.ended.frames > 0
    assert 30 < result.ended.rss_mb < 2000
    assert ("nothing grew" in capsys.readouterr().out) is result.passed
    assert (tmp_path / "try.png").is_file()
