"""The faces of one browser's camera, and its recording."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.config import BROWSER, Config
from realtime.datatypes import FrameResult, RunInfo, SourceInfo
from realtime.drawing.painter import Painted
from realtime.ending import End
from realtime.errors import SinkError
from realtime.meter import Meter
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline, open_pipeline
from realtime.recognizer import Session
from realtime.recorder import Recorder
from realtime.records import to_line
from realtime.sinks.live import Lines
from realtime.sinks.switch import Recording
from realtime.views.base import Action, Mark
from realtime.views.web.actions import CameraActions
from realtime.views.web.lesson import Panel
from realtime.views.web.wire import ImageMessage, WireError, decode

NO_FOLDER = "Recording needs a folder; start fer-cam with --session DIR."


@dataclass(frozen=True)
class State:
    """The state of a camera for its page; see `Status`."""

    fps: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    dropped: int = 0
    recording: bool = False
    finished: tuple[Path, ...] = ()
    blur: bool = False
    lesson: bool = False
    profile: str = ""
    calibrating: str = ""


@dataclass(frozen=True)
class Reply:
    """The reply to an image.

    Attributes:
        line: of the data.
        panel: the paper's steps, if the page shows them.
    """

    line: str
    panel: Panel | None


class CameraSession:
    """Reads the frames of one browser. Its methods may be called from any thread, and wait for each other.

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
        # a profile belongs to the person at this machine's camera; somebody else is at the browser
        alone = config.source.location == BROWSER
        self._reading = config.reading if alone else replace(config.reading, profile=None)
        self._run = replace(run, source=self._source, correction=run.correction if alone else ())
        self._classifier = classifier
        # opened by the first frame: cascades take time and memory
        self._pipeline: Pipeline | None = None
        self._session: Session | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._meter = Meter(run.labels)
        self._actions = CameraActions(config, classifier)
        self._recorder = Recorder(self._run, clock)
        self._recording: Recording | None = None
        self._last: FrameResult | None = None
        self._painted: Painted | None = None
        self._first: ImageMessage | None = None
        self._offset_s = 0.0
        self._last_index = -1
        self._count = 0
        self._wanted = False
        self._ended: str | None = None
        self._lines = Lines()
        self.state = State(blur=self._actions.blur, lesson=self._actions.teaching)
        """The current state; replaced after every frame, so that it can be read without waiting for one."""
        self.folders: list[Path] = []
        """Where recordings were written."""

    def process(self, sent: ImageMessage, offset_s: float) -> Reply:
        """Reads a frame.

        Args:
            sent: the next one, in order.
            offset_s: our clock minus the browser's; that of the first frame counts.

        Raises:
            WireError: the frame is not one that may follow the one before.
            ModelError: the network hangs.
        """
        image = decode(sent)
        with self._lock:
            if self._ended is not None:
                raise WireError("the session has ended")
            first = self._first or self._begin(sent, offset_s)
            session = self._session = self._session or self._open()
            if sent.index <= self._last_index:
                raise WireError(f"frame {sent.index} does not follow frame {self._last_index}")
            try:
                result = session.push(image, at=sent.captured_at - first.captured_at)
            except ValueError as error:
                raise WireError("its time of capture is not after that of the frame before") from error
            self._last_index, self._count = sent.index, self._count + 1
            captured_at = sent.captured_at + self._offset_s
            result = replace(
                result,
                # without a media time, its own time is that of its capture
                frame=replace(result.frame, index=sent.index, captured_at=captured_at, media_time=None),
                latency_s=max(result.stages.total, self._clock() - captured_at),
                dropped=sent.index - first.index + 1 - self._count,
            )
            return self._finish(result)

    def mark(self, mark: Mark) -> str | None:
        """Sets a marker in the recording; returns its line, None if it is not recorded."""
        with self._lock:
            if self._recording is None:
                self._lines.say("Markers belong to a recording; start one first.")
            return self._mark(mark)

    def record(self, on: bool) -> None:
        """Begins or ends a recording, and says so in a notice."""
        with self._lock:
            if self._config.output.session is None:
                self._lines.say(NO_FOLDER)
            elif self._first is None:
                self._wanted = on
                self._lines.say("Recording begins with the first frame." if on else "Not recording.")
            elif self._ended is None and on and self._recording is None:
                self._start()
            elif not on and self._recording is not None:
                self._stop()

    def do(self, action: Action) -> Panel | None:
        """Carries out an action of the page; returns its lesson view, since a page that pauses sends no further frame."""
        with self._lock:
            said = self._actions.do(action, self._last)
            if said is not None:
                self._lines.say(said)
            self._update_state()
            return None if self._painted is None else self._actions.panel(self._painted, exact=True)

    def notices(self) -> tuple[str, ...]:
        """Notices for the page since the last call; does not wait."""
        return self._lines.take()

    def end(self) -> str:
        """Ends the session and its recording; returns the line of its summary. May be called twice."""
        with self._lock:
            if self._ended is None:
                self._ended = to_line(self._meter.summary(End.STOPPED), self._run)
                if self._session is not None:
                    self._session.close()
                self._actions.close()
                self._stop()
            return self._ended

    def _open(self) -> Session:
        self._pipeline = open_pipeline(self._reading, self._classifier, self._source)
        return Session(self._pipeline, self._source.name)

    def _begin(self, sent: ImageMessage, offset_s: float) -> ImageMessage:
        self._first, self._offset_s = sent, offset_s
        width, height = sent.size_wh
        clock = (("clock", "browser"), ("clock_offset_s", round(offset_s, 6)))
        self._run = replace(
            self._run,
            source=replace(self._source, width=width, height=height),
            settings=(*self._run.settings, *clock),
        )
        if self._wanted:
            self._start()
        return sent

    def _finish(self, result: FrameResult) -> Reply:
        self._last = result
        self._meter.add(result, self._clock())
        line = to_line(self._recorder.record(result), self._run)
        painted = self._painted = self._actions.paint(result)
        if self._recording is not None:
            try:
                self._recording.write(painted)
            except SinkError as error:
                self._give_up(error)
        self._calibrate(result)
        self._update_state()
        return Reply(line, self._actions.panel(painted))

    def _calibrate(self, result: FrameResult) -> None:
        """Uses a new profile from the next frame on."""
        ended = self._actions.calibrate(result)
        if ended is None:
            return
        self._lines.say(ended.text)
        if ended.profile is not None and self._pipeline is not None:
            self._pipeline.use(ended.profile)
            self._mark(Mark(f"calibrated: {ended.profile.name}", result.frame.captured_at, "calibration"))

    def _mark(self, mark: Mark) -> str | None:
        if self._recording is None or self._last is None:
            return None
        try:
            return to_line(self._recording.outputs.mark(self._last, mark.name, mark.at, mark.by), self._run)
        except SinkError as error:
            self._give_up(error)
            return None

    def _start(self) -> None:
        try:
            self._recording = Recording(self._config.output, self._run, self._clock)
        except SinkError as error:
            self._lines.say(str(error))
            return
        self.folders.append(self._recording.folder)
        self._lines.say(f"Recording to {self._recording.folder}")
        self._update_state()

    def _stop(self) -> None:
        """Closes the recording, if there is one."""
        recording, self._recording = self._recording, None
        if recording is not None:
            try:
                recording.close()
                self._lines.say(f"Recorded to {recording.folder}")
            except SinkError as error:
                self._lines.say(str(error))
            self._update_state()

    def _give_up(self, error: SinkError) -> None:
        """Ends a recording that has failed; the camera goes on."""
        self._lines.say(f"The recording ends here: {error}")
        self._stop()

    def _update_state(self) -> None:
        latency = self._meter.latency_ms
        dropped = 0 if self._last is None else self._last.dropped
        recording = self._recording is not None
        finished = tuple(self.folders[:-1] if recording else self.folders)
        profile = None if self._pipeline is None else self._pipeline.profile
        self.state = State(
            *(self._meter.fps, latency.p50, latency.p95, dropped, recording, finished),
            blur=self._actions.blur,
            lesson=self._actions.teaching,
            profile="" if profile is None else profile.name,
            calibrating=self._actions.calibrating,
        )
