"""Fixtures that several test files share: where the real data and clips are, if they are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _folder(variable: str, default: str) -> Path:
    folder = Path(os.environ.get(variable, ROOT.parent / "shared" / default))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; set {variable} to run this test")
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with ckplus48.zip, fer2013.csv.xz and fer2013new.csv."""
    return _folder("FER_DATA", "data")


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder with the real clips."""
    return _folder("FER_CLIPS", "clips")
