"""Actions of a page on the session of its own camera: hiding faces, explaining one, making a profile."""

from realtime.calibrate import Calibrator, Ended, Maker
from realtime.config import Config
from realtime.datatypes import FrameResult
from realtime.drawing.overlay import next_face
from realtime.drawing.painter import Painted, Painter
from realtime.lesson.steps import Lesson
from realtime.model.classifier import Classifier
from realtime.views.base import Action
from realtime.views.web.lesson import Panel, panel

NO_LESSON = "no lesson while faces are hidden: it would show them"
STAY_HIDDEN = "faces stay hidden: fer-cam was started with --blur"


class CameraActions:
    """The actions of one session. The session calls it, one thread at a time.

    Args:
        config: of the run.
        classifier: shared with all other sessions.
    """

    def __init__(self, config: Config, classifier: Classifier) -> None:
        self._always_blur = config.output.blur
        self._lesson = Lesson(classifier.prepare)
        self._painter = Painter(blur=config.output.blur, lesson=self._lesson)
        maker = Maker.of(config, classifier)
        self._calibrator = Calibrator(maker, config.reading.profile, overwrite=config.output.overwrite)
        self._chosen: int | None = None
        self.teaching = config.view.lesson and not config.output.numbers_only
        """Whether the paper's steps are shown."""

    @staticmethod
    def possible(config: Config) -> list[str]:
        """Names of the actions that make sense in this run; with the page's own, such as a pause."""
        lesson = [] if config.output.blur or config.output.numbers_only else [Action.LESSON, Action.NEXT_FACE]
        blur = [] if config.output.blur else [Action.BLUR]
        return [action.value for action in (Action.MARKER, Action.CALIBRATE, *blur, *lesson)]

    @property
    def blur(self) -> bool:
        """Whether faces are hidden."""
        return self._painter.blur

    @property
    def calibrating(self) -> str:
        """Instructions while a profile is made; empty otherwise."""
        return self._calibrator.text

    def do(self, action: Action, last: FrameResult | None) -> str | None:
        """Carries an action out; returns a line for the page, if there is something to say.

        Args:
            last: the newest frame; None before the first.
        """
        match action:
            case Action.BLUR:
                return self._blur()
            case Action.LESSON if self.blur:
                return NO_LESSON
            case Action.LESSON:
                self.teaching = not self.teaching
            case Action.NEXT_FACE if last is not None and last.faces:
                self._chosen = next_face(last.faces, self._chosen)
            case Action.CALIBRATE:
                ended = self._calibrator.toggle()
                return "calibrating; c again gives up" if ended is None else ended.text
        return None

    def calibrate(self, result: FrameResult) -> Ended | None:
        """Passes a frame on to the calibration, if there is one; its end if that was the last."""
        return self._calibrator.add(result)

    def paint(self, result: FrameResult) -> Painted:
        """The frame as recordings show it."""
        return self._painter.paint(result)

    def panel(self, painted: Painted, *, exact: bool = False) -> Panel | None:
        """The paper's steps for the page; None if it does not show them. For `exact` see `Lesson.steps`."""
        if not self.teaching:
            return None
        return panel(painted.steps(self._chosen, exact=exact), painted.result.frame)

    def close(self) -> None:
        """Ends its thread; may be called twice."""
        self._lesson.close()

    def _blur(self) -> str:
        if self._always_blur:
            return STAY_HIDDEN
        self._painter.blur = not self._painter.blur
        self.teaching = self.teaching and not self.blur
        return "faces are hidden" if self.blur else "faces are shown"
