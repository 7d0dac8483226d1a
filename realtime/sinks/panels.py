"""Saves panels of single frames in the background: drawing one takes a second."""

from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from realtime.datatypes import FrameResult
from realtime.errors import ModelError, SinkError
from realtime.lesson.reading import ImageReading, Prepare
from realtime.sinks.live import Lines
from realtime.sinks.paths import claim
from realtime.workers import Workers
from realtime.workers import result as outcome

LIMIT_S = 10.0
"""How long the end waits for a panel."""


class Panels:
    """Saves the frames that a viewer asks for as panels, like those of `train.predict`.

    Args:
        folder: where they go.
        prepare: `Classifier.prepare`.
        model: file name of the weights, for the title.
    """

    def __init__(self, folder: Path, prepare: Prepare, model: str) -> None:
        self._folder = folder
        self._prepare = prepare
        self._model = model
        self._workers = Workers(1, "panel")
        self._lines = Lines()
        self._drawing: list[Future[None]] = []

    def save(self, result: FrameResult, stem: str) -> str:
        """Begins to save a frame; returns the notice about that.

        Args:
            result: the frame; its faces must not be hidden.
            stem: of the file's name.
        """
        if not result.faces:
            return "no panel: there is no face in this frame"
        self._drawing.append(self._workers.submit(lambda: self._draw(result, stem)))
        return "drawing a panel"

    def notices(self) -> tuple[str, ...]:
        """What was written, or why not, since the last call."""
        return self._lines.take()

    def finish(self) -> None:
        """Waits, in bounded time, until every panel is written."""
        for drawing in self._drawing:
            with suppress(ModelError):  # it hangs; the run ends without it
                outcome(drawing, "drawing a panel", LIMIT_S)
        self._drawing.clear()

    def close(self) -> None:
        """Finishes the panels and ends the thread, in bounded time; may be called twice."""
        self.finish()
        self._workers.close()

    def _draw(self, result: FrameResult, stem: str) -> None:
        try:
            from realtime.sinks.panel import panel

            self._folder.mkdir(parents=True, exist_ok=True)
            path = claim(self._folder / f"{stem}_panel.png")
            panel(ImageReading.of(result, self._prepare, self._model), result.frame.source, path)
        except ModuleNotFoundError as error:
            self._lines.say(f"no panel: it needs {error.name}; install it with: pip install 'fer-cam[lesson]'")
        except (OSError, SinkError) as error:
            self._lines.say(f"no panel: {error}")
        else:
            self._lines.say(f"wrote {path}")
