"""A browser for the pages of reports."""

from collections.abc import Iterator

import pytest

from tests import chromium
from tests.chromium import Chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium.chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found
