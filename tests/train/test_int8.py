"""An int8 copy of a full-precision file whose run is gone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from realtime import preprocess
from realtime.model.session import CHECKSUMS, Session
from realtime.model.spec import ModelSpec
from tests.train_data import patterns, settled, tiny, write_ferplus
from train import int8
from train.data import lineage
from train.network import onnx_graph

TRAIN, VAL = patterns(64, seed=0), patterns(32, seed=1)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A full-precision file with a record."""
    torch.manual_seed(0)
    network = settled(tiny(8), preprocess.normalise([preprocess.prepare(image) for image in TRAIN.images]))
    path = tmp_path / "net.onnx"
    onnx_graph.to_onnx(network, ModelSpec(name="net", provenance="made by a test"), path)
    lineage.write(path, lineage.images_of(TRAIN))
    return path


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    data, votes = write_ferplus(tmp_path, TRAIN, VAL)
    return ["--data", str(data), "--votes", str(votes)]


def test_the_copy_says_the_same_and_where_it_comes_from(
    full: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert int8.main([str(full), *data], least_agreement=0.5) == 0
    small = full.with_name("net-int8.onnx")
    assert "net-int8.onnx: " in capsys.readouterr().out
    batch = preprocess.normalise([preprocess.prepare(image) for image in VAL.images])
    exact, rough = Session(full).run(batch), Session(small).run(batch)
    assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.95
    assert not np.array_equal(exact, rough)
    spec = Session(small).spec
    assert spec.name == "net-int8"
    assert spec.provenance.startswith("made by a test; int8 copy made by train.int8")
    np.testing.assert_array_equal(lineage.read(small), lineage.images_of(TRAIN))
    assert (full.parent / CHECKSUMS).read_text(encoding="utf-8").endswith("  net-int8.onnx\n")


def test_a_copy_that_is_too_different_is_not_written(full: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(full.parent.iterdir())
    assert int8.main([str(full), *data], least_agreement=1.01) == 2
    assert "less than 101%" in capsys.readouterr().err
    assert sorted(full.parent.iterdir()) == before


def test_no_such_file_is_one_line(data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert int8.main([str(tmp_path / "nowhere.onnx"), *data]) == 4
    assert capsys.readouterr().err.count("\n") == 1
