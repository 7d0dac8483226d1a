"""Cameras as the doctor sees them: fakes of cv2.VideoCapture on a clock that moves with every frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.checkup import cameras
from realtime.checkup.check import Check, Status
from realtime.sources.camera import System
from tests.fakes import FakeCapture, make_image


class Webcam(FakeCapture):
    """A camera with sizes, each with its rate; a frame moves the clock on."""

    def __init__(self, tick: Callable[[float], None], rates: Mapping[tuple[int, int], float], level: int = 90) -> None:
        super().__init__(repeat(None), fps=30.0)
        self._tick = tick
        self._rates = rates
        self._level = level
        self._size = next(iter(rates))

    def grab(self) -> bool:
        wanted = tuple(
            int(value) for prop, value in self.asked if prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self._size = next((size for size in self._rates if size == wanted), next(iter(self._rates)))
        self._tick(1 / self._rates[self._size])
        return True

    def retrieve(self) -> tuple[bool, np.ndarray]:
        width, height = self._size
        return True, make_image(self._level, height, width)


@dataclass
class Desk:
    """A computer with cameras by number, its device nodes, and who uses them."""

    folder: Path
    plugged: dict[int, Callable[[], FakeCapture]] = field(default_factory=dict)
    names: dict[int, str] | None = None
    platform: str = "linux"
    forbidden: bool = False
    users: dict[str, list[str]] = field(default_factory=dict)
    now: float = 0.0

    def tick(self, seconds: float) -> None:
        self.now += seconds

    def plug(self, index: int, rates: Mapping[tuple[int, int], float], level: int = 90) -> None:
        self.plugged[index] = lambda: Webcam(self.tick, rates, level)
        self.node(index)

    def node(self, index: int) -> None:
        (self.folder / f"video{index}").touch()

    def checks(self) -> list[Check]:
        system = System(self.platform, self.folder, lambda _: not self.forbidden, lambda: self.now)

        def opener(index: int) -> cv2.VideoCapture:
            made = self.plugged.get(index, lambda: FakeCapture(is_open=False))
            return made()  # type: ignore[return-value]

        return list(cameras.checks(lambda: self.names, system, opener, lambda node: self.users.get(node.name, ())))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_no_camera_is_a_warning_with_the_demo(desk: Desk) -> None:
    (check,) = desk.checks()
    assert (check.name, check.status, check.flags) == ("cameras", Status.WARNING, ("--demo",))


def test_a_camera_with_its_sizes_and_measured_rates(desk: Desk) -> None:
    desk.names = {2: "HD Webcam"}
    desk.plug(2, {(640, 480): 30.0, (1280, 720): 10.0})
    (check,) = desk.checks()
    assert check.found == "HD Webcam; opened in 0.0 s; 640x480 at 30.0 fps, 1280x720 at 10.0 fps"
    assert (check.name, check.status, check.flags) == ("camera 2", Status.OK, ("--device", "2"))
    values = dict(check.values)
    assert values["open_s"] == pytest.approx(1 / 30, abs=1e-3)
    assert (values["modes"], values["measured_fps"], values["stated_fps"]) == (("640x480", "1280x720"), 30.0, 30.0)


def test_a_slow_size_is_left_for_a_faster_one(desk: Desk) -> None:
    desk.plug(0, {(1920, 1080): 5.0, (1280, 720): 30.0})
    (check,) = desk.checks()
    assert check.status is Status.WARNING
    assert check.flags == ("--device", "0", "--size", "1280x720")


def test_a_slow_camera_needs_light(desk: Desk) -> None:
    desk.plug(0, {(640, 480): 7.5})
    (check,) = desk.checks()
    assert check.status is Status.WARNING
    assert "more light" in check.remedy


def test_a_covered_camera(desk: Desk) -> None:
    desk.plug(0, {(640, 480): 30.0}, level=3)
    (check,) = desk.checks()
    assert check.found.endswith("; the image is black")


def test_the_camera_that_sees_is_preferred_to_one_that_does_not(desk: Desk) -> None:
    desk.plug(0, {(640, 480): 30.0}, level=0)
    desk.plug(1, {(640, 480): 30.0})
    assert [check.flags for check in desk.checks()] == [(), ("--device", "1")]


def test_nodes_without_images_are_no_cameras(desk: Desk) -> None:
    desk.plug(0, {(640, 480): 30.0})
    desk.node(1)  # the metadata of the camera
    assert [check.name for check in desk.checks()] == ["camera 0"]


def test_a_camera_in_use_names_the_program(desk: Desk) -> None:
    desk.node(0)
    desk.users = {"video0": ["zoom"]}
    (check,) = desk.checks()
    assert (check.status, check.exit_code, check.found) == (Status.FAILURE, 3, "name unknown; in use by zoom")
    assert (check.remedy, check.flags) == ("close that program", ("--demo",))
    assert dict(check.values)["busy"] is True


def test_a_camera_that_may_not_be_used_names_the_group(desk: Desk) -> None:
    desk.node(0)
    desk.forbidden = True
    (check,) = desk.checks()
    assert (check.exit_code, dict(check.values)["permission"]) == (3, False)
    assert "usermod -aG video" in check.remedy


def test_a_camera_beside_one_that_works_is_a_warning(desk: Desk) -> None:
    desk.names = {0: "Integrated", 2: "IR"}
    desk.plug(0, {(640, 480): 30.0})
    working, other = desk.checks()
    assert working.status is Status.OK
    assert (other.name, other.status, other.exit_code) == ("camera 2", Status.WARNING, 0)
    assert other.found.startswith("IR; not found")


def test_where_no_nodes_are_listed_numbers_are_tried(desk: Desk) -> None:
    desk.platform = "win32"
    desk.plug(3, {(640, 480): 30.0})
    assert [check.name for check in desk.checks()] == ["camera 3"]


def test_the_programs_that_hold_a_device(tmp_path: Path) -> None:
    node = Path("/dev/video0")
    for number, name, target in [(7, "zoom", node), (8, "bash", Path("/dev/null")), (9, "obs", node)]:
        folder = tmp_path / str(number)
        (folder / "fd").mkdir(parents=True)
        (folder / "comm").write_text(f"{name}\n")
        (folder / "fd" / "3").symlink_to(target)
    assert cameras.holders(node, tmp_path) == ("obs", "zoom")
    assert cameras.holders(node, tmp_path / "elsewhere") == ()
