"""The loop: frames in, results to every output, keys obeyed, and an orderly end whatever happens."""

import math
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from realtime import __version__
from realtime.capture import Feed, open_feed
from realtime.classifier import Classifier
from realtime.config import Config
from realtime.datatypes import Frame, FrameResult, RunInfo
from realtime.detector import HaarDetector
from realtime.errors import SinkError
from realtime.meter import Meter
from realtime.overlay import Hud
from realtime.pipeline import Pipeline
from realtime.sinks import Outputs, open_outputs
from realtime.sinks.jsonl import STDOUT
from realtime.sinks.outputs import stem
from realtime.sinks.pictures import save_snapshot
from realtime.sinks.terminal import StderrConsole, Terminal
from realtime.sinks.window import Action, Window

POLL_S = 0.1
"""How long the loop waits for a frame before it looks at keys and signals again."""

LOOK_MS = 50
"""How often keys and signals are looked at while nothing moves."""

MOST_LATE_S = 0.1
"""A file shown later than this is not hurried: frames that rush by look broken."""

NOTICE_S = 4.0
MOST_NOTICES = 4
"""How long a message stays in the window, and how many there is room for."""

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""What ends a run in an orderly way, where the system has it; the exit code is 128 and its number."""

HANGUP = getattr(signal, "SIGHUP", None)


def run(config: Config) -> int:
    """Runs until the source ends, the user quits or a signal comes; returns the exit code of an orderly end.

    Raises:
        FerError: model, source or output is at fault; what was written up to then is closed and readable.
    """
    with _signals() as stop:
        classifier = Classifier.load(config.model, config.threads, config.provider)
        feed = open_feed(config)
        try:
            info = RunInfo(
                version=__version__,
                model=classifier.name,
                labels=classifier.spec.labels,
                source=feed.info,
                provider=classifier.provider,
                provider_asked=config.provider,
                notes=classifier.notes,
            )
            pipeline = Pipeline(HaarDetector(config.min_face), classifier, config, temporal=feed.info.temporal)
            _run(config, info, feed, pipeline, stop)
        finally:
            feed.close()
    return stop.exit_code


def _run(config: Config, info: RunInfo, feed: Feed, pipeline: Pipeline, stop: "Stop") -> None:
    window, warning = _open_window(config, info)  # before any file is made, for it may be refused
    try:
        stop.patient = True  # from here on a signal ends the loop, not the program
        outputs = open_outputs(config, info)
        terminal = Terminal(info, StderrConsole(), verbosity=config.verbosity, plain=_data_on_screen(config))
        if warning is not None:
            terminal.notice(warning)
        meter = Meter(info.labels)
        try:
            Loop(config, feed, pipeline, meter, outputs, terminal, window).play(stop)
        except BaseException:
            with suppress(SinkError):  # the first failure is the one to report
                outputs.close(meter.summary())
            raise
        else:
            outputs.close(meter.summary())
        finally:
            for trouble in outputs.troubles:
                terminal.notice(trouble)
            # a video without frames is removed when it is closed
            terminal.finish(meter.summary(), [path for path in outputs.paths if path.exists()])
    finally:
        if window is not None:
            window.close()


def _data_on_screen(config: Config) -> bool:
    """Whether lines of data come on the terminal, where a live view would draw over them."""
    return config.jsonl == STDOUT and sys.stdout is not None and sys.stdout.isatty()


class Stop:
    """Whether a signal asked the run to end.

    Attributes:
        exit_code: 128 and the signal's number, or 0 while none came.
        patient: the loop will look; until it runs, a signal ends the program where it stands.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self.patient = False

    def handle(self, number: int, _: FrameType | None) -> None:
        """Takes a signal; a second one does not wait for the loop any more."""
        impatient = self.exit_code != 0 or not self.patient
        self.exit_code = 128 + number
        if impatient:
            raise SystemExit(self.exit_code)


class Loop:
    """Feeds frames through the pipeline into the outputs and serves the window's keys.

    Args:
        clock: seconds, for the pace of files and the age of messages.
    """

    def __init__(
        self,
        config: Config,
        feed: Feed,
        pipeline: Pipeline,
        meter: Meter,
        outputs: Outputs,
        terminal: Terminal,
        window: Window | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._config = config
        self._feed = feed
        self._pipeline = pipeline
        self._meter = meter
        self._outputs = outputs
        self._terminal = terminal
        self._window = window
        self._clock = clock
        self._notices: deque[tuple[float, str]] = deque(maxlen=MOST_NOTICES)
        self._last: FrameResult | None = None
        self._left = config.max_frames
        self._paused = self._turned = self._quit = False
        self._began: float | None = None

    def play(self, stop: Stop) -> None:
        """Runs until the source ends, the user quits, the frames asked for are done, or a signal came.

        Raises:
            FerError: the source is lost, or an output cannot be written.
        """
        while not (self._feed.finished or self._quit or stop.exit_code or self._left == 0):
            if self._paused:
                self._serve_keys(LOOK_MS)
                continue
            frame = self._next()
            if frame is None:
                self._serve_keys()
                continue
            result = self._pipeline.process(frame, self._feed.dropped)
            self._meter.add(result, self._clock())
            self._outputs.write(result)
            self._left = None if self._left is None else self._left - 1
            self._terminal.update(result, self._meter)
            if self._window is not None:
                self._show(self._window, result, stop)

    def _next(self) -> Frame | None:
        try:
            return self._feed.next(POLL_S)
        finally:  # also when the source is lost: its last words say why
            for text in self._feed.notices():
                self._say(text)

    def _show(self, window: Window, result: FrameResult, stop: Stop) -> None:
        """Shows a camera's frame at once, a file's at its own time, and a picture until space is pressed."""
        while (early_s := self._early_s(result.frame)) > 0 and not (self._paused or self._quit or stop.exit_code):
            self._serve_keys(min(math.ceil(early_s * 1000), LOOK_MS))
        self._last = result
        self._turned = self._feed.info.temporal
        window.show(result, self._hud())
        self._serve_keys()
        while not (self._turned or self._quit or stop.exit_code):
            self._serve_keys(LOOK_MS)

    def _early_s(self, frame: Frame) -> float:
        """Seconds until a file's frame is due; a file that cannot keep up plays slower, and hardly faster to catch up."""
        if frame.media_time is None:
            return 0.0
        now = self._clock()
        began = now - frame.media_time
        if self._began is None or began - self._began > MOST_LATE_S:
            self._began = began
        return self._began - began

    def _serve_keys(self, wait_ms: int = 1) -> None:
        if self._window is None:
            return
        match self._window.poll(wait_ms):
            case Action.QUIT:
                self._quit = True
            case Action.PAUSE if not self._feed.info.temporal:
                self._turned = True
            case Action.PAUSE:
                self._paused = not self._paused
                self._refresh()
            case Action.SNAPSHOT:
                self._snapshot()
            case Action.MARKER if self._last is not None:
                self._outputs.marker(self._last)
                self._say("marker set" if self._config.jsonl else "a marker needs --jsonl to be written to")

    def _snapshot(self) -> None:
        picture = None if self._window is None else self._window.picture
        if picture is None:
            return
        try:
            path = save_snapshot(picture, self._config.snapshots, stem(self._feed.info))
        except SinkError as error:  # losing a snapshot must not end a recording
            self._say(str(error))
        else:
            self._say(f"wrote {path}")

    def _refresh(self) -> None:
        if self._window is not None and self._last is not None:
            self._window.show(self._last, self._hud())

    def _say(self, text: str) -> None:
        self._terminal.notice(text)
        self._notices.append((self._clock(), text))
        self._refresh()  # now: of a lost camera there may be no next frame

    def _hud(self) -> Hud:
        now = self._clock()
        while self._notices and now - self._notices[0][0] > NOTICE_S:
            self._notices.popleft()
        return Hud(
            fps=self._meter.fps,
            latency_ms=self._meter.latency_ms,
            dropped=self._feed.dropped,
            paused=self._paused,
            recording=self._outputs.recording,
            notices=tuple(text for _, text in self._notices),
        )


def _open_window(config: Config, info: RunInfo) -> tuple[Window | None, str | None]:
    """The window, or None and, where one would be usual, why there is none.

    Raises:
        SinkError: it was asked for and cannot be opened.
    """
    if config.display is False:
        return None, None
    mirror = info.source.live if config.mirror is None else config.mirror
    try:
        return Window(f"fer-cam: {info.source.name}", mirror), None
    except SinkError as error:
        if config.display:
            raise
        return None, f"going on without a window: {error}"


@contextmanager
def _signals() -> Iterator[Stop]:
    """Catches the signals that end a run, and gives them back afterwards."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may catch signals
        return
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    if before.get(HANGUP) is signal.SIG_IGN:
        del before[HANGUP]  # nohup: the run is to outlive its terminal
    for number in before:
        signal.signal(number, stop.handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: set by somebody's C code
