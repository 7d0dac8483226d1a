"""The figures of the networks, as their result files have them."""

import json
import tomllib

import pytest

from realtime.model.session import SHIPPED
from realtime.report import figures
from tests.conftest import ROOT

SUMS = dict(reversed(line.split()) for line in (ROOT / "weights" / "SHA256SUMS").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", ["int8", "full", "fast"])
def test_the_shipped_networks_have_figures_and_the_wheel_holds_them(name: str) -> None:
    file = SHIPPED[name]
    path = f"weights/results/{file.removesuffix('.onnx')}--ferplus-PublicTest.json"
    result = json.loads((ROOT / path).read_text(encoding="utf-8"))
    found = figures.find(SUMS[file])
    assert found is not None
    assert [row.recall for row in found.classes] == result["recall"]
    assert (found.model, found.images, found.command) == (file, result["n"], result["command"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"][path] == f"realtime/{path}"


def test_the_most_frequent_mistake_is_named() -> None:
    found = figures.find(SUMS[SHIPPED["int8"]])
    assert found is not None
    sadness = next(row for row in found.classes if row.label == "sadness")
    assert sadness.taken_for == ("neutral", 109)


@pytest.mark.parametrize("checksum", ["", "ab" * 32])
def test_other_networks_are_unknown(checksum: str) -> None:
    assert figures.find(checksum) is None
