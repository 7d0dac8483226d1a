"""The faces of one browser's camera, and its recording."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.config import Config
from realtime.datatypes import FrameResult, RunInfo, SourceInfo
from realtime.drawing.painter import Painter
from realtime.errors import SinkError
from realtime.meter import Meter
from realtime.model.classifier import Classifier
from realtime.pipeline import open_pipeline
from realtime.recognizer import Session
from realtime.recorder import Recorder
from realtime.records import to_line
from realtime.sinks.switch import Recording
from realtime.views.base import Mark
from realtime.views.web.wire import Picture, WireError, decode

NO_FOLDER = "Recording needs a folder; start fer-cam with --session DIR."


@dataclass(frozen=True)
class State:
    """What a page is told of its camera; see `Status`."""

    fps: float
    p50_ms: float
    p95_ms: float
    dropped: int
    recording: bool


class CameraSession:
    """Reads the frames of one browser. Every method may be called from any thread; they wait for each other.

    Args:
        name: of the source, in the data.
        config: of the run; its session is where recordings go.
        run: facts of the run.
        classifier: shared with all others.
        clock: seconds.
    """

    def __init__(
        self,
        name: str,
        config: Config,
        run: RunInfo,
        classifier: Classifier,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._source = SourceInfo(name, live=True, temporal=True, width=0, height=0, fps=None, frames=None)
        self._config = config
        self._run = replace(run, source=self._source)
        self._session = Session(open_pipeline(config.reading, classifier, self._source), name)
        self._clock = clock
        self._lock = threading.Lock()
        self._meter = Meter(run.labels)
        self._painter = Painter(blur=config.output.blur)
        self._recorder = Recorder(self._run, clock)
        self._recording: Recording | None = None
        self._last: FrameResult | None = None
        self._first: Picture | None = None
        self._offset_s = 0.0
        self._last_index = -1
        self._count = 0
        self._wanted = False
        self._ended: str | None = None
        self.folders: list[Path] = []
        """Where recordings were written."""

    def process(self, picture: Picture, offset_s: float) -> str:
        """The line of a frame.

        Args:
            picture: the next one, in order.
            offset_s: our clock minus the browser's; that of the first frame counts.

        Raises:
            WireError: the frame is not one that may follow the one before.
            SinkError: the recording cannot be written, and has ended.
            ModelError: the network hangs.
        """
        image = decode(picture)
        with self._lock:
            if self._ended is not None:
                raise WireError("the session has ended")
            first = self._first or self._begin(picture, offset_s)
            if picture.index <= self._last_index:
                raise WireError(f"frame {picture.index} does not follow frame {self._last_index}")
            try:
                result = self._session.push(image, at=picture.captured_at - first.captured_at)
            except ValueError as error:
                raise WireError("its time of capture is not after that of the frame before") from error
            self._last_index, self._count = picture.index, self._count + 1
            captured_at = picture.captured_at + self._offset_s
            result = replace(
                result,
                # without a media time, its own time is that of its capture
                frame=replace(result.frame, index=picture.index, captured_at=captured_at, media_time=None),
                latency_s=max(result.stages.total, self._clock() - captured_at),
                dropped=picture.index - first.index + 1 - self._count,
            )
            return self._finish(result)

    def mark(self, mark: Mark) -> str | None:
        """Sets a marker in the recording; returns its line, None if there is no recording.

        Raises:
            SinkError: it cannot be written, and the recording has ended.
        """
        with self._lock:
            if self._recording is None or self._last is None:
                return None
            try:
                return to_line(self._recording.outputs.mark(self._last, mark.name, mark.at, mark.by), self._run)
            except SinkError:
                self._stop()
                raise

    def record(self, on: bool) -> str:
        """Begins or ends a recording; returns what happened, a sentence for the page.

        Raises:
            SinkError: it cannot be opened, or its end cannot be written.
        """
        with self._lock:
            if self._config.output.session is None:
                return NO_FOLDER
            if self._first is None:
                self._wanted = on
                return "Recording begins with the first frame." if on else "Not recording."
            if self._ended is not None or on is (self._recording is not None):
                return "Recording." if on else "Not recording."
            if not on:
                return f"Recorded to {self._stop()}"
            return self._start()

    def state(self) -> State:
        """Its state now."""
        latency = self._meter.latency_ms
        dropped = 0 if self._last is None else self._last.dropped
        return State(self._meter.fps, latency.p50, latency.p95, dropped, self._recording is not None)

    def end(self) -> str:
        """Ends the session and its recording; returns the line of its summary. May be called twice."""
        with self._lock:
            if self._ended is None:
                self._ended = to_line(self._meter.summary(), self._run)
                self._session.close()
                try:
                    self._stop()
                except SinkError:  # the browser has gone, or is going
                    return self._ended
            return self._ended

    def _begin(self, picture: Picture, offset_s: float) -> Picture:
        self._first, self._offset_s = picture, offset_s
        width, height = picture.size_wh
        clock = (("clock", "browser"), ("clock_offset_s", round(offset_s, 6)))
        self._run = replace(
            self._run,
            source=replace(self._source, width=width, height=height),
            settings=(*self._run.settings, *clock),
        )
        if self._wanted:
            self._start()
        return picture

    def _finish(self, result: FrameResult) -> str:
        self._last = result
        self._meter.add(result, self._clock())
        line = to_line(self._recorder.record(result), self._run)
        painted = self._painter.paint(result)
        if self._recording is not None:
            try:
                self._recording.write(painted)
            except SinkError:
                self._stop()
                raise
        return line

    def _start(self) -> str:
        self._recording = Recording(self._config.output, self._run, self._clock)
        self.folders.append(self._recording.folder)
        return f"Recording to {self._recording.folder}"

    def _stop(self) -> Path | None:
        """Closes the recording, if there is one; returns its folder.

        Raises:
            SinkError: the end cannot be written.
        """
        recording, self._recording = self._recording, None
        if recording is None:
            return None
        recording.close()
        return recording.folder
