"""Screen, encoders, folders and clocks."""

from pathlib import Path

import av
import pytest

from realtime.checkup import clock, files, screen
from realtime.checkup.check import Check, Status
from realtime.checkup.clock import Reading
from realtime.errors import SinkError


def test_without_a_screen_it_runs_without_a_window() -> None:
    def refuse() -> None:
        raise SinkError("there is no screen (DISPLAY is not set); use --no-display, or ssh -X")

    check = screen.screen(refuse, "")
    assert (check.status, check.flags) == (Status.WARNING, ("--no-display",))
    assert (check.found, check.remedy) == ("there is no screen (DISPLAY is not set)", "use --no-display, or ssh -X")


def test_with_a_screen() -> None:
    assert screen.screen(lambda: None, ":0") == Check.ok("screen", "a window opens on :0")


@pytest.mark.parametrize("check", [files.h264, files.aac])
def test_the_encoders_of_this_pyav_encode(check: object) -> None:
    assert check(av.CodecContext.create).status is Status.OK  # type: ignore[operator]


def test_a_pyav_without_encoders() -> None:
    def missing(name: str, mode: str) -> object:
        return av.CodecContext.create("no such encoder", mode)  # type: ignore[arg-type]

    video, sound = files.h264(missing), files.aac(missing)
    assert (video.status, video.exit_code) == (Status.FAILURE, 5)
    assert sound.status is Status.WARNING
    assert {video.remedy, sound.remedy} == {"pip install --force-reinstall av"}


def test_a_cache_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "fer-cam"
    assert files.cache_folder(lambda: path) == Check.ok("cache folder", str(path), {"path": str(path)})
    assert list(tmp_path.iterdir()) == []


def test_a_cache_folder_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    def no_home() -> Path:
        raise OSError("no home folder")

    for folder in (lambda: file, no_home):
        check = files.cache_folder(folder)
        assert check.status is Status.WARNING
        assert "FER_CACHE" in check.remedy


def test_room_on_the_disk(tmp_path: Path) -> None:
    assert files.current_folder(lambda: tmp_path, lambda _: 50_000_000_000).found == f"{tmp_path}, 50.0 GB free"
    full = files.current_folder(lambda: tmp_path, lambda _: 200_000_000)
    assert (full.status, dict(full.values)["free_gb"]) == (Status.WARNING, 0.2)
    assert files.current_folder(lambda: tmp_path / "deleted").status is Status.WARNING


BEFORE = Reading(perf_counter=100.0, monotonic=100.0, wall=1e9)


def test_clocks_that_agree() -> None:
    after = Reading(108.0, 108.0, 1e9 + 8)
    assert [check.status for check in clock.checks(BEFORE, lambda: after)] == [Status.OK, Status.OK]
    assert "is the monotonic clock" in clock.frame_clock(BEFORE, after).found


def test_a_clock_of_its_own_is_fine_and_its_offset_is_said() -> None:
    check = clock.frame_clock(Reading(3.0, 100.0, 1e9), Reading(11.0, 108.0, 1e9 + 8))
    assert (check.status, dict(check.values)["offset_s"]) == (Status.OK, -97.0)


def test_clocks_that_drift() -> None:
    check = clock.frame_clock(BEFORE, Reading(108.02, 108.0, 1e9 + 8))
    assert check.status is Status.WARNING
    assert check.found == "perf_counter and monotonic drift: +20.0 ms in 8 s"


def test_a_time_of_day_that_was_set() -> None:
    check = clock.wall_clock(BEFORE, Reading(108.0, 108.0, 1e9 + 5))
    assert (check.status, check.found) == (Status.WARNING, "stepped by -3000 ms within 8 s")


def test_a_pause_between_two_readings_of_the_clocks_does_no_harm() -> None:
    times = iter([0.0, 0.5, *[1.0, 1.0002] * 4])  # the first reading is interrupted for half a second
    reading = clock.read(lambda: next(times), lambda: 5.0, lambda: 9.0)
    assert reading == Reading(pytest.approx(1.0001), 5.0, 9.0)
