"""Makes a person's profile from a run: for `fer-cam calibrate`, and for the key c in the window."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from realtime import __version__
from realtime.config import Config
from realtime.datatypes import FrameResult
from realtime.engine import POLL_S, Engine
from realtime.errors import ConfigError, FerError, NotResting
from realtime.model.classifier import Classifier
from realtime.neutral import profiles
from realtime.neutral.profile import NEUTRAL, Profile, Reading
from realtime.neutral.resting import READY_S, SECONDS, Resting


def utc_now() -> datetime:
    """Wall-clock time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Maker:
    """Makes profiles with one network.

    Attributes:
        labels, model, weights_sha256: of the network.
        settings: those that affect what it reads.
        utc: wall-clock time.
    """

    labels: tuple[str, ...]
    model: str
    weights_sha256: str
    settings: tuple[tuple[str, str | int], ...] = ()
    utc: Callable[[], datetime] = utc_now

    @classmethod
    def of(cls, config: Config, classifier: Classifier) -> "Maker":
        """For the network of a run."""
        settings = (("provider", classifier.provider), ("min_face", config.reading.min_face))
        return cls(classifier.spec.labels, classifier.name, classifier.weights_sha256, settings)

    def make(self, name: str, reading: Reading) -> Profile:
        """The profile of that name, made now."""
        made = f"{self.utc():%Y-%m-%dT%H:%M:%SZ}"
        stem = profiles.path_of(name).stem
        return Profile(stem, made, reading, self.model, self.weights_sha256, __version__, self.settings)

    def check(self) -> None:
        """Checks that the network can be calibrated.

        Raises:
            ConfigError: it has no output for neutral.
        """
        if NEUTRAL not in self.labels:
            raise ConfigError(f"{self.model} has no label {NEUTRAL}, which a profile needs; give another --model")


@dataclass(frozen=True)
class Ended:
    """The end of a calibration in the window.

    Attributes:
        text: a line about it.
        profile: the new one; None if there is none.
    """

    text: str
    profile: Profile | None = None


class Calibrator:
    """Calibrates in the course of a run, at the press of a key.

    Args:
        maker: makes the profile.
        name: of the profile; None names it after the time.
        overwrite: replace a profile of that name; otherwise the new one gets a number.
        ready_s: time to settle after the key.
        seconds: of resting face.
    """

    def __init__(
        self, maker: Maker, name: str | None, *, overwrite: bool = False, ready_s: float = READY_S, seconds: float = SECONDS
    ) -> None:
        self._maker = maker
        self._name = name
        self._overwrite = overwrite
        self._ready_s = ready_s
        self._seconds = seconds
        self._resting: Resting | None = None

    @property
    def text(self) -> str:
        """The countdown; empty if nothing is being calibrated."""
        return "" if self._resting is None else f"calibrating: {self._resting.text}"

    def toggle(self) -> Ended | None:
        """Begins, or gives up; an end if nothing begins."""
        if self._resting is not None:
            self._resting = None
            return Ended("calibration cancelled")
        try:
            self._maker.check()
        except ConfigError as error:
            return Ended(str(error))
        self._resting = Resting(self._maker.labels, self._seconds, ready_s=self._ready_s)
        return None

    def add(self, result: FrameResult) -> Ended | None:
        """Adds a frame; the end if it was the last."""
        if self._resting is None:
            return None
        self._resting.add(result)
        if not self._resting.done:
            return None
        resting, self._resting = self._resting, None
        try:
            made = self._save(resting.reading())
        except FerError as error:  # the run goes on without it
            return Ended(f"not calibrated: {error}")
        return Ended(f"calibrated: {made.name}; {effect(made)}", made)

    def _save(self, reading: Reading) -> Profile:
        name = self._name or f"neutral-{self._maker.utc():%Y%m%d-%H%M%S}"
        if not self._overwrite:
            name = profiles.free_name(name)
        made = self._maker.make(name, reading)
        profiles.save(name, made)
        return made


def effect(profile: Profile) -> str:
    """What a profile does, in words."""
    if not profile.correction:
        return "this face at rest is read as neutral already, and nothing is corrected"
    return "corrected: " + ", ".join(f"{label} by {size:.2f}" for label, size in profile.correction.items())


def calibrate(engine: Engine, maker: Maker, name: str, resting: Resting, show: Callable[[str], None]) -> tuple[Profile, Path]:
    """Makes and saves the profile of the face in front of a camera or in a clip; returns it with its path.

    Args:
        engine: delivers the results.
        maker: makes the profile.
        name: of the profile, or its path; an existing one is replaced.
        resting: the stretch.
        show: called with what to do now, whenever it changes, and with notices.

    Raises:
        NotResting: it is not one resting face.
        SourceError: the source is lost.
        SinkError: the profile cannot be written.
    """
    maker.check()
    if not engine.info.temporal:
        raise ConfigError("images cannot be calibrated on; give a camera or a video")
    shown = ""
    while not engine.finished and not resting.done:
        try:
            results = engine.step(POLL_S)
        finally:
            for line in engine.notices():
                show(line)
        for result in results:
            resting.add(result)
            engine.account(result)
        if resting.text != shown and not resting.done:
            shown = resting.text
            show(shown)
    try:
        made = maker.make(name, resting.reading())
    except NotResting as error:
        raise NotResting(f"not calibrated: {error}") from error
    return made, profiles.save(name, made)
