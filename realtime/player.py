"""Plays a run: passes results to every output and view at the right pace, and handles the actions of viewers.

One file because every action of a viewer changes the same state, each in a few lines.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from realtime.calibrate import Calibrator
from realtime.datatypes import FrameResult
from realtime.drawing.hud import Banner, Status
from realtime.drawing.overlay import next_face
from realtime.drawing.painter import Painted, Painter
from realtime.engine import POLL_S, Engine
from realtime.errors import SinkError
from realtime.meter import Meter
from realtime.records import Marker
from realtime.signals import Stop
from realtime.sinks import Outputs
from realtime.sinks.images import save_snapshot
from realtime.sinks.panels import Panels
from realtime.sinks.paths import stem
from realtime.views.base import Action, Mark, Notice, View

POLL_MS = 50
"""How often keys and signals are checked while no frame is shown."""

MOST_LATE_S = 0.1
"""A file that is later than this does not catch up: sped-up frames look broken."""

HINT_S = 6.0
"""How long the hint about the help key is shown at the beginning."""

NOTICE_S = 4.0
MOST_NOTICES = 4
"""How long a notice is shown, and how many at once."""


class Player:
    """Passes an engine's results to outputs and views, and handles the viewers' actions.

    Args:
        engine: delivers the results.
        meter: counts them.
        outputs: write them.
        views: show them; only the first one is waited for.
        painter: paints them.
        snapshots: the folder of snapshots; None refuses them.
        markers: names of the markers with keys, for the help.
        calibrator: makes a person's profile at the press of a key; None refuses.
        panels: saves panels; None refuses them.
        lesson: whether the lesson view is shown at the beginning.
        clock: seconds, for the pace of files and the age of notices.
    """

    def __init__(
        self,
        engine: Engine,
        meter: Meter,
        outputs: Outputs,
        views: Sequence[View],
        *,
        painter: Painter | None = None,
        snapshots: Path | None = Path(),
        markers: Sequence[str] = (),
        calibrator: Calibrator | None = None,
        panels: Panels | None = None,
        lesson: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._engine = engine
        self._meter = meter
        self._outputs = outputs
        self._views = views
        self._painter = painter or Painter()
        self._always_blur = self._painter.blur
        self._snapshots = snapshots
        self._markers = tuple(markers)
        self._calibrator = calibrator
        self._panels = panels
        self._lesson = lesson
        self._chosen: int | None = None
        self._clock = clock
        self._paced = any(view.paced for view in views)
        self._notices: deque[tuple[float, str]] = deque(maxlen=MOST_NOTICES)
        self._last: Painted | None = None
        self._marker: Marker | None = None
        self._paused = self._turned = self._quit = False
        self._began: float | None = None
        self._opened_s = clock()

    def play(self, stop: Stop) -> None:
        """Runs until the source ends, a viewer quits, the maximum number of frames is reached, or a signal arrives.

        Raises:
            FerError: the source is lost, or an essential output cannot be written.
        """
        while not (self._engine.finished or self._quit or stop.exit_code):
            if self._paused:
                self._serve(POLL_MS)
                continue
            try:
                results = self._engine.step(POLL_S)
            finally:  # even when the source is lost: its last notices give the reason
                self._pass_on_notices()
            for result in results:
                self._finish(result, stop)
            if not results:
                self._serve()

    @property
    def quit(self) -> bool:
        """Whether a viewer has ended the run."""
        return self._quit

    def _finish(self, result: FrameResult, stop: Stop) -> None:
        """Counts a result and passes it to every output and view."""
        painted = self._painter.paint(result)
        self._meter.add(result, self._clock())
        self._outputs.write(painted)
        if self._paced:
            self._wait_until_due(result, stop)
        self._last = painted
        self._calibrate(result)
        self._turned = self._engine.info.temporal or not self._paced
        self._show()
        self._serve()
        while not (self._turned or self._quit or stop.exit_code):
            self._serve(POLL_MS)
        self._engine.account(result)
        self._pass_on_notices()

    def _wait_until_due(self, result: FrameResult, stop: Stop) -> None:
        """Waits until a file's frame is due; a file that cannot keep up plays more slowly and does not catch up."""
        media_time = result.frame.media_time
        if media_time is None:
            return
        while not (self._paused or self._quit or stop.exit_code):
            began = self._clock() - media_time
            if self._began is None or began - self._began > MOST_LATE_S:
                self._began = began
            early_s = self._began - began
            if early_s <= 0:
                return
            self._serve(min(math.ceil(early_s * 1000), POLL_MS))

    def _serve(self, wait_ms: int = 1) -> None:
        """Handles the viewers' actions; waits for the first view only, so that waits do not add up."""
        for n, view in enumerate(self._views):
            action = view.poll(wait_ms if n == 0 else 0)
            if action is not None:
                self._do(action)

    def _do(self, action: Action | Mark | Notice) -> None:
        match action:
            case Notice():
                self._say(action.text)
            case Mark():
                self._mark(action)
            case Action.QUIT:
                self._quit = True
            case Action.PAUSE if not self._engine.info.temporal:
                self._turned = True
            case Action.PAUSE:
                self._paused = not self._paused
                self._show()
            case Action.SNAPSHOT if self._last is not None:
                self._snapshot(self._last)
            case Action.MARKER:
                self._mark(Mark(None, self._clock(), "key"))
            case Action.BLUR:
                self._blur()
            case Action.RECORD | Action.STOP_RECORDING:
                self._say(self._outputs.record(action is Action.RECORD))
            case Action.CALIBRATE:
                self._begin_calibration()
            case Action.LESSON:
                self._teach()
            case Action.NEXT_FACE if self._last is not None:
                self._choose(self._last)
            case Action.PANEL if self._last is not None:
                self._panel(self._last)

    def _mark(self, mark: Mark) -> None:
        if self._last is None:
            return
        if not self._outputs.marks:
            self._say("markers need an output; add --jsonl or --session")
            return
        self._marker = self._outputs.mark(self._last.result, mark.name, mark.at, mark.by)
        self._say("marker set" if mark.name is None else f"marker: {mark.name}")

    def _blur(self) -> None:
        if self._always_blur:
            self._say("faces stay hidden: fer-cam was started with --blur")
            return
        self._painter.blur = not self._painter.blur
        self._say("faces are hidden" if self._painter.blur else "faces are shown")

    def _teach(self) -> None:
        """Shows the lesson view, or hides it."""
        if self._painter.blur:
            self._say("no lesson while faces are hidden: it would show them")
            return
        self._lesson = not self._lesson
        self._show()

    def _choose(self, painted: Painted) -> None:
        """Explains the next face of the frame, by id."""
        faces = painted.result.faces
        if faces:
            self._chosen = next_face(faces, self._chosen)
            self._show()

    def _panel(self, painted: Painted) -> None:
        if self._panels is None:
            self._say("no panel: --numbers-only keeps every image inside")
        elif self._painter.blur:
            self._say("no panel while faces are hidden: it would show them")
        else:
            self._say(self._panels.save(painted.result, stem(self._engine.info)))

    def _begin_calibration(self) -> None:
        """Begins to make a person's profile, or gives up."""
        if self._calibrator is None or not self._engine.info.temporal:
            self._say("no calibration: it needs a camera or a video")
            return
        ended = self._calibrator.toggle()
        self._say("calibrating; c again gives up" if ended is None else ended.text)

    def _calibrate(self, result: FrameResult) -> None:
        """Passes a frame on to the calibration, if there is one, and uses the new profile from the next frame on."""
        ended = None if self._calibrator is None else self._calibrator.add(result)
        if ended is None:
            return
        if ended.profile is not None:
            self._engine.use(ended.profile)
            if self._outputs.marks:
                self._marker = self._outputs.mark(result, f"calibrated: {ended.profile.name}", by="calibration")
        self._say(ended.text)

    def _snapshot(self, painted: Painted) -> None:
        if self._snapshots is None:
            self._say("no snapshot: --numbers-only keeps every image inside")
            return
        try:
            path = save_snapshot(painted.image, self._snapshots, stem(self._engine.info))
        except SinkError as error:  # losing a snapshot must not end a recording
            self._say(str(error))
        else:
            self._say(f"wrote {path}")

    def _pass_on_notices(self) -> None:
        panels = () if self._panels is None else self._panels.notices()
        for line in (*self._engine.notices(), *self._outputs.notices(), *panels):
            self._say(line)

    def _say(self, text: str) -> None:
        for view in self._views:
            view.notice(text)
        self._notices.append((self._clock(), text))
        self._show()  # at once: after a lost camera there may be no next frame

    def _show(self) -> None:
        due = [view for view in self._views if view.due()]
        if self._last is not None and due:
            status = self._status(self._last)
            for view in due:
                view.show(self._last, status)

    def _status(self, painted: Painted) -> Status:
        now = self._clock()
        while self._notices and now - self._notices[0][0] > NOTICE_S:
            self._notices.popleft()
        info, at_s = self._engine.info, painted.result.frame.media_time
        length_s = info.duration_s
        at_s = None if info.live else at_s
        return Status(
            fps=self._meter.fps,
            latency_ms=self._meter.latency_ms,
            dropped=self._engine.dropped,
            paused=self._paused,
            recording=self._outputs.recording,
            notices=tuple(text for _, text in self._notices),
            effort=self._engine.effort,
            live=info.live,
            position="" if at_s is None else position(at_s, length_s),
            progress=None if at_s is None or not length_s else at_s / length_s,
            hint=now - self._opened_s < HINT_S,
            markers=self._markers,
            blur=self._painter.blur,
            session=self._outputs.session is not None,
            sessions=self._outputs.sessions,
            stored=self._outputs.paths,
            marker=self._marker,
            profile="" if self._engine.profile is None else self._engine.profile.name,
            calibrating="" if self._calibrator is None else self._calibrator.text,
            banner=self._banner() if info.live else None,
            lesson=self._lesson and not self._painter.blur,
            chosen=self._chosen,
        )

    def _banner(self) -> Banner:
        """A line for the people in front of the camera."""
        paths = self._outputs.paths
        where = self._outputs.session or (paths[0] if paths else None)
        stored = "nothing is stored" if where is None else f"stored in {where.name}"
        return Banner(f"expressions are read, {stored}", stores=where is not None)


def position(at_s: float, length_s: float | None) -> str:
    """The position of a frame in a file, such as "0:07 / 0:19"."""
    return clock_time(at_s) if length_s is None else f"{clock_time(at_s)} / {clock_time(length_s)}"


def clock_time(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
