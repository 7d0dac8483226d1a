"""The library's door for people who write Python."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.capture import open_feed
from realtime.classifier import Classifier
from realtime.config import Config
from realtime.datatypes import Frame, FrameResult, Scores
from realtime.detector import HaarDetector
from realtime.finder import Strangers
from realtime.pipeline import Pipeline, open_pipeline

POLL_S = 0.5


class Recognizer:
    """Reads expressions of single pictures, of face crops, and of whole streams.

    Args:
        model: "auto", or the path of an ONNX file written by train.export.
        config: thresholds and the like; `model` overrides its model.

    Raises:
        ModelError: the weights are missing, damaged or not of this program.
    """

    def __init__(self, model: str = "auto", config: Config | None = None) -> None:
        self._config = replace(config or Config(), model=model)
        self._classifier = Classifier.load(model, self._config.threads, self._config.provider)
        self._pictures = Pipeline(
            Strangers(HaarDetector(self._config.min_face)), self._classifier, self._config, temporal=False
        )
        self._count = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of every probability array."""
        return self._classifier.spec.labels

    def process(self, image_bgr: NDArray[np.uint8]) -> FrameResult:
        """The faces of one picture, uint8 (H,W,3) BGR or (H,W) gray, on its own: nothing is carried from call to call.

        Raises:
            ValueError: the array is no such picture.
        """
        frame = Frame(preprocess.to_bgr(image_bgr), self._count, time.perf_counter(), None, "picture")
        self._count += 1
        return self._pictures.process(frame)

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> Scores:
        """Probabilities of face crops, each uint8 (H,W) or (H,W,3) of any size, as one batch.

        Raises:
            ValueError: a crop is no such picture.
        """
        spec = self._classifier.spec
        smalls = [preprocess.shrink(preprocess.to_gray(crop), spec.input_size) for crop in crops]
        return self._classifier.classify([preprocess.equalize(s) if spec.equalize else s for s in smalls])

    def stream(self, source: str | int | Path) -> Iterator[FrameResult]:
        """Results of a camera index, a file, a folder of pictures or a URL: every frame of a file, the newest of a camera.

        Raises:
            SourceError: it cannot be opened, or stops giving frames.
        """
        config = replace(self._config, source=str(source))
        with closing(open_feed(config)) as feed, open_pipeline(config, self._classifier, feed.info) as pipeline:
            while not feed.finished:
                frame = feed.next(POLL_S)
                if frame is not None:
                    yield pipeline.process(frame, feed.dropped)
