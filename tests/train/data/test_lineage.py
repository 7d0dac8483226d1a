"""The record of training images: passed from run to file to run, and used to refuse networks."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from realtime.errors import ConfigError, ModelError, WeightsCorrupt, WeightsNotFound
from realtime.model.session import Session
from realtime.model.spec import ModelSpec
from tests.tiny_models import write_left_right
from tests.train_data import patterns, plain, recipe
from train.data import lineage
from train.learning import checkpoint
from train.learning.engine import Trainer
from train.network import models, onnx_graph

A, B, C = patterns(16), patterns(16, seed=1, prefix="b"), patterns(16, seed=2, prefix="c")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_left_right(tmp_path / "net.onnx")


def damage(path: Path, value: str) -> None:
    model = onnx.load(path)
    entry = model.metadata_props.add()
    entry.key, entry.value = lineage.KEY, value
    onnx.save(model, path)


def test_an_image_counts_once_and_by_its_pixels() -> None:
    seen = lineage.images_of(A)
    assert len(seen) == 16
    twice = A.where(np.ones(16, dtype=np.bool_))
    np.testing.assert_array_equal(lineage.images_of(twice), seen)
    assert seen[0].tobytes().hex() in {digest[:16] for digest in A.digests()}
    assert not np.isin(lineage.images_of(B), seen).any()


def test_round_trip_beside_the_spec(file: Path) -> None:
    spec = Session(file, threads=1).spec
    for faces in (A, B):
        lineage.write(file, lineage.images_of(faces))
        np.testing.assert_array_equal(lineage.read(file), lineage.images_of(faces))
    assert Session(file, threads=1).spec == spec
    lineage.write(file, lineage.NOTHING)
    assert len(lineage.read(file)) == 0


def test_a_new_spec_does_not_forget_the_images(file: Path) -> None:
    lineage.write(file, lineage.images_of(A))
    onnx_graph.write_spec(file, ModelSpec(name="renamed"))
    np.testing.assert_array_equal(lineage.read(file), lineage.images_of(A))
    assert lineage.is_known(file)
    assert Session(file, threads=1).spec.name == "renamed"


def test_files_that_do_not_say(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"net\.onnx does not say which images it has seen; export it again"):
        lineage.read(file)
    assert not lineage.is_known(file)
    with pytest.raises(WeightsNotFound, match=r"none\.onnx"):
        lineage.is_known(tmp_path / "none.onnx")
    with pytest.raises(WeightsNotFound, match=r"none\.onnx"):
        lineage.read(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(WeightsCorrupt, match="no ONNX file"):
        lineage.read(tmp_path / "text.onnx")


@pytest.mark.parametrize("value", ["no base64!", "AAAA"])
def test_a_damaged_list(file: Path, value: str) -> None:
    damage(file, value)
    with pytest.raises(WeightsCorrupt, match="its list of images is damaged"):
        lineage.read(file)


def test_one_known_test_image_is_enough_to_be_refused() -> None:
    seen = lineage.images_of(A)
    lineage.refuse_seen(seen, B, "net.onnx")
    with pytest.raises(ConfigError, match=r"net\.onnx was trained on 1 of the 1 different test images"):
        lineage.refuse_seen(seen, A.where(np.arange(16) == 3), "net.onnx")


class TestTrainer:
    @pytest.fixture
    def start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A network trained on A, as an ONNX file."""
        monkeypatch.setitem(models.NETWORKS, "plain", plain)
        path = tmp_path / "a.onnx"
        onnx_graph.to_onnx(plain(len(A.labels)), ModelSpec(name="a"), path)
        lineage.write(path, lineage.images_of(A))
        return path

    def test_a_checkpoint_knows_the_images_of_the_run_and_of_its_start(self, start: Path, tmp_path: Path) -> None:
        plan = recipe(network="plain", epochs=1)
        learner = Trainer(plan, B, C, tmp_path, start)
        list(learner.run())
        both = np.union1d(lineage.images_of(A), lineage.images_of(B))
        np.testing.assert_array_equal(checkpoint.load(tmp_path).seen, both)
        again = Trainer(plan, B, C, tmp_path)  # resumed without the file
        again.resume()
        np.testing.assert_array_equal(again.seen, both)

    def test_a_start_that_has_seen_validation_faces_is_refused(self, start: Path, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"a\.onnx was trained on 16 of the 16 different test images"):
            Trainer(recipe(network="plain"), B, A, tmp_path, start)

    def test_a_start_without_a_record_is_refused(self, start: Path, tmp_path: Path) -> None:
        onnx_graph.to_onnx(plain(len(A.labels)), ModelSpec(name="a"), start)
        with pytest.raises(ModelError, match="does not say which images"):
            Trainer(recipe(network="plain"), B, C, tmp_path, start)
