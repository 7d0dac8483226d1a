"""The library's door for people who write Python."""

import logging
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.config import Config
from realtime.datatypes import FULL_EFFORT, Frame, FrameResult, Scores
from realtime.errors import ConfigError
from realtime.faces.detector import HaarDetector
from realtime.faces.finder import PerImageFinder
from realtime.governor import Governor
from realtime.model.classifier import Classifier
from realtime.pipeline import Pipeline, open_pipeline
from realtime.sources.capture import open_feed
from realtime.sources.feed import MOST_AT_ONCE, Batches

POLL_S = 0.1
"""How long a stream waits for a frame before it passes on what the source has to say."""

ONLY_THE_PROGRAM = ("display", "mirror", "save", "jsonl", "csv", "overwrite", "snapshots")
"""Settings of windows and files, which only the command line has."""

Notify = Callable[[str], None]

log = logging.getLogger("realtime")


class Recognizer:
    """Reads expressions of single pictures, of face crops, and of whole streams.

        with Recognizer() as recognizer:
            for result in recognizer.stream("clip.mp4"):
                print([face.label for face in result.faces])

    One recognizer serves one thread. It keeps threads of its own for crowds, which end with `close`, the `with` block, or the
    program.

    Args:
        model: "auto", "int8", "full", "fast", or the path of an ONNX file written by train.export; None takes `config.model`.
        config: thresholds and the like.

    Raises:
        ConfigError: `model` and `config.model` name two networks, or `config` asks for a window or a file.
        ModelError: the weights are missing, damaged or not of this program.
    """

    def __init__(self, model: str | Path | None = None, config: Config | None = None) -> None:
        self._config = _agreed(None if model is None else str(model), config or Config())
        self._classifier = Classifier.load(self._config.model, self._config.threads, self._config.provider)
        self._pictures = Pipeline(
            PerImageFinder(HaarDetector(self._config.min_face)), self._classifier, self._config, temporal=False
        )
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
        """The faces of one picture, uint8 (H,W,3) BGR or (H,W) gray, on its own: nothing is carried from call to call.

        Raises:
            ValueError: it is no such picture, or the recognizer is closed.
        """
        self._check_open()
        frame = Frame(preprocess.to_bgr(_array("image", image_bgr)), self._count, time.perf_counter(), None, "picture")
        self._count += 1
        return self._pictures.process(frame)

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> Scores:
        """Probabilities of face crops, each uint8 (H,W) or (H,W,3) of any size, as one batch.

        Raises:
            ValueError: a crop is no such picture, or the recognizer is closed.
        """
        self._check_open()
        spec = self._classifier.spec
        grays = [preprocess.to_gray(_array(f"crop {index}", crop)) for index, crop in enumerate(crops)]
        smalls = [preprocess.shrink(gray, spec.input_size) for gray in grays]
        return self._classifier.classify([preprocess.equalize(s) if spec.equalize else s for s in smalls])

    def stream(
        self, source: str | int | Path | None = None, *, on_notice: Notify | None = None
    ) -> Generator[FrameResult, None, None]:
        """Results of a camera index, a file, a folder of pictures or a URL: every frame of a file, the newest of a camera.

        The source opens at the first `next` and is closed at the end, by `close` of the iterator, or when it is forgotten.
        `Config.max_frames` ends it early; on a machine too slow for its camera less is done, as `FrameResult.effort` says.

        Args:
            source: None takes `config.source`. A Path is always a file or a folder, also if it is called 0.
            on_notice: takes one line for each thing that is no error: a camera lost and back again, a picture skipped, damage
                passed over, less done to keep up. Called from inside `next`, also while that waits for a lost camera. Without
                it they are warnings of the logger "realtime".

        Raises:
            ConfigError: `source` and `config.source` differ.
            SourceError: it cannot be opened, or stops giving frames.
            ValueError: the recognizer is closed.
        """
        self._check_open()
        return self._stream(self._of(source), log.warning if on_notice is None else on_notice)

    def close(self) -> None:
        """Ends the threads; nothing can be read afterwards. May be called twice."""
        self._closed = True
        self._pictures.close()
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
        # as on the command line, a file may be called 0, demo or rtsp:
        text = str(source.absolute()) if isinstance(source, Path) else str(source)
        if self._config.source not in (Config.source, text):
            raise ConfigError(f"stream({text!r}) and Config(source={self._config.source!r}) name two sources; give one of them")
        return replace(self._config, source=text)

    def _stream(self, config: Config, notify: Notify) -> Generator[FrameResult, None, None]:
        left = config.max_frames
        with closing(open_feed(config)) as feed, open_pipeline(config, self._classifier, feed.info) as pipeline:
            governor, effort = Governor.of(feed.info, config.target_latency_ms), FULL_EFFORT
            batches = Batches(feed, 1 if feed.info.live else MOST_AT_ONCE)
            while not (batches.finished or left == 0):
                self._check_open()
                try:
                    frames = batches.next(POLL_S, left)
                finally:  # also when the source is lost: its last words say why
                    for line in feed.notices():
                        notify(line)
                if not frames:
                    continue
                left = None if left is None else left - len(frames)
                for result in pipeline.process_many(frames, feed.dropped, effort):
                    if governor is not None:
                        before, now = effort, time.perf_counter()
                        effort = governor.update(now - result.frame.captured_at, now)
                        if effort != before:
                            notify(
                                f"{'reducing work to keep up' if effort != FULL_EFFORT else 'keeping up again'}: {effort.name}"
                            )
                    yield result


def _agreed(model: str | None, config: Config) -> Config:
    """The config with the one model that both name.

    Raises:
        ConfigError: they name two, or the config has settings that only the command line obeys.
    """
    asked = [name for name in ONLY_THE_PROGRAM if getattr(config, name) not in (getattr(Config, name), False)]
    if asked:
        raise ConfigError(
            f"Recognizer shows and writes nothing, but its Config sets {', '.join(asked)}; leave that out, or run fer-cam"
        )
    if model is None:
        return config
    if config.model not in (Config.model, model):
        raise ConfigError(f"Recognizer({model!r}) and Config(model={config.model!r}) name two networks; give one of them")
    return replace(config, model=model)


def _array(name: str, image: object) -> NDArray[np.uint8]:
    """The same, for what people hand over in place of a picture.

    Raises:
        ValueError: it is no array.
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
