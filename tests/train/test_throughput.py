"""python -m train.throughput: every configuration is measured and reported."""

import json
from pathlib import Path

import pytest

from tests.train_data import plain, recipe
from train import recipes, throughput
from train.network import models
from train.throughput import Way


@pytest.fixture(autouse=True)
def _plain_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.NETWORKS, "plain", plain)
    monkeypatch.setitem(recipes.RECIPES, "plain", recipe(network="plain"))


def test_images_per_second_are_those_of_the_median_round() -> None:
    assert Way(8, "bf16", "contiguous", (9.0, 2.0, 1.0)).images_per_second == 4


def test_every_configuration_is_measured_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "steps.json"
    assert throughput.main(["plain", "--rounds", "3", "--json", str(out)]) == 0
    told = json.loads(out.read_text())
    assert {(way["batch_size"], way["precision"], way["layout"]) for way in told["ways"]} == {
        (batch, precision, layout)
        for batch in (8, 128)
        for precision in ("fp32", "bf16")
        for layout in ("contiguous", "channels_last")
    }
    assert all(len(way["seconds"]) == 3 and min(way["seconds"]) > 0 for way in told["ways"])
    table = capsys.readouterr().out
    assert table.count("bf16") == 4
    assert "median of 3" in table


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nope"], 2, "unknown recipe 'nope'"),
        (["plain", "--rounds", "0"], 2, "give at least 1"),
        (["plain", "--rounds", "1", "--json", "/dev/null/steps.json"], 5, "cannot be written"),
    ],
)
def test_mistakes_are_one_line(words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert throughput.main(words) == code
    assert message in capsys.readouterr().err
