"""Plots of results. The only module of the benchmarks that needs matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.payloads import Cell, Detection, Latency, Live, Matrix, Scaling, Soak, Startup, Throughput
from benchmarks.record import Record
from benchmarks.steps import OURS, THEIRS
from realtime.errors import SinkError

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73")
"""Okabe and Ito's blue, vermilion and green: distinct for colour-blind people and in print."""

FRAME_MS = 1000 / 30


def latency(measured: Record[Latency], seconds: Mapping[str, Sequence[float]], path: Path) -> None:
    """Share of frames done within a time, one curve per side, with median and p99.

    Raises:
        SinkError: the file cannot be written.
    """
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for (name, values), colour in zip(seconds.items(), COLOURS, strict=False):
        ms = np.sort(np.asarray(values)) * 1000
        p50, p99 = np.percentile(ms, (50, 99))
        share = np.arange(1, len(ms) + 1) / len(ms)
        axes.plot(ms, share, color=colour, linewidth=2, label=f"{name}: median {p50:.1f} ms, p99 {p99:.1f} ms")
        axes.plot([p50, p99], [0.5, 0.99], "o", color=colour, markersize=5)
    axes.axvline(FRAME_MS, color="0.4", linewidth=1, linestyle="--")
    axes.annotate("30 frames/s", (FRAME_MS, 1.04), xytext=(4, 0), textcoords="offset points", color="0.4", fontsize=9)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axes.set_xlabel("time per frame, file to drawn image (ms, logarithmic)")
    axes.set_ylabel("share of frames done")
    axes.set_ylim(0, 1.1)
    clip, machine = measured.result.clip, measured.machine
    axes.set_title(
        f"{clip.name}, {clip.width}x{clip.height}, {clip.faces_per_frame:.1f} faces per frame, "
        f"n = {clip.frames} frames x {measured.result.repeats}\n{machine.cpu}, {machine.cores} cores",
        fontsize=10,
    )
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False)
    save(figure, path)


def matrix(measured: Record[Matrix], path: Path) -> None:
    """Median frame time of every scene: groups of bars by size and number of faces, logarithmic.

    Raises:
        SinkError: the file cannot be written.
    """
    cells = measured.result.cells
    figure, axes = plt.subplots(figsize=(11, 4.2), layout="constrained")
    names = [f"{cell.width}x{cell.height}\n{cell.faces} faces" for cell in cells]
    _bars(axes, names, {side: [cell.timing(side).p50_ms for cell in cells] for side in (OURS, THEIRS)}, "{:.1f}")
    _milliseconds(axes)
    axes.axhline(FRAME_MS, color="0.4", linewidth=1, linestyle="--")
    axes.set_ylabel("median time per frame (ms, logarithmic)")
    title(axes, measured, f"scenes made of {measured.result.source}, n = {cells[0].frames} frames x {measured.result.repeats}")
    save(figure, path)


def scaling(measured: Record[Scaling], path: Path) -> None:
    """Frame time by number of faces and by number of pixels, with the limit for 30 frames/s.

    Raises:
        SinkError: the file cannot be written.
    """
    result = measured.result
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
    _lines(left, result.by_faces, [cell.faces for cell in result.by_faces])
    _lines(right, result.by_pixels, [cell.width * cell.height / 1e6 for cell in result.by_pixels])
    slopes = {slope.what: slope for slope in result.slopes}
    first, one = result.by_faces[0], result.by_pixels[0]
    left.set_xlabel(f"faces of {first.face_px} px at {first.width}x{first.height}")
    left.set_ylabel("median time per frame, p95 as band (ms, log.)")
    right.set_xlabel(f"megapixels, with {one.faces} face{'s' * (one.faces != 1)}")
    left.set_title(f"{slopes[OURS].ms_per_face:.2f} ms per additional face", fontsize=10)
    right.set_title(f"{slopes[OURS].ms_per_megapixel:.1f} ms per additional megapixel", fontsize=10)
    right.legend(frameon=False)
    figure.suptitle(_machine(measured), fontsize=10)
    save(figure, path)


def live(measured: Record[Live], ages_ms: Mapping[str, Sequence[float]], path: Path) -> None:
    """Age of each displayed image over the run.

    Raises:
        SinkError: the file cannot be written.
    """
    result = measured.result
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for side, colour in zip(result.sides, COLOURS, strict=False):
        ages = ages_ms[side.what]
        label = (
            f"{side.what}: p99 {side.age_ms.p99:.0f} ms, {side.never_shown} never shown, {100 * side.cpu_share:.0f} % of a core"
        )
        axes.plot(np.linspace(0, side.seconds, len(ages)), ages, color=colour, linewidth=1, label=label)
    _milliseconds(axes)
    axes.axhline(FRAME_MS, color="0.4", linewidth=1, linestyle="--")
    axes.set_xlabel("seconds")
    axes.set_ylabel("age of displayed image (ms, logarithmic)")
    faces = f"{result.faces} face{'s' * (result.faces != 1)}"
    title(axes, measured, f"{result.width}x{result.height} at {result.fps:g} frames/s over HTTP, {faces}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
    save(figure, path)


def throughput(measured: Record[Throughput], path: Path) -> None:
    """Frames per second: groups of bars by clip and output.

    Raises:
        SinkError: the file cannot be written.
    """
    speeds = measured.result.speeds
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    names = [f"{speed.clip.name}\n{speed.what}, {speed.output}" for speed in speeds]
    colours = [COLOURS[(OURS, THEIRS).index(speed.what) if speed.what in (OURS, THEIRS) else 2] for speed in speeds]
    bars = axes.barh(names, [speed.frames_per_s for speed in speeds], color=colours)
    axes.bar_label(bars, [f" {speed.frames_per_s:.0f}  ({speed.times_faster:.1f}x)" for speed in speeds], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("frames per second, including opening and closing")
    title(axes, measured, "files at full speed")
    save(figure, path)


def startup(measured: Record[Startup], path: Path) -> None:
    """Time to the first frame and to the first label.

    Raises:
        SinkError: the file cannot be written.
    """
    sides = measured.result.sides
    figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
    for row, (side, colour) in enumerate(zip(sides, COLOURS, strict=False)):
        memory = "" if side.peak_mb is None else f", {side.peak_mb.max:.0f} MB at most"
        axes.barh(row, side.first_label_s.p50, color=colour, alpha=0.5)
        axes.barh(row, side.first_frame_s.p50, color=colour)
        axes.text(side.first_label_s.p50, row, f" {side.first_label_s.p50:.2f} s{memory}", va="center", fontsize=9)
    axes.set_yticks(range(len(sides)), [side.what for side in sides])
    axes.margins(x=0.35)
    axes.invert_yaxis()
    axes.set_xlabel("seconds from process start to the first frame (dark) and to the first label (light)")
    title(axes, measured, f"start on {measured.result.clip.name}, median of {measured.result.repeats}")
    save(figure, path)


def detection(measured: Record[Detection], path: Path) -> None:
    """Recall, precision and jitter of the box, by clip.

    Raises:
        SinkError: the file cannot be written.
    """
    clips = measured.result.clips
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
    wanted = ("recall", "precision", "jitter_percent")
    for panel, key, title in zip(panels, wanted, ("recall", "precision", "jitter of a still box (% of width)"), strict=True):
        values: dict[str, list[float]] = {}
        for clip in clips:
            for side in clip.sides:
                value = getattr(side, key)
                values.setdefault(side.what, []).append(np.nan if value is None else value)
        _bars(panel, [clip.clip.name for clip in clips], values, "{:.2f}")
        panel.set_title(title, fontsize=10)
        panel.tick_params(axis="x", labelrotation=20)
    figure.suptitle(_machine(measured), fontsize=10)
    save(figure, path)


def soak(measured: Record[Soak], path: Path) -> None:
    """Memory, threads and handles over the run.

    Raises:
        SinkError: the file cannot be written.
    """
    result = measured.result
    minutes = [sample.t_s * result.speed / 60 for sample in result.samples]
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(8, 4.6), layout="constrained", sharex=True)
    upper.plot(minutes, [sample.rss_mb for sample in result.samples], color=COLOURS[0])
    upper.axhline(result.settled.rss_mb * (1 + result.allowed_percent / 100), color="0.4", linewidth=1, linestyle="--")
    upper.set_ylabel("resident memory (MB)")
    upper.set_ylim(bottom=0)
    lower.plot(minutes, [sample.threads for sample in result.samples], color=COLOURS[0], label="threads")
    lower.plot(minutes, [sample.handles for sample in result.samples], color=COLOURS[1], label="open files")
    lower.set_ylim(bottom=0)
    lower.set_xlabel("minutes of the source")
    lower.legend(frameon=False)
    grown = f"{result.growth_percent:+.2f} % after the first minute"
    title(upper, measured, f"{result.minutes:g} minutes at {result.speed:g} times speed: {grown}")
    save(figure, path)


def _bars(axes: Axes, names: Sequence[str], values: Mapping[str, Sequence[float]], form: str) -> None:
    width = 0.8 / len(values)
    for side, ((name, heights), colour) in enumerate(zip(values.items(), COLOURS, strict=False)):
        xs = np.arange(len(names)) + (side - (len(values) - 1) / 2) * width
        bars = axes.bar(xs, heights, width, color=colour, label=name)
        axes.bar_label(bars, ["no figure" if np.isnan(height) else form.format(height) for height in heights], fontsize=6)
    axes.set_xticks(range(len(names)), names, fontsize=7)
    axes.legend(frameon=False, fontsize=8)


def _lines(axes: Axes, cells: Sequence[Cell], xs: Sequence[float]) -> None:
    for side, colour in ((OURS, COLOURS[0]), (THEIRS, COLOURS[1])):
        timings = [cell.timing(side) for cell in cells]
        axes.plot(xs, [timing.p50_ms for timing in timings], "o-", color=colour, label=side)
        axes.fill_between(xs, [t.p50_ms for t in timings], [t.p95_ms for t in timings], color=colour, alpha=0.15, linewidth=0)
    axes.axhline(FRAME_MS, color="0.4", linewidth=1, linestyle="--")
    _milliseconds(axes)
    axes.set_xticks(xs, [f"{x:.2g}" for x in xs], fontsize=8, rotation=45)


def _milliseconds(axes: Axes) -> None:
    """Makes the axis logarithmic, with plain numbers as labels."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    axes.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axes.grid(alpha=0.3)


def _machine(measured: Record[Any]) -> str:
    return f"{measured.machine.cpu}, {measured.machine.cores} cores"


def title(axes: Axes, measured: Record[Any], text: str) -> None:
    axes.set_title(f"{text}\n{_machine(measured)}", fontsize=10)


def save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise SinkError(f"cannot write {path}: {error.strerror}; choose another --out") from error
    finally:
        plt.close(figure)
