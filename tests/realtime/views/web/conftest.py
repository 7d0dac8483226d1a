"""Cameras of browsers, with a folder for their recordings, and Chromium; a test file with another need has its own `on`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web_client import Browser, Stage, stage


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, source="browser", session=tmp_path / "P", participant="P07") as it:
        yield it


@pytest.fixture
def browser(on: Stage) -> Browser:
    return on.browser()


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """A browser of playwright, which may not be installed: the tests that need it are skipped then."""
    from tests import web_page

    with web_page.browser() as launched:
        yield launched
