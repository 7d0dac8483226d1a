"""Lab Streaming Layer: expressions and markers as streams that LabRecorder records beside EEG, gaze and the like.

Every frame is pushed, stamped with its capture time. `push_sample` only copies into a buffer, in 2 microseconds (measured with
liblsl 1.18), and liblsl's own threads send; so nothing here delays a frame, and no frame is left out.
"""

import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo
from realtime.errors import SinkError
from realtime.records import FrameRecord, Marker
from realtime.sinks.base import DataSink
from realtime.sinks.live import LargestFace, Lines, missing
from realtime.sinks.paths import OutputPaths

CONTENT_TYPE = "Expression"
MARKERS = "markers"

FACE_CHANNELS = ("confidence", "quality", "face_id")
FRAME_CHANNELS = ("faces", "frame")

SAME_CLOCK_S = 0.0005
"""Clocks that differ by less are one clock, read one after the other."""

READINGS = 20

CONFIG_FILES = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
"""Where liblsl looks for its configuration; else in the file that the variable LSLAPICFG names."""

QUIET = "[log]\nlevel = -2\n"
"""Configuration that keeps liblsl from logging to the terminal; errors are still logged."""


class LslSink(DataSink):
    """Two outlets: the probabilities of the largest face, and markers.

    Args:
        name: of the stream; that of the markers is `NAME-markers`.
        run: the labels and the source.
        clock: the clock of `FrameRecord.captured_at`.

    Raises:
        SinkError: pylsl or liblsl is missing.
    """

    essential = False
    marks = True

    def __init__(self, name: str, run: RunInfo, clock: Callable[[], float] = time.perf_counter) -> None:
        lsl = library("--lsl")
        self._lines = Lines()
        self._leader = LargestFace()
        self._local_clock: Callable[[], float] = lsl.local_clock
        clocks = Clocks(self._local_clock, clock)
        self._offset_s = clocks.offset_s
        self._lines.say(clocks.comparison)
        identity = f"fer-cam-{name}-{platform.node()}"  # the same in the next run, so that recorders find it again
        channels = [*run.labels, *FACE_CHANNELS, *FRAME_CHANNELS]
        info = lsl.StreamInfo(name, CONTENT_TYPE, len(channels), lsl.IRREGULAR_RATE, lsl.cf_float32, identity)
        _describe(info, run, channels)
        marker_name = f"{name}-{MARKERS}"
        markers = lsl.StreamInfo(marker_name, "Markers", 1, lsl.IRREGULAR_RATE, lsl.cf_string, f"{identity}-{MARKERS}")
        self._frames: Any = lsl.StreamOutlet(info)
        self._markers: Any = lsl.StreamOutlet(markers)

    def write(self, record: FrameRecord) -> None:
        """Pushes a sample; without a face its probabilities are nan."""
        leader = self._leader.of(record)
        missing_value = float("nan")
        if leader is None:
            face = [missing_value] * (len(record.labels) + len(FACE_CHANNELS))
        else:
            confidence = missing_value if leader.confidence is None else leader.confidence
            face = [*leader.probs, confidence, leader.quality, float(leader.id)]
        self._frames.push_sample([*face, float(len(record.faces)), float(record.index)], self._stamp(record))

    def mark(self, marker: Marker) -> None:
        """Pushes a marker's name, stamped with the moment at which it was set."""
        stamp = self._local_clock() if marker.set_at is None else marker.set_at + self._offset_s
        self._markers.push_sample([marker.name or f"marker {marker.index}"], stamp)

    def notices(self) -> tuple[str, ...]:
        """How the two clocks compare, once."""
        return self._lines.take()

    def close(self, summary: object) -> None:
        """Takes the streams off the network; may be called twice."""
        self._frames = self._markers = None

    def _stamp(self, record: FrameRecord) -> float:
        return self._local_clock() if record.captured_at is None else record.captured_at + self._offset_s


class Clocks:
    """LSL's clock against that of capture times.

    LSL's clock is read between two readings of the other, and the closest of several attempts counts.

    Attributes:
        offset_s: LSL's clock minus the other; 0 if they are one clock.
        comparison: the result as a line for the user.
    """

    def __init__(self, local_clock: Callable[[], float], clock: Callable[[], float]) -> None:
        _, offset_s = min(self._compare(local_clock, clock) for _ in range(READINGS))
        if abs(offset_s) < SAME_CLOCK_S:
            self.offset_s = 0.0
            self.comparison = f"LSL: capture times are on LSL's own clock (difference {1e6 * abs(offset_s):.0f} microseconds)"
        else:
            self.offset_s = offset_s
            self.comparison = f"LSL: {offset_s:+.6f} s are added to capture times, which are on another clock than LSL's"

    @staticmethod
    def _compare(local_clock: Callable[[], float], clock: Callable[[], float]) -> tuple[float, float]:
        """How long the reading took, and the difference, seconds."""
        before = clock()
        theirs = local_clock()
        after = clock()
        return after - before, theirs - (before + after) / 2


def library(option: str) -> Any:
    """pylsl, quiet, for an option that needs it.

    Raises:
        SinkError: it is missing, or liblsl is, which it loads.
    """
    try:
        import pylsl
    except ImportError as error:
        raise missing(option, "pylsl", "lsl") from error
    except RuntimeError as error:  # pylsl's wheel brings no liblsl for Linux on ARM
        raise SinkError(
            f"{option} needs liblsl, and pylsl brings none for this machine; install it from conda-forge or "
            "github.com/sccn/liblsl/releases, and name it in the variable PYLSL_LIB"
        ) from error
    configured = "LSLAPICFG" in os.environ or any(Path(file).expanduser().exists() for file in CONFIG_FILES)
    if not configured:
        with suppress(AttributeError, NotImplementedError):  # before pylsl 1.18 or liblsl 1.17.7
            pylsl.set_config_content(QUIET)
    return pylsl


def _describe(info: Any, run: RunInfo, channels: list[str]) -> None:
    """Fills the stream's header."""
    description = info.desc()
    description.append_child_value("manufacturer", "fer-cam")
    for name, value in (("version", run.version), ("model", run.model), ("source", run.source.name)):
        description.append_child_value(name, value)
    description.append_child_value("weights_sha256", run.weights_sha256)
    listed = description.append_child("channels")
    for label in channels:
        channel = listed.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", "probability" if label in (*run.labels, "confidence") else "")
        channel.append_child_value("type", CONTENT_TYPE)


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """LSL streams, if requested; see `base.Plan`."""
    if config.lsl is None:
        return None
    name = config.lsl
    return lambda: LslSink(name, run)
