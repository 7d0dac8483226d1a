"""The Python API."""

import logging
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.config import Config, ModelConfig, OutputConfig, SourceConfig, WebConfig
from realtime.datatypes import Frame, FrameResult, Scores, SourceInfo
from realtime.engine import Engine, Notify
from realtime.errors import ConfigError
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline, open_pipeline

ONLY_THE_PROGRAM = ("display", "mirror", *(field.name for group in (OutputConfig, WebConfig) for field in fields(group)))
"""Settings of windows, files and messages, which only the command line uses."""

OpenEngine = Callable[[Config, Classifier], Engine]

OF_IMAGES = SourceInfo("image", live=False, temporal=False, width=0, height=0, fps=None, frames=None)
OF_A_SESSION = SourceInfo("session", live=False, temporal=True, width=0, height=0, fps=None, frames=None)

log = logging.getLogger("realtime")


class Recognizer:
    """Recognizes expressions in single images, face crops and streams.

        with Recognizer() as recognizer:
            for result in recognizer.stream("clip.mp4"):
                print([face.label for face in result.faces])

    Use a recognizer from one thread only. Its own threads, for several faces, end with `close`, the `with` block or the
    program.

    Args:
        model: "auto", "int8", "full", "fast", or the path of an ONNX file written by train.export; None takes `config.model`.
        config: thresholds and the like.
        open_engine: opens the engine of a stream; for tests and for your own sources.

    Raises:
        ConfigError: `model` and `config.model` name different networks, `config` requests a window or a file, or its profile
            is missing, damaged, or made with another network.
        ModelError: the weights are missing, damaged or not for this program.
    """

    def __init__(
        self, model: str | Path | None = None, config: Config | None = None, *, open_engine: OpenEngine = Engine.open
    ) -> None:
        if isinstance(model, Config):
            raise ConfigError("the first argument of Recognizer is a network; give the config by name: Recognizer(config=...)")
        self._open_engine = open_engine
        self._config = _agreed(None if model is None else str(model), config or Config())
        network = self._config.model
        self._classifier = Classifier.load(network.name, network.threads, network.provider)
        self._images = open_pipeline(self._config.reading, self._classifier, OF_IMAGES)
        self._sessions: list[Session] = []
        self._count = 0
        self._closed = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of every probability array."""
        return self._classifier.spec.labels

    @property
    def model(self) -> str:
        """File name of the network that runs."""
        return self._classifier.name

    def process(self, image_bgr: NDArray[np.uint8]) -> FrameResult:
        """The faces of one image, uint8 (H,W,3) BGR or (H,W) gray; no state is kept between calls.

        Raises:
            ValueError: the image has another dtype or shape, or the recognizer is closed.
        """
        self._check_open()
        frame = Frame(preprocess.to_bgr(_array("image", image_bgr)), self._count, time.perf_counter(), None, OF_IMAGES.name)
        self._count += 1
        return self._images.process(frame)

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> Scores:
        """Probabilities of face crops, each uint8 (H,W) or (H,W,3) of any size, as one batch.

        Each is read once, as it is; no profile corrects it.

        Raises:
            ValueError: a crop has another dtype or shape, or the recognizer is closed.
        """
        self._check_open()
        grays = [preprocess.to_gray(_array(f"crop {index}", crop)) for index, crop in enumerate(crops)]
        return self._classifier.classify(self._classifier.prepare(grays).faces)

    def stream(
        self, source: str | int | Path | None = None, *, on_notice: Notify | None = None
    ) -> Generator[FrameResult, None, None]:
        """Results of a camera index, a file, a folder of images or a URL: every frame of a file, the newest of a camera.

        The source opens at the first `next`. It closes at the end, with `close` of the iterator, or when the iterator is
        deleted. `Config.max_frames` ends it early. On a machine too slow for its camera, work is reduced; see
        `FrameResult.effort`.

        Args:
            source: None takes `config.source`. A Path is always a file or a folder, even if its name is 0.
            on_notice: called with one line for each event that is not an error: a camera lost or back, an image skipped,
                damaged
                data, work reduced to keep up. Called inside `next`, even while that waits for a lost camera. The default
                logs warnings to the logger "realtime".

        Raises:
            ConfigError: `source` and `config.source` differ.
            SourceError: it cannot be opened, or stops delivering frames.
            ValueError: the recognizer is closed.
        """
        self._check_open()
        return self._stream(self._of(source), log.warning if on_notice is None else on_notice)

    def session(self) -> "Session":
        """A session for your own frames: faces are tracked and smoothed from frame to frame, as in a stream.

        Several can be open at once, one per camera or person; they end with `close`, a `with` block, or the recognizer.

        Raises:
            ValueError: the recognizer is closed.
        """
        self._check_open()
        session = Session(open_pipeline(self._config.reading, self._classifier, OF_A_SESSION))
        self._sessions.append(session)
        return session

    def close(self) -> None:
        """Ends the threads and sessions; the recognizer cannot be used afterwards. May be called twice."""
        self._closed = True
        for session in self._sessions:
            session.close()
        self._images.close()
        self._classifier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("this Recognizer is closed; make a new one")

    def _of(self, source: str | int | Path | None) -> Config:
        if source is None:
            return self._config
        # as on the command line, a file may have the name 0, demo or rtsp:
        text = str(source.absolute()) if isinstance(source, Path) else str(source)
        configured = self._config.source.location
        if configured not in (SourceConfig.location, text):
            raise ConfigError(f"stream({text!r}) and Config.of(source={configured!r}) name two sources; give one of them")
        return self._config.but(source=text)

    def _stream(self, config: Config, notify: Notify) -> Generator[FrameResult, None, None]:
        with self._open_engine(config, self._classifier) as engine:
            for result in engine.results(notify):
                yield result
                self._check_open()


class Session:
    """Tracks and smooths faces in frames from the caller, in order; created by `Recognizer.session`.

        session = recognizer.session()
        for image, seconds in my_frames:
            result = session.push(image, at=seconds)

    Args:
        pipeline: processes the frames; closed with the session.
        name: of the source, for messages and data.
    """

    def __init__(self, pipeline: Pipeline, name: str = "session") -> None:
        self._pipeline = pipeline
        self._name = name
        self._count = 0
        self._last_s = -math.inf
        self._closed = False

    def push(self, image_bgr: NDArray[np.uint8], *, at: float | None = None) -> FrameResult:
        """The faces of the next frame; ids, labels and probabilities continue from earlier frames.

        Args:
            image_bgr: uint8 (H,W,3) BGR or (H,W) gray.
            at: the frame's time, seconds of any rising clock; None uses the time of the call.

        Raises:
            ValueError: the image has another dtype or shape, `at` is not after the previous frame, or the session is closed.
        """
        if self._closed:
            raise ValueError("this session is closed; make a new one")
        image, now = preprocess.to_bgr(_array("image", image_bgr)), time.perf_counter()
        at = now if at is None else float(at)
        if not at > self._last_s:  # nor nan
            raise ValueError(f"at is {at:g}, but the previous frame was at {self._last_s:g}; push frames in order of time")
        frame = Frame(image, self._count, now, at, self._name)
        result = self._pipeline.process(frame)
        self._count, self._last_s = self._count + 1, at
        return result

    def close(self) -> None:
        """Ends the session; may be called twice."""
        self._closed = True
        self._pipeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _agreed(model: str | None, config: Config) -> Config:
    """The config with the model on which both agree.

    Raises:
        ConfigError: they differ, or the config has settings that only the command line uses.
    """
    given, usual = config.settings(), Config().settings()
    asked = [name for name in ONLY_THE_PROGRAM if given[name] not in (usual[name], False)]
    if asked:
        raise ConfigError(
            f"Recognizer shows and writes nothing, but its Config sets {', '.join(asked)}; leave that out, or run fer-cam"
        )
    if model is None:
        return config
    if config.model.name not in (ModelConfig.name, model):
        raise ConfigError(
            f"Recognizer({model!r}) and Config.of(model={config.model.name!r}) name two networks; give one of them"
        )
    return config.but(model=model)


def _array(name: str, image: object) -> NDArray[np.uint8]:
    """Checks that an argument is an array of pixels.

    Raises:
        ValueError: it is not an array.
    """
    if image is None:
        raise ValueError(f"{name} is None; cv2.imread returns None for a file that it cannot read: check its path")
    if isinstance(image, str | Path):
        raise ValueError(
            f"{name} is a {type(image).__name__}, not pixels; read the file with cv2.imread, or give it to stream()"
        )
    if not isinstance(image, np.ndarray):
        raise ValueError(f"{name} is a {type(image).__name__}, not a NumPy array of pixels; convert it with numpy.asarray")
    return image
