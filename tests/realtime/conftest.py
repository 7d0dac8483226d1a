"""A studio for runs of the player, and the shipped int8 network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.model.classifier import Classifier
from tests.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture(scope="module")
def classifier() -> Iterator[Classifier]:
    network = Classifier.load("int8", 1)
    yield network
    network.close()
