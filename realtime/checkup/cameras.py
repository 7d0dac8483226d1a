"""Every camera: whether it opens, how fast, with which sizes and rates, and if not, why."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from realtime.checkup.check import Check, Value, parts
from realtime.checkup.names import camera_names
from realtime.errors import SourceError
from realtime.sources.camera import MOST_CAMERAS, THIS_SYSTEM, Camera, OpenCapture, System, open_capture

SIZES_WH = ((1280, 720), (1920, 1080))
"""Asked for besides the camera's own: OpenCV cannot list what a camera has."""

MEASURED_S = 1.5
"""How long the rate of each size is measured, seconds."""

SETTLING = 3
"""Frames after opening that come from a buffer, or late."""

GOOD_FPS = 24.0
"""A size with at least this rate replaces a slow one."""

SLOW_FPS = 15.0
"""Frames a second; below, expressions that last half a second are seen in a few frames only."""

UNNAMED = "name unknown"

DARK = 8.0
"""Of 255: in the image of a covered camera 99 % of the pixels are darker."""

Holders = Callable[[Path], Sequence[str]]


@dataclass(frozen=True)
class Mode:
    """A size that a camera gives: pixels, and frames a second as reported (None: unknown) and as measured."""

    width: int
    height: int
    stated_fps: float | None
    fps: float

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at {self.fps:.1f} fps"


@dataclass(frozen=True)
class Trial:
    """A camera that works.

    Attributes:
        index: its number.
        name: as the system calls it; empty where unknown.
        open_s: seconds until its first frame.
        modes: its own size first.
        dark: the image is black.
    """

    index: int
    name: str
    open_s: float
    modes: tuple[Mode, ...]
    dark: bool


def holders(node: Path, processes: Path = Path("/proc")) -> tuple[str, ...]:
    """The programs that have a device open on Linux, as far as this user may see them."""
    found: set[str] = set()
    for link in processes.glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if link.readlink() == node:
                found.add((link.parent.parent / "comm").read_text(encoding="utf-8", errors="replace").strip())
    return tuple(sorted(found))


def checks(
    names: Callable[[], Mapping[int, str] | None] = camera_names,
    system: System = THIS_SYSTEM,
    opener: OpenCapture = open_capture,
    users: Holders = holders,
) -> Iterator[Check]:
    """Opens every camera, so their lights flash. No image is kept.

    Args:
        names: of the cameras by number; None where unknown.
        system: what the cameras are attached to.
        opener: opens OpenCV's capture.
        users: the programs that have a device open.
    """
    known = names()
    working: list[Trial] = []
    refused: list[Check] = []
    for index in _candidates(known, system):
        name = known[index] if known is not None else ""
        held = users(system.devices / f"video{index}") if system.platform == "linux" else ()  # before it is ours
        try:
            working.append(_try(index, name, system, opener))
        except SourceError as error:
            refusal = _refusal(index, name, error, system, held)
            refused.extend([refusal] if refusal is not None else [])
    best = max(working, key=lambda trial: trial.modes[0].fps >= SLOW_FPS and not trial.dark, default=None)
    for trial in working:
        yield _assessed(trial, chosen=trial is best)
    for check in refused:  # another camera does instead
        if working:
            yield Check.warning(check.name, check.found, check.remedy, dict(check.values))
        else:
            yield replace(check, flags=("--demo",))
    if not working and not refused:
        yield Check.warning("cameras", "no camera found", "plug one in, or use a file, an address or --demo", flags=("--demo",))


def _candidates(known: Mapping[int, str] | None, system: System) -> list[int]:
    if known is not None:
        return sorted(known)
    if system.platform == "linux":
        return sorted(int(node.name[5:]) for node in system.devices.glob("video*") if node.name[5:].isdecimal())
    return list(range(MOST_CAMERAS))


def _try(index: int, name: str, system: System, opener: OpenCapture) -> Trial:
    """Opens a camera with its own size, then with others.

    Raises:
        SourceError: it does not open, or stops.
    """
    started = system.clock()
    with closing(Camera(index, open_timeout_s=10.0, opener=opener, system=system)) as camera:
        open_s = system.clock() - started
        own, dark = _measured(camera, system.clock)
    modes = {(own.width, own.height): own}
    for size_wh in SIZES_WH:
        with (
            suppress(SourceError),  # a size that a driver refuses
            closing(Camera(index, size_wh=size_wh, open_timeout_s=10.0, opener=opener, system=system)) as camera,
        ):
            mode, _ = _measured(camera, system.clock)
            modes.setdefault((mode.width, mode.height), mode)
    return Trial(index, name, open_s, tuple(modes.values()), dark)


def _measured(camera: Camera, clock: Callable[[], float]) -> tuple[Mode, bool]:
    """The mode that a camera is in, and whether it sees nothing."""
    for _ in range(SETTLING):
        camera.read()
    began, stamps, dark = clock(), list[float](), True
    while not stamps or clock() - began < MEASURED_S:
        frame = camera.read()
        if frame is None:
            break
        stamps.append(frame.captured_at)
        dark = dark and float(np.percentile(frame.image[::8, ::8], 99)) < DARK
    passed_s = stamps[-1] - stamps[0] if stamps else 0.0
    fps = (len(stamps) - 1) / passed_s if passed_s > 0 else 0.0
    return Mode(camera.info.width, camera.info.height, camera.info.fps, fps), dark


def _assessed(trial: Trial, *, chosen: bool) -> Check:
    """What is said of a camera that works; only the chosen one brings the options to use."""
    own, title = trial.modes[0], f"camera {trial.index}"
    modes = ", ".join(map(str, trial.modes))
    found = f"{trial.name or UNNAMED}; opened in {trial.open_s:.1f} s; {modes}"
    values: dict[str, Value] = {
        "name": trial.name,
        "open_s": round(trial.open_s, 3),
        "modes": tuple(f"{mode.width}x{mode.height}" for mode in trial.modes),
        "stated_fps": own.stated_fps,
        "measured_fps": round(own.fps, 2),
    }
    flags: tuple[str, ...] = ("--device", str(trial.index)) if chosen else ()
    if trial.dark:
        return Check.warning(title, f"{found}; the image is black", "open its cover or switch", values, flags)
    if own.fps >= SLOW_FPS:
        return Check.ok(title, found, values, flags)
    faster = next((mode for mode in trial.modes[1:] if mode.fps >= GOOD_FPS), None)
    if faster is None:
        return Check.warning(title, found, "give it more light, or plug it into another USB port", values, flags)
    size = ("--size", f"{faster.width}x{faster.height}") if chosen else ()
    return Check.warning(title, found, f"use --size {faster.width}x{faster.height}, which is faster", values, (*flags, *size))


def _refusal(index: int, name: str, error: SourceError, system: System, held: Sequence[str]) -> Check | None:
    """Why a camera cannot be used; None for what is no camera: Linux has nodes that deliver no images."""
    node, known = system.devices / f"video{index}", name or UNNAMED
    allowed = system.platform != "linux" or system.may_use(node)
    check = Check.failed_with(f"camera {index}", error, {"name": name, "permission": allowed, "busy": bool(held)})
    if not allowed:
        return replace(
            check, found=f"{known}; you may not use {node}", remedy="sudo usermod -aG video $USER, then log in again"
        )
    if held:
        return replace(check, found=f"{known}; in use by {', '.join(held)}", remedy="close that program")
    what = parts(error)[0].replace(f"no camera {index} found", "not found").removeprefix(f"camera {index} ")
    return replace(check, found=f"{known}; {what}") if name else None
