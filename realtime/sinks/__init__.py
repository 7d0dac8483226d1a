"""Outputs: everything that a run writes, as one thing."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from realtime.config import Config
from realtime.datatypes import FrameResult, RunInfo, Summary
from realtime.errors import ConfigError, SinkError
from realtime.meter import Meter
from realtime.sinks.background import BackgroundSink
from realtime.sinks.base import Sink
from realtime.sinks.csv import CsvSink
from realtime.sinks.images import ImageSink
from realtime.sinks.jsonl import JsonlSink
from realtime.sinks.paths import OutputPaths, descriptor
from realtime.sinks.video import VideoSink


class Outputs:
    """The outputs of one run; opened by `open_outputs`.

    Attributes:
        paths: the files and folders that are written.
        recording: whether pictures are saved.
    """

    def __init__(self) -> None:
        self._sinks: list[Sink] = []
        self._videos: list[VideoSink] = []
        self.paths: tuple[Path, ...] = ()
        self.recording = False

    @property
    def any(self) -> bool:
        """Whether anything is written at all."""
        return bool(self._sinks)

    def write(self, result: FrameResult) -> None:
        """Gives a frame to every output.

        Raises:
            SinkError: one of them cannot be written.
        """
        failures = []
        for sink in self._sinks:  # all of them get the frame, so that those that work have equal rows
            try:
                sink.write(result)
            except SinkError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def marker(self, result: FrameResult) -> None:
        """Marks the moment of a frame in the outputs that know markers (JSON Lines).

        Raises:
            SinkError: it cannot be written.
        """
        for sink in self._sinks:
            if isinstance(sink, JsonlSink):
                sink.marker(result)

    def add(self, sink: Sink, path: Path | None = None) -> None:
        """Takes one more output, and the path to name it by."""
        self._sinks.append(sink)
        if path is not None:
            self.paths += (path,)

    def add_file(self, path: Path, make: Callable[[Path], Sink]) -> None:
        """Opens one more output in a file that was claimed for it, or on standard output, which has no name to tell."""
        if descriptor(path) is None:
            self.paths += (path,)
        self._sinks.append(make(path))

    def add_video(self, path: Path, run: RunInfo) -> None:
        """Opens an annotated video in a file that was claimed for it; it is encoded on a thread of its own."""
        self.paths += (path,)
        video = VideoSink(path, run)
        self._videos.append(video)
        self._sinks.append(BackgroundSink(video))

    def discard(self, nothing: Summary) -> None:
        """Closes what was opened for a run that cannot begin; `nothing` is the summary of no frames."""
        for sink in self._sinks:
            with suppress(SinkError):  # a failure is being reported already
                sink.close(nothing)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What the user should know though it is no error; may grow while the run goes on."""
        return tuple(video.trouble for video in self._videos if video.trouble is not None)

    def close(self, summary: Summary) -> None:
        """Finishes every output, also when one of them fails; may be called twice.

        Raises:
            SinkError: the first failure, when all are closed.
        """
        failures = []
        for sink in self._sinks:
            try:
                sink.close(summary)
            except SinkError as error:
                failures.append(error)
        if failures:
            raise failures[0]


def open_outputs(config: Config, run: RunInfo) -> Outputs:
    """Opens what the user asked for, next to what is there already.

    Raises:
        ConfigError: two outputs would mix in what is open already, such as standard output.
        SinkError: one of the outputs cannot be opened; nothing is left of the others, and what was there before is as it was.
    """
    source, outputs = run.source, Outputs()
    places = OutputPaths(source, overwrite=config.overwrite)
    _check_apart(config)
    try:
        # all names first: opening a file empties it
        save = places.target(config.save) if config.save is not None else None
        video = places.place(save, ".mp4") if save is not None and source.temporal else None
        pictures = ImageSink(save, run, places) if save is not None and not source.temporal else None
        jsonl = places.place(places.target(config.jsonl), ".jsonl") if config.jsonl is not None else None
        csv = places.place(places.target(config.csv), ".csv") if config.csv is not None else None
        if video is not None:
            outputs.add_video(video, run)
        if pictures is not None:
            outputs.add(pictures, pictures.path)
        outputs.recording = save is not None
        if jsonl is not None:
            outputs.add_file(jsonl, lambda path: JsonlSink(str(path), run))
        if csv is not None:
            outputs.add_file(csv, lambda path: CsvSink(path, run))
    except BaseException:  # Ctrl-C as well
        outputs.discard(Meter(run.labels).summary())
        places.give_back()
        raise
    return outputs


def uses_stdout(config: Config) -> bool:
    """Whether data go to standard output."""
    return 1 in _descriptors(config).values()


def _descriptors(config: Config) -> dict[str, int]:
    """The options whose output goes to what is open already, and the number of that."""
    asked = {"--save": config.save, "--jsonl": config.jsonl, "--csv": config.csv}
    numbers = {option: descriptor(Path(target)) for option, target in asked.items() if target is not None}
    return {option: number for option, number in numbers.items() if number is not None}


def _check_apart(config: Config) -> None:
    into: dict[int, str] = {}
    for option, number in _descriptors(config).items():
        if number in into:
            where = "standard output" if number == 1 else f"descriptor {number}"
            raise ConfigError(f"{into[number]} and {option} would mix on {where}; give one of them a file")
        into[number] = option
