"""Plots of fer-cam with other programs."""

from pathlib import Path

from matplotlib import pyplot as plt

from benchmarks.payloads_programs import Bulk, Delay, Web
from benchmarks.plots import COLOURS, save, title
from benchmarks.record import Record


def delay(measured: Record[Delay], path: Path) -> None:
    """Median and 95th percentile from capture to receipt, a bar for each receiver.

    Raises:
        SinkError: the file cannot be written.
    """
    result = measured.result
    figure, axes = plt.subplots(figsize=(8, 2.8), layout="constrained")
    for row, (heard, colour) in enumerate(zip(result.receivers, COLOURS, strict=False)):
        axes.barh(row, heard.delay_ms.p95, color=colour, alpha=0.5)
        axes.barh(row, heard.delay_ms.p50, color=colour)
        axes.text(heard.delay_ms.p95, row, f" {heard.delay_ms.p50:.1f} / {heard.delay_ms.p95:.1f} ms", va="center", fontsize=9)
    axes.axvline(result.processed_ms.p50, color="0.4", linewidth=1, linestyle="--", label="processed, median")
    axes.set_yticks(range(len(result.receivers)), [heard.what.upper() for heard in result.receivers])
    axes.margins(x=0.25)
    axes.invert_yaxis()
    axes.set_xlabel("ms from capture to receipt: median (dark) and 95th percentile (light)")
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    title(axes, measured, f"{result.width}x{result.height}, faces: {result.faces}, n = {result.frames}")
    save(figure, path)


def bulk(measured: Record[Bulk], path: Path) -> None:
    """Frames a second of plain runs and of each number of workers.

    Raises:
        SinkError: the file cannot be written.
    """
    result = measured.result
    figure, axes = plt.subplots(figsize=(8, 2.8), layout="constrained")
    for row, ran in enumerate(result.rows):
        axes.barh(row, ran.fps.p50, color=COLOURS[min(row, 1)])
        axes.text(ran.fps.p50, row, f" {ran.fps.p50:.0f} frames/s, {ran.most_mb:.0f} MB", va="center", fontsize=9)
    axes.set_yticks(range(len(result.rows)), [ran.what for ran in result.rows])
    axes.margins(x=0.35)
    axes.invert_yaxis()
    axes.set_xlabel("frames a second, and the most memory of one process")
    title(axes, measured, f"{result.files} files of {result.seconds_each:.0f} s, {result.clip}")
    save(figure, path)


def web(measured: Record[Web], path: Path) -> None:
    """Median, 95th and 99th percentile of the delay, a bar for each number of clients.

    Raises:
        SinkError: the file cannot be written.
    """
    result = measured.result
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for row, served in enumerate(result.rows):
        colour = COLOURS[1] if "camera" in served.what else COLOURS[0]
        spread = served.delay_ms
        for value, alpha in ((spread.p99, 0.25), (spread.p95, 0.35), (spread.p50, 1.0)):
            axes.barh(row, value, color=colour, alpha=alpha)
        delay = f"{spread.p50:.1f} / {spread.p95:.1f} / {spread.p99:.1f} ms"
        note = f" {delay}, {served.fps:.0f} frames/s, CPU {served.cpu_percent:.0f} %"
        axes.text(spread.p99, row, note, va="center", fontsize=8)
    axes.set_yticks(range(len(result.rows)), [served.what for served in result.rows], fontsize=8)
    axes.margins(x=0.8)
    axes.invert_yaxis()
    axes.set_xlabel(
        "ms from capture to the page, or from a browser's camera and back:\nmedian (dark), 95th and 99th percentile (light)"
    )
    title(
        axes,
        measured,
        f"{result.width}x{result.height} at {result.fps:g} frames/s, faces: {result.faces}, {result.seconds:g} s each",
    )
    save(figure, path)
