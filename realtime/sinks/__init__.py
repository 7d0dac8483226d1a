"""The outputs of a run, combined."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.config import OutputConfig
from realtime.datatypes import FrameResult, RunInfo, Summary
from realtime.drawing.painter import Painted
from realtime.ending import End
from realtime.errors import ConfigError, SinkError
from realtime.meter import Meter
from realtime.recorder import Recorder
from realtime.records import FrameRecord, Marker
from realtime.sinks import csv, events, images, jsonl, lsl, mqtt, osc, session, triggers, video
from realtime.sinks.base import DataSink, PaintedSink, Plan, Sink
from realtime.sinks.newest import NewestSink
from realtime.sinks.paths import OutputPaths, descriptor

IMAGES: tuple[Plan[Painted], ...] = (video.plan, images.plan)
DATA: tuple[Plan[FrameRecord], ...] = (
    jsonl.plan,
    csv.plan,
    events.plan,
    session.plan,
    osc.plan,
    mqtt.plan,
    lsl.plan,
    triggers.plan,
)
"""Every kind of output, in opening order. Add a new one here."""


class Outputs:
    """The outputs of one run; opened by `open_outputs`.

    Args:
        run: facts of the run.
        images: receive the painted image of every frame.
        data: receive its record.
        session: the folder of the session, if any.
    """

    def __init__(
        self,
        run: RunInfo,
        images: Sequence[PaintedSink] = (),
        data: Sequence[DataSink] = (),
        *,
        session: Path | None = None,
    ) -> None:
        self._session = session
        self._recorder = Recorder(run)
        self._images = list(images)
        self._data = list(data)
        self._left_out: list[Sink[Any]] = []
        self._notices: list[str] = []

    @property
    def session(self) -> Path | None:
        """The folder of the session that is being written; None if there is none."""
        return self._session

    @property
    def sessions(self) -> tuple[Path, ...]:
        """The folders of all sessions of the run, the newest last."""
        return () if self._session is None else (self._session,)

    @property
    def any(self) -> bool:
        """Whether anything is written at all."""
        return bool(self._all)

    @property
    def recording(self) -> bool:
        """Whether images are saved."""
        return bool(self._images)

    @property
    def marks(self) -> bool:
        """Whether any output writes markers."""
        return any(sink.marks for sink in self._all)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders that are written."""
        return tuple(sink.path for sink in self._all if sink.path is not None)

    def write(self, painted: Painted) -> None:
        """Writes a frame to every output.

        Raises:
            SinkError: an essential one cannot be written.
        """
        failures: list[SinkError] = []
        for image_sink in list(self._images):
            self._try(image_sink, failures, image_sink.write, painted)
        record = self._recorder.record(painted.result) if self._data else None
        for data_sink in list(self._data):  # even after a failure, so that the others have equal rows
            self._try(data_sink, failures, data_sink.write, record)
        if failures:
            raise failures[0]

    def mark(self, result: FrameResult, name: str | None = None, at: float | None = None, by: str = "key") -> Marker:
        """Marks a moment while a frame that was written is shown; see `Recorder.marker`.

        Raises:
            SinkError: an essential output cannot be written.
        """
        failures: list[SinkError] = []
        marker = self._recorder.marker(result, name, at, by)
        for sink in self._all:
            self._try(sink, failures, sink.mark, marker)
        if failures:
            raise failures[0]
        return marker

    def record(self, on: bool) -> str:
        """Begins or ends a session; returns what happened, for the user. See `switch.SwitchedOutputs`."""
        return "recording needs a folder; start fer-cam with --session DIR"

    def notices(self) -> tuple[str, ...]:
        """Notices for the user since the last call."""
        lines = [*self._notices, *(line for sink in self._all for line in sink.notices())]
        self._notices.clear()
        return tuple(lines)

    def close(self, summary: Summary) -> None:
        """Completes every output, even if one fails; may be called twice.

        Raises:
            SinkError: the first failure of an essential one, raised after all are closed.
        """
        failures: list[SinkError] = []
        for sink in self._all:
            self._try(sink, failures, sink.close, summary)
            if failures and summary.end is not End.FAILED:  # a session is closed after its files, and tells of them
                summary = replace(summary, end=End.FAILED, error=str(failures[0]))
        for sink in self._left_out:
            with suppress(Exception):  # its failure was reported
                sink.close(summary)
        if failures:
            raise failures[0]

    @property
    def _all(self) -> list[Sink[Any]]:
        return [*self._images, *self._data]

    def _try(self, sink: Sink[Any], failures: list[SinkError], work: Callable[[Any], None], item: object) -> None:
        """Calls a sink. A failure of an essential one is collected; another one is removed from the run."""
        try:
            work(item)
        except Exception as error:
            if sink.essential:
                if not isinstance(error, SinkError):
                    raise
                failures.append(error)
                return
            self._notices.append(f"continuing without an output: {error}")
            for sinks in (self._images, self._data):
                if sink in sinks:
                    sinks.remove(sink)
                    self._left_out.append(sink)


def open_outputs(config: OutputConfig, run: RunInfo) -> Outputs:
    """Opens the requested outputs without overwriting existing files.

    Raises:
        ConfigError: two outputs would mix in one open file, such as standard output.
        SinkError: an output cannot be opened; the others are removed, and existing files are unchanged.
    """
    paths = OutputPaths(run.source, overwrite=config.overwrite)
    _check_apart(config)
    opened: list[Sink[Any]] = []
    try:
        config = session.in_its_folder(config, paths)
        to_images = [opener for planned in IMAGES if (opener := planned(config, run, paths)) is not None]
        to_data = [data_opener for data_plan in DATA if (data_opener := data_plan(config, run, paths)) is not None]
        openers: list[Callable[[], Sink[Any]]] = [*to_images, *to_data]
        for opening in openers:
            sink = opening()
            opened.append(NewestSink(sink) if sink.newest else sink)
    except BaseException:  # Ctrl-C as well
        for sink in opened:
            with suppress(SinkError):  # a failure is being reported already
                sink.close(Meter(run.labels).summary())
        paths.give_back()
        raise
    return Outputs(run, opened[: len(to_images)], opened[len(to_images) :], session=config.session)


def uses_stdout(config: OutputConfig) -> bool:
    """Whether data go to standard output."""
    return 1 in _descriptors(config).values()


def _descriptors(config: OutputConfig) -> dict[str, int]:
    """The settings whose output goes to what is open already, and the number of that."""
    asked = {"save": config.save, "jsonl": config.jsonl, "csv": config.csv}
    numbers = {setting: descriptor(Path(target)) for setting, target in asked.items() if target is not None}
    return {setting: number for setting, number in numbers.items() if number is not None}


def _check_apart(config: OutputConfig) -> None:
    into: dict[int, str] = {}
    for setting, number in _descriptors(config).items():
        if number in into:
            where = "standard output" if number == 1 else f"descriptor {number}"
            raise ConfigError(f"would mix on {where}; give one of them a file", into[number], setting)
        into[number] = setting
