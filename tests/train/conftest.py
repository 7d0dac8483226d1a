"""A small network, a photograph and a face, for tests of single images."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import preprocess
from realtime.faces.detector import HaarDetector
from realtime.model.classifier import Classifier
from realtime.model.session import Session
from tests.demo import demo_frame
from tests.tiny_models import write_top_bottom

TWO_FACES = 318


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says happiness when the top half of a face is brighter, sadness when the bottom half is."""
    return write_top_bottom(tmp_path_factory.mktemp("model") / "top-bottom.onnx")


@pytest.fixture(scope="module")
def classifier(model: Path) -> Classifier:
    return Classifier(Session(model, threads=1))


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    """480x640, BGR, with two people."""
    return demo_frame(TWO_FACES).image


@pytest.fixture(scope="module")
def crop(photograph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One of the faces as in data sets: 48x48, gray, with a bright top half."""
    gray = preprocess.to_gray(photograph)
    small = preprocess.shrink(preprocess.crop(gray, HaarDetector().detect(gray).boxes_xyxy[0]))
    lit = small.astype(np.int16)
    lit[:24] += 40
    lit[24:] -= 60
    return np.clip(lit, 0, 255).astype(np.uint8)
