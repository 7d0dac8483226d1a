"""Frames through the pipeline into every output, and the window's keys obeyed."""

import math
import time
from collections import deque
from collections.abc import Callable

from realtime.config import Config
from realtime.datatypes import FULL_EFFORT, Frame, FrameResult
from realtime.drawing.hud import Hud
from realtime.errors import SinkError
from realtime.governor import Governor
from realtime.meter import Meter
from realtime.pipeline import Pipeline
from realtime.signals import Stop
from realtime.sinks import Outputs
from realtime.sinks.images import save_snapshot
from realtime.sinks.paths import stem
from realtime.sources.feed import MOST_AT_ONCE, Batches, Feed
from realtime.views.terminal import Terminal
from realtime.views.window import Action, Window

POLL_S = 0.1
"""How long the loop waits for a frame before it looks at keys and signals again."""

LOOK_MS = 50
"""How often keys and signals are looked at while nothing moves."""

MOST_LATE_S = 0.1
"""A file shown later than this is not hurried: frames that rush by look broken."""

HINT_S = 6.0
"""How long the key for help is mentioned after the window has opened."""

NOTICE_S = 4.0
MOST_NOTICES = 4
"""How long a message stays in the window, and how many there is room for."""


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
        self._governor = Governor.of(feed.info, config.target_latency_ms)
        self._effort = FULL_EFFORT
        # a file that nobody watches is read in batches; what is watched, and what is live, frame by frame
        self._batches = Batches(feed, 1 if feed.info.live or window is not None else MOST_AT_ONCE)
        self._notices: deque[tuple[float, str]] = deque(maxlen=MOST_NOTICES)
        self._last: FrameResult | None = None
        self._left = config.max_frames
        self._paused = self._turned = self._quit = False
        self._began: float | None = None
        self._opened_s = clock()

    def play(self, stop: Stop) -> None:
        """Runs until the source ends, the user quits, the frames asked for are done, or a signal came.

        Raises:
            FerError: the source is lost, or an output cannot be written.
        """
        while not (self._batches.finished or self._quit or stop.exit_code or self._left == 0):
            if self._paused:
                self._serve_keys(LOOK_MS)
                continue
            frames = self._next()
            if not frames:
                self._serve_keys()
                continue
            for result in self._pipeline.process_many(frames, self._feed.dropped, self._effort):
                self._finish(result, stop)

    def _finish(self, result: FrameResult, stop: Stop) -> None:
        """Counts a result, and gives it to everybody who waits for it."""
        self._meter.add(result, self._clock())
        self._outputs.write(result)
        self._left = None if self._left is None else self._left - 1
        self._terminal.update(result, self._meter)
        if self._window is not None:
            self._show(self._window, result, stop)
        if self._governor is not None:
            self._govern(self._governor, result.frame)

    def _govern(self, governor: Governor, frame: Frame) -> None:
        """Chooses what to do for the next frame, and says so when that changes."""
        now = self._clock()
        effort = governor.update(now - frame.captured_at, now)
        if effort != self._effort:
            self._effort = effort
            slow = "reducing work to keep up" if effort != FULL_EFFORT else "keeping up again"
            self._say(f"{slow}: {effort.name}")

    def _next(self) -> list[Frame]:
        """The next frame, and those behind it that are there already, as far as they are read together."""
        try:
            return self._batches.next(POLL_S, self._left)
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
            effort=self._effort,
            live=self._feed.info.live,
            position=self._position(),
            progress=self._progress(),
            hint=now - self._opened_s < HINT_S,
        )

    def _position(self) -> str:
        """Where in a file the last frame is, such as "0:07 / 0:19"."""
        at_s = None if self._last is None else self._last.frame.media_time
        if self._feed.info.live or at_s is None:
            return ""
        length_s = self._feed.info.duration_s
        return clock_time(at_s) if length_s is None else f"{clock_time(at_s)} / {clock_time(length_s)}"

    def _progress(self) -> float | None:
        at_s = None if self._last is None else self._last.frame.media_time
        length_s = self._feed.info.duration_s
        return None if self._feed.info.live or at_s is None or not length_s else at_s / length_s


def clock_time(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
