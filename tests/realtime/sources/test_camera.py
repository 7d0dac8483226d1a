"""Cameras, with a fake of cv2.VideoCapture: what is asked of them, what comes out, how they fail."""

import threading
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.camera import FAILED_READS, Camera, CameraInfo, System, list_cameras, open_capture
from tests.fakes import FakeCapture, make_image
from tests.video_files import level

pytestmark = pytest.mark.timeout(30)


def test_frames_are_counted_and_stamped_after_the_grab() -> None:
    capture = FakeCapture([make_image(1), make_image(2), make_image(3)])
    camera = Camera(0, opener=lambda _: capture)
    frames = [camera.read() for _ in range(3)]
    assert [(frame.index, level(frame), frame.media_time, frame.source) for frame in frames if frame] == [
        (0, 1, None, "camera 0"),
        (1, 2, None, "camera 0"),
        (2, 3, None, "camera 0"),
    ]
    stamps = [frame.captured_at for frame in frames if frame]
    assert stamps == sorted(set(stamps))


def test_the_facts_are_known_when_it_opens() -> None:
    info = Camera(3, opener=lambda _: FakeCapture([make_image(1, 48, 64)], fps=25)).info
    assert (info.name, info.live, info.temporal, info.frames, info.path) == ("camera 3", True, True, None, None)
    assert (info.width, info.height, info.fps) == (64, 48, 25)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), 1e7])
def test_a_driver_that_does_not_know_its_rate(fps: float) -> None:
    assert Camera(0, opener=lambda _: FakeCapture([make_image(1)], fps=fps)).info.fps is None


def test_size_and_rate_are_asked_for_in_the_order_drivers_need() -> None:
    capture = FakeCapture([make_image(1, 720, 1280)])
    Camera(0, size_wh=(1280, 720), fps=60, opener=lambda _: capture)
    assert capture.asked == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 60),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]


def test_nothing_but_a_short_buffer_is_asked_for_by_default() -> None:
    capture = FakeCapture([make_image(1)])
    Camera(0, opener=lambda _: capture)
    assert capture.asked == [(cv2.CAP_PROP_BUFFERSIZE, 1)]


def test_another_size_than_requested_is_reported() -> None:
    notices: list[str] = []
    Camera(0, size_wh=(1280, 720), notify=notices.append, opener=lambda _: FakeCapture([make_image(1, 480, 640)]))
    assert notices == ["camera 0 gives 640x480 instead of 1280x720"]


@pytest.mark.parametrize(
    "image", [np.full((4, 6), 128, np.uint8), np.full((4, 6), 128 * 257, np.uint16)], ids=["gray", "16 bit"]
)
def test_gray_and_deep_cameras_become_bgr(image: np.ndarray) -> None:
    frame = Camera(0, opener=lambda _: FakeCapture([image])).read()
    assert frame is not None
    assert np.array_equal(frame.image, make_image(128))


def test_single_failures_are_passed_over() -> None:
    bad = [None, np.zeros((0, 0, 3), np.uint8), cv2.error("cut short on the wire"), np.zeros((2, 2), np.float32)]
    camera = Camera(0, opener=lambda _: FakeCapture([make_image(1), *bad, make_image(2)]))
    frames = [camera.read(), camera.read()]
    assert [(frame.index, level(frame)) for frame in frames if frame] == [(0, 1), (1, 2)]


def test_failures_in_a_row_are_a_lost_camera() -> None:
    camera = Camera(0, opener=lambda _: FakeCapture([make_image(1), *[None] * FAILED_READS, make_image(2)]))
    assert camera.read() is not None
    with pytest.raises(SourceLostError, match="camera 0 stopped delivering frames; check"):
        camera.read()


def test_a_slow_failure_is_a_lost_camera_at_once() -> None:
    ticks = count(0.0, 6.0)  # so that every read takes longer than the limit
    system = System(clock=lambda: next(ticks))
    camera = Camera(0, open_timeout_s=5, opener=lambda _: FakeCapture([make_image(1), None, make_image(2)]), system=system)
    assert camera.read() is not None
    with pytest.raises(SourceLostError):
        camera.read()


def test_close_releases_once_and_ends_the_frames() -> None:
    capture = FakeCapture([make_image(1), make_image(2)])
    camera = Camera(0, opener=lambda _: capture)
    camera.close()
    camera.close()
    assert capture.released == 1
    assert camera.read() is None


def test_a_camera_that_is_not_there() -> None:
    capture = FakeCapture(is_open=False)
    with pytest.raises(SourceOpenError, match=r"^no camera 7 found.*--list-cameras") as caught:
        Camera(7, opener=lambda _: capture)
    assert "\n" not in str(caught.value)
    assert capture.released == 1


def test_a_camera_that_gives_no_image() -> None:
    capture = FakeCapture([])
    with pytest.raises(SourceOpenError, match="delivered no image"):
        Camera(0, opener=lambda _: capture)
    assert capture.released == 1


def test_a_driver_that_throws() -> None:
    def fail(_: int) -> cv2.VideoCapture:
        raise cv2.error("backend")

    with pytest.raises(SourceOpenError, match="camera 0 cannot be opened"):
        Camera(0, opener=fail)


def test_a_negative_number_is_not_any_camera() -> None:
    with pytest.raises(SourceOpenError, match="numbers start at 0"):
        Camera(-1, opener=lambda _: FakeCapture([make_image(1)]))


def test_a_camera_that_hangs_is_given_up_and_released_when_it_opens_after_all() -> None:
    release = threading.Event()
    capture = FakeCapture([make_image(1)])

    def hang(_: int) -> FakeCapture:
        release.wait(20)
        return capture

    with pytest.raises(SourceOpenError, match=r"camera 0 did not open within 0\.01 s"):
        Camera(0, open_timeout_s=0.01, opener=hang)
    release.set()
    assert capture.let_go.wait(10)


def test_on_macos_the_main_thread_opens() -> None:
    macos = System("darwin")
    opened_in: list[threading.Thread] = []

    def opener(_: int) -> FakeCapture:
        opened_in.append(threading.current_thread())
        return FakeCapture([make_image(1)])

    Camera(0, opener=opener, system=macos)
    assert opened_in == [threading.main_thread()]
    with pytest.raises(SourceOpenError, match="Privacy & Security"):
        Camera(0, opener=lambda _: FakeCapture(is_open=False), system=macos)


def test_a_camera_without_permission_names_the_group(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    linux = System("linux", tmp_path, may_use=lambda node: node.name != "video0")
    with pytest.raises(SourceOpenError, match=r"/video0 cannot be read; run `sudo usermod -aG video"):
        Camera(0, opener=lambda _: FakeCapture(is_open=False), system=linux)


def test_on_windows_there_is_no_hint_to_give() -> None:
    with pytest.raises(SourceOpenError, match=r"^no camera 0 found; --list-cameras"):
        Camera(0, opener=lambda _: FakeCapture(is_open=False), system=System("win32"))


def test_opencv_is_quiet_unless_verbose() -> None:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_WARNING)
    Camera(0, verbose=True, opener=lambda _: FakeCapture([make_image(1)]))
    assert cv2.utils.logging.getLogLevel() == cv2.utils.logging.LOG_LEVEL_WARNING
    Camera(0, opener=lambda _: FakeCapture([make_image(1)]))
    assert cv2.utils.logging.getLogLevel() == cv2.utils.logging.LOG_LEVEL_SILENT


def test_the_real_opencv_refuses_an_unused_number() -> None:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = open_capture(97)
    assert not capture.isOpened()
    capture.release()


def test_cameras_are_listed_by_trying() -> None:
    captures = {1: FakeCapture([make_image(1, 48, 64)], fps=15), 4: FakeCapture([make_image(1)], fps=0)}
    found = list_cameras(opener=lambda index: captures.get(index, FakeCapture(is_open=False)), system=System("win32"))
    assert [(c.index, c.backend, c.width, c.height, c.fps) for c in found] == [(1, "FAKE", 64, 48, 15), (4, "FAKE", 6, 4, 0)]
    assert all(isinstance(c, CameraInfo) and c.open_s >= 0 for c in found)
    assert [capture.released for capture in captures.values()] == [1, 1]


def test_on_linux_only_nodes_that_exist_are_tried(tmp_path: Path) -> None:
    for name in ("video10", "video2", "video-codec", "snd"):
        (tmp_path / name).touch()
    tried: list[int] = []

    def opener(index: int) -> FakeCapture:
        tried.append(index)
        return FakeCapture(is_open=False)

    assert list_cameras(opener=opener, system=System("linux", tmp_path)) == ()
    assert tried == [2, 10]
