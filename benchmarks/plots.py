"""Plots of results. Needs matplotlib, which the rest of the benchmarks do not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from benchmarks.record import Record
from realtime.errors import SinkError

mpl.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ("#0072b2", "#d55e00")
"""Okabe and Ito's blue and vermilion: told apart by colour-blind eyes, and in print."""

FRAME_MS = 1000 / 30


def latency(measured: Record, seconds: Mapping[str, Sequence[float]], path: Path) -> None:
    """Share of frames that are done within a time, one curve a side, with median and p99 marked.

    Raises:
        SinkError: the file cannot be written.
    """
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for (name, values), colour in zip(seconds.items(), COLOURS, strict=True):
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
    axes.set_xlabel("time per frame, file to drawn picture (ms, logarithmic)")
    axes.set_ylabel("share of frames done")
    axes.set_ylim(0, 1.1)
    clip, machine = measured.clip, measured.machine
    axes.set_title(
        f"{clip.name}, {clip.width}x{clip.height}, {clip.faces_per_frame:.1f} faces a frame, "
        f"n = {clip.frames} frames x {measured.repeats}\n{machine.cpu}, {machine.cores} cores",
        fontsize=10,
    )
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False)
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise SinkError(f"cannot write {path}: {error.strerror}; choose another --out") from error
    finally:
        plt.close(figure)
