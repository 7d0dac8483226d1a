"""One run: opens everything, plays, and closes everything even after an error."""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from realtime import provenance, signals
from realtime.calibrate import Calibrator, Maker
from realtime.config import BROWSER, Config
from realtime.datatypes import RunInfo, SourceInfo
from realtime.drawing.painter import Painter
from realtime.ending import End, told
from realtime.engine import Engine
from realtime.errors import FerError, SinkError
from realtime.lesson.steps import Lesson
from realtime.meter import Meter
from realtime.model.classifier import Classifier
from realtime.neutral.resting import READY_S
from realtime.player import Player
from realtime.printable import printable
from realtime.signals import Stop
from realtime.sinks import Outputs, open_outputs, uses_stdout
from realtime.sinks.panels import Panels
from realtime.sinks.switch import open_switched
from realtime.views.base import View
from realtime.views.inbox import Inbox
from realtime.views.lost_screen import LostScreen
from realtime.views.lsl_markers import LslMarkers
from realtime.views.terminal import StderrConsole, Terminal
from realtime.views.window import Window

if TYPE_CHECKING:
    from realtime.views.web.view import WebView


def open_calibrator(maker: Maker, config: Config, source: SourceInfo) -> Calibrator:
    """For the key c. In front of a camera there is time to settle after it."""
    ready_s = READY_S if source.live else 0.0
    return Calibrator(maker, config.reading.profile, overwrite=config.output.overwrite, ready_s=ready_s)


@dataclass(frozen=True)
class Openers:
    """The openers of a run; tests and other programs can replace them.

    Attributes:
        engine: from the config, the network, and whether every frame is wanted as soon as it is read.
        window: from a title, whether it is mirrored, and the names of markers with keys.
        outputs: from the config of a run's outputs, and its facts.
        console: where the terminal view writes.
        calibrator: from the maker of profiles, the config and the source.
    """

    engine: Callable[[Config, Classifier], Engine] = Engine.open
    window: Callable[[str, bool, Sequence[str]], View] = Window
    outputs: Callable[..., Outputs] = open_outputs
    console: Callable[[], Console] = StderrConsole
    calibrator: Callable[[Maker, Config, SourceInfo], Calibrator] = open_calibrator


def run(config: Config, openers: Openers | None = None) -> int:
    """Runs until the source ends, the user quits or a signal comes; returns the exit code of an orderly end.

    Raises:
        FerError: model, source or output failed; the outputs are closed and readable.
    """
    openers = openers or Openers()
    model = config.model
    with (
        signals.caught() as stop,
        closing(Classifier.load(model.name, model.threads, model.provider)) as classifier,
        openers.engine(config, classifier) as engine,
        short_collections(),
    ):
        info = provenance.of_run(config, engine.info, classifier, engine.profile)
        _run(config, info, engine, classifier, openers, stop)
    return stop.exit_code


@contextmanager
def short_collections() -> Iterator[None]:
    """Excludes existing objects from Python's garbage collection inside the block.

    A full pass over the 47,000 objects of the libraries takes 11 to 18 ms, which makes a frame late now and then. A pass over
    the objects of a run takes 1 ms.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _run(config: Config, info: RunInfo, engine: Engine, classifier: Classifier, openers: Openers, stop: Stop) -> None:
    window, warning = _open_window(config, info.source, openers)  # before any file is created, since it may fail
    listeners: list[View] = []
    web: WebView | None = None
    files = config.output
    lesson = Lesson(classifier.prepare, temporal=info.source.temporal)
    panels = None if files.numbers_only else Panels(files.snapshots, classifier.prepare, classifier.name)
    try:
        for opening in (_open_inbox, _open_lsl_markers):
            listener = opening(config)
            listeners += [] if listener is None else [listener]
        web = _open_web(config, info, classifier)
        engine.watched = window is not None or web is not None
        outputs = _open_outputs(config, info, openers)  # a named pipe waits here for its reader
        stop.graceful = True  # from here on a signal ends the player, not the program
        terminal = Terminal(info, openers.console(), verbosity=config.view.verbosity, plain=_data_on_screen(config))
        if warning is not None:
            terminal.notice(warning)
        for purpose, link in () if web is None else web.links:
            terminal.notice(f"{purpose}: {link}")
        if window is None and web is None and not outputs.any and not terminal.shows_faces:
            terminal.notice("nothing will be shown or saved; add --save, --jsonl or --csv")
        meter = Meter(info.labels, fps=engine.info.fps, temporal=engine.info.temporal)

        def end_without_screen() -> None:
            """The screen is lost, and Qt is ending the process: closes the outputs."""
            with suppress(Exception):  # nothing can be done about a second failure
                outputs.close(meter.summary(End.FAILED, "the screen was lost"))
                terminal.notice("the screen was lost and the run ends here; all output files are complete")
                terminal.finish(meter.summary(), written(outputs))
            os._exit(SinkError.exit_code)

        guard = LostScreen(end_without_screen) if window is not None else None
        try:
            views: list[View] = [view for view in (window, web, terminal, *listeners) if view is not None]
            player = Player(
                engine,
                meter,
                outputs,
                views,
                painter=Painter(blur=files.blur, temporal=engine.info.temporal, lesson=lesson, teach=config.view.lesson),
                snapshots=None if files.numbers_only else files.snapshots,
                markers=files.markers,
                calibrator=openers.calibrator(Maker.of(config, classifier), config, engine.info),
                panels=panels,
                lesson=config.view.lesson,
            )
            player.play(stop)
        except BaseException as error:
            with suppress(SinkError):  # the first failure is the one to report
                outputs.close(meter.summary(*_ended_by(error)))
            raise
        else:
            outputs.close(meter.summary(End.STOPPED if player.quit or stop.exit_code else End.COMPLETE))
        finally:
            if guard is not None:
                guard.disarm()
            if web is not None:
                web.finish(meter.summary(), written(outputs))
            folders = (*outputs.sessions, *(() if web is None else web.sessions))
            for notice in (*outputs.notices(), *_reports(folders)):
                terminal.notice(notice)
            terminal.finish(meter.summary(), (*written(outputs), *(() if web is None else web.sessions)))
    finally:
        lesson.close()
        if panels is not None:
            panels.close()
        for view in (window, web, *listeners):
            if view is not None:
                view.close()


def _open_web(config: Config, info: RunInfo, classifier: Classifier) -> "WebView | None":
    """The page for browsers, if it is wanted.

    Raises:
        ConfigError: the port is taken, or the certificate cannot be read.
        SinkError: a library is missing.
    """
    if config.web.serve is None:
        return None
    from realtime.views.web.view import WebView  # optional libraries

    return WebView(config, info, classifier)


def _ended_by(error: BaseException) -> tuple[End, str | None]:
    """How a run ended that was left with an exception, and the line about it."""
    if isinstance(error, KeyboardInterrupt | SystemExit):  # a second signal
        return End.STOPPED, None
    return End.FAILED, told(error)


def _reports(folders: Sequence[Path]) -> tuple[str, ...]:
    """Writes the reports into the folders of sessions; returns a notice if it cannot."""
    if not folders:
        return ()
    from realtime.report import session

    try:
        for folder in folders:
            session.write(folder)
    except FerError as error:  # the data are whole, and `fer-cam report` makes it another time
        return (f"no report: {error}",)
    return ()


def written(outputs: Outputs) -> list[Path]:
    """The existing files and folders of a run: a video without frames is removed when it is closed."""
    return [path for path in outputs.paths if path.exists()]


def _open_outputs(config: Config, info: RunInfo, openers: Openers) -> Outputs:
    """The outputs. Those of browsers' cameras alone are opened when a page begins to record."""
    files = config.output
    if config.source.location == BROWSER:
        return openers.outputs(replace(files, session=None, save=None, participant="", task=""), info)
    return (
        open_switched(files, info)
        if config.web.serve is not None and files.session is not None
        else openers.outputs(files, info)
    )


def _open_inbox(config: Config) -> View | None:
    """The receiver of markers from other programs and the terminal, if markers are named or a port is given.

    Raises:
        ConfigError: the port is in use.
    """
    files = config.output
    if not files.markers and files.marker_port is None:
        return None
    typed = sys.stdin if sys.stdin is not None and sys.stdin.isatty() else None
    return Inbox(files.markers, files.marker_port, typed)


def _open_lsl_markers(config: Config) -> View | None:
    """The receiver of markers from an LSL stream, if one is named.

    Raises:
        SinkError: pylsl is missing.
    """
    name = config.output.lsl_markers
    return None if name is None else LslMarkers(name, config.output.markers)


def _data_on_screen(config: Config) -> bool:
    """Whether data lines go to the terminal, where a live view would overwrite them."""
    return uses_stdout(config.output) and sys.stdout is not None and sys.stdout.isatty()


def _open_window(config: Config, source: SourceInfo, openers: Openers) -> tuple[View | None, str | None]:
    """The window, or None with the reason if one was expected.

    Raises:
        SinkError: it was requested and cannot be opened.
    """
    if config.view.display is False or config.source.location == BROWSER:
        return None, None
    mirror = source.live if config.view.mirror is None else config.view.mirror
    try:
        return openers.window(printable(f"fer-cam: {source.name}"), mirror, config.output.markers), None
    except SinkError as error:
        if config.view.display:
            raise
        return None, None if config.web.serve is not None else f"continuing without a window: {error}"
