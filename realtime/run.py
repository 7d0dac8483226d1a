"""One run: everything is opened, the loop plays, and everything is closed whatever happens."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import cv2

from realtime import __version__, provenance, signals
from realtime.config import Config
from realtime.datatypes import RunInfo
from realtime.errors import SinkError
from realtime.meter import Meter
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline, open_pipeline
from realtime.player import Loop
from realtime.printable import printable
from realtime.signals import Stop
from realtime.sinks import open_outputs, uses_stdout
from realtime.sources.capture import open_feed
from realtime.sources.feed import Feed
from realtime.views.lost_screen import LostScreen
from realtime.views.terminal import StderrConsole, Terminal
from realtime.views.window import Window


def run(config: Config) -> int:
    """Runs until the source ends, the user quits or a signal comes; returns the exit code of an orderly end.

    Raises:
        FerError: model, source or output is at fault; what was written up to then is closed and readable.
    """
    with (
        one_thread(),
        signals.caught() as stop,
        closing(Classifier.load(config.model, config.threads, config.provider)) as classifier,
        closing(open_feed(config)) as feed,
        short_collections(),
    ):
        info = RunInfo(
            version=__version__,
            model=classifier.name,
            labels=classifier.spec.labels,
            source=feed.info,
            provider=classifier.provider,
            provider_asked=config.provider,
            notes=classifier.notes,
            weights_sha256=classifier.weights_sha256,
            settings=provenance.settings(config),
            versions=provenance.versions(),
        )
        with open_pipeline(config, classifier, feed.info) as pipeline:
            _run(config, info, feed, pipeline, stop)
    return stop.exit_code


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV without threads of its own, which would take turns with ours; afterwards as it was before."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@contextmanager
def short_collections() -> Iterator[None]:
    """Python's garbage collector, which leaves alone what is there by now; afterwards as it was before.

    A full pass over the 47,000 objects of the libraries takes 11 to 18 ms, by which a frame is late now and then. Over what a
    run makes it takes 1 ms.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _run(config: Config, info: RunInfo, feed: Feed, pipeline: Pipeline, stop: Stop) -> None:
    window, warning = _open_window(config, info)  # before any file is made, for it may be refused
    try:
        outputs = open_outputs(config, info)  # a named pipe waits here for its reader
        stop.graceful = True  # from here on a signal ends the loop, not the program
        terminal = Terminal(info, StderrConsole(), verbosity=config.verbosity, plain=_data_on_screen(config))
        if warning is not None:
            terminal.notice(warning)
        if window is None and not outputs.any and not terminal.shows_faces:
            terminal.notice("nothing will be shown or saved: add --save, --jsonl or --csv")
        meter = Meter(info.labels, fps=feed.info.fps, temporal=feed.info.temporal)

        def end_without_screen() -> None:
            """The screen is gone, and Qt is ending the process: closes what is written."""
            with suppress(Exception):  # nothing can be done about a second failure
                outputs.close(meter.summary())
                terminal.notice("the screen is gone, and the run ends here; what was written is whole")
                terminal.finish(meter.summary(), [path for path in outputs.paths if path.exists()])
            os._exit(SinkError.exit_code)

        guard = LostScreen(end_without_screen) if window is not None else None
        try:
            Loop(config, feed, pipeline, meter, outputs, terminal, window).play(stop)
        except BaseException:
            with suppress(SinkError):  # the first failure is the one to report
                outputs.close(meter.summary())
            raise
        else:
            outputs.close(meter.summary())
        finally:
            if guard is not None:
                guard.disarm()
            for trouble in outputs.troubles:
                terminal.notice(trouble)
            # a video without frames is removed when it is closed
            terminal.finish(meter.summary(), [path for path in outputs.paths if path.exists()])
    finally:
        if window is not None:
            window.close()


def _data_on_screen(config: Config) -> bool:
    """Whether lines of data come on the terminal, where a live view would draw over them."""
    return uses_stdout(config) and sys.stdout is not None and sys.stdout.isatty()


def _open_window(config: Config, info: RunInfo) -> tuple[Window | None, str | None]:
    """The window, or None and, where one would be usual, why there is none.

    Raises:
        SinkError: it was asked for and cannot be opened.
    """
    if config.display is False:
        return None, None
    mirror = info.source.live if config.mirror is None else config.mirror
    try:
        return Window(printable(f"fer-cam: {info.source.name}"), mirror), None
    except SinkError as error:
        if config.display:
            raise
        return None, f"continuing without a window: {error}"
