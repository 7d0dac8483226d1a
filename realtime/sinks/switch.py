"""Outputs with a session that viewers can end and begin again while the program runs."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from realtime.config import OutputConfig
from realtime.datatypes import FrameResult, RunInfo, Summary
from realtime.drawing.painter import Painted
from realtime.ending import End
from realtime.errors import SinkError
from realtime.meter import Meter
from realtime.records import Marker
from realtime.sinks import Outputs, open_outputs

TOTALS = ("frames", "faces", "seconds", "fps", "dropped", "latency_ms", "share")
"""The fields of a summary that are counted."""

Clock = Callable[[], float]


class Recording:
    """One session: its outputs and its own totals.

    Args:
        config: the outputs of a run; those of its session are opened, in a folder of their own.
        run: facts of the run.
        clock: seconds, the clock of `Frame.captured_at`.

    Raises:
        SinkError: they cannot be opened.
    """

    def __init__(self, config: OutputConfig, run: RunInfo, clock: Clock = time.perf_counter) -> None:
        self.outputs = open_outputs(of_session(config), run)
        self._meter = Meter(run.labels, fps=run.source.fps, temporal=run.source.temporal)
        self._clock = clock

    @property
    def folder(self) -> Path:
        """Where it is written."""
        assert self.outputs.session is not None
        return self.outputs.session

    def write(self, painted: Painted) -> None:
        """Counts a frame and writes it.

        Raises:
            SinkError: the disk is full.
        """
        self._meter.add(painted.result, self._clock())
        self.outputs.write(painted)

    def close(self, run: Summary | None = None) -> None:
        """Completes the session; may be called twice.

        Args:
            run: how the run ended, if it has; the totals are those of the session.

        Raises:
            SinkError: the end cannot be written.
        """
        own = self._meter.summary(End.STOPPED)  # on the page, if the run goes on
        totals = {name: getattr(own, name) for name in TOTALS}
        self.outputs.close(own if run is None else replace(run, **totals))


class SwitchedOutputs(Outputs):
    """The outputs of a run, with a session that can be ended and begun again.

    Args:
        run: facts of the run.
        others: the outputs that are not part of the session.
        begin: opens a session.

    Raises:
        SinkError: the first session cannot be opened.
    """

    def __init__(self, run: RunInfo, others: Outputs, begin: Callable[[], Recording]) -> None:
        super().__init__(run)
        self._others = others
        self._begin = begin
        self._now: Recording | None = begin()
        self._folders = [self._now.folder]

    @property
    def session(self) -> Path | None:
        """The folder of the session that is being written; None while there is none."""
        return None if self._now is None else self._now.folder

    @property
    def sessions(self) -> tuple[Path, ...]:
        """The folders of all sessions, the newest last."""
        return tuple(self._folders)

    @property
    def any(self) -> bool:
        """Always: a session can be begun."""
        return True

    @property
    def recording(self) -> bool:
        """Whether images are saved now."""
        return any(each.recording for each in self._parts)

    @property
    def marks(self) -> bool:
        """Whether any output writes markers now."""
        return any(each.marks for each in self._parts)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders that are written now."""
        return tuple(path for each in self._parts for path in each.paths)

    def write(self, painted: Painted) -> None:
        """Writes a frame to every output.

        Raises:
            SinkError: an essential one cannot be written.
        """
        try:
            if self._now is not None:
                self._now.write(painted)
        finally:  # so that all have equal rows
            self._others.write(painted)

    def mark(self, result: FrameResult, name: str | None = None, at: float | None = None, by: str = "key") -> Marker:
        """Marks a moment in every output; returns the marker as the session has it.

        Raises:
            SinkError: an essential output cannot be written.
        """
        marker = self._others.mark(result, name, at, by)
        return marker if self._now is None else self._now.outputs.mark(result, name, at, by)

    def record(self, on: bool) -> str:
        """Begins a session in a new folder, or ends the present one; returns what happened. A failure is no reason to end."""
        try:
            if not on:
                return self._stop()
            if self._now is None:
                self._now = self._begin()
                self._folders.append(self._now.folder)
        except SinkError as error:
            return str(error)
        return f"recording to {self._now.folder}"

    def notices(self) -> tuple[str, ...]:
        """Notices for the user since the last call."""
        return tuple(line for each in self._parts for line in each.notices())

    def close(self, summary: Summary) -> None:
        """Completes every output, even if one fails; may be called twice.

        Raises:
            SinkError: the first failure of an essential one, raised after all are closed.
        """
        try:
            if self._now is not None:
                self._now.close(summary)
        finally:
            self._others.close(summary)

    @property
    def _parts(self) -> list[Outputs]:
        return [self._others, *([] if self._now is None else [self._now.outputs])]

    def _stop(self) -> str:
        now, self._now = self._now, None
        if now is None:
            return "not recording"
        now.close()
        return f"recorded to {now.folder}"


def open_switched(config: OutputConfig, run: RunInfo) -> Outputs:
    """Opens the outputs of a run. If it has a session, that is begun, and can be ended and begun again.

    Raises:
        ConfigError: two outputs would mix in one open file, such as standard output.
        SinkError: an output cannot be opened.
    """
    others = open_outputs(without_session(config), run)
    if config.session is None:
        return others
    try:
        return SwitchedOutputs(run, others, lambda: Recording(config, run))
    except BaseException:
        with suppress(SinkError):  # a failure is being reported already
            others.close(Meter(run.labels).summary())
        raise


def of_session(config: OutputConfig) -> OutputConfig:
    """The part of the outputs that a session keeps."""
    video = Path() if config.save == Path() else None
    return OutputConfig(
        save=video,
        overwrite=config.overwrite,
        blur=config.blur,
        numbers_only=config.numbers_only,
        session=config.session,
        participant=config.participant,
        task=config.task,
        markers=config.markers,
    )


def without_session(config: OutputConfig) -> OutputConfig:
    """The other part."""
    save = config.save if config.session is None or config.save != Path() else None
    return replace(config, save=save, session=None, participant="", task="")
