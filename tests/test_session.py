import hashlib
from pathlib import Path

import numpy as np
import pytest

from realtime import session
from realtime.errors import ModelSpecError, WeightsCorrupt, WeightsNotFound
from realtime.labels import LABELS
from realtime.session import Session, locate
from realtime.spec import KEY, ModelSpec
from tests.tiny_models import write_left_right, write_linear

K = len(LABELS)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_left_right(tmp_path / "tiny.onnx")


def test_runs_and_knows_its_spec(model: Path) -> None:
    net = Session(model, threads=1)
    batch = np.zeros((2, 1, 48, 48), np.float32)
    batch[0, 0, :, :24] = 1
    batch[1, 0, :, 24:] = 2
    logits = net.run(batch)
    assert net.spec.labels == LABELS
    assert logits.shape == (2, K)
    assert logits[0, LABELS.index("happiness")] == pytest.approx(0.01 * 24 * 48, rel=1e-5)
    assert logits[1, LABELS.index("sadness")] == pytest.approx(0.02 * 24 * 48, rel=1e-5)


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match=r"nowhere\.onnx: no such weights file; give"):
        locate(str(tmp_path / "nowhere.onnx"))
    with pytest.raises(WeightsNotFound, match="no such weights"):
        locate(str(tmp_path))  # a folder is no file


@pytest.mark.parametrize("model", ["auto", "int8", "full"])
def test_the_shipped_files_are_there_and_whole(model: str) -> None:
    assert Session(locate(model)).spec.labels == LABELS


def test_auto_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(session.SHIPPED, "auto", "not-shipped.onnx")
    with pytest.raises(WeightsNotFound, match="install fer-cam again"):
        locate("auto")


def test_a_text_file_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("these are no weights")
    with pytest.raises(WeightsCorrupt, match=r"text\.onnx is no network"):
        Session(path)


def test_a_truncated_file_is_corrupt(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-4000])
    with pytest.raises(WeightsCorrupt) as caught:
        Session(model)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_checksum_guards_the_file_it_names(model: Path) -> None:
    sums = model.parent / session.CHECKSUMS
    sums.write_text(f"{'0' * 64}  other.onnx\n{hashlib.sha256(model.read_bytes()).hexdigest()}  {model.name}\n")
    Session(model)
    sums.write_text(f"{'0' * 64}  {model.name}\n")
    with pytest.raises(WeightsCorrupt, match="not the file that SHA256SUMS names"):
        Session(model)


def test_without_metadata(tmp_path: Path) -> None:
    path = write_linear(tmp_path / "m.onnx", np.zeros((2304, K), np.float32), np.zeros(K, np.float32), metadata={})
    with pytest.raises(ModelSpecError, match=f"no {KEY} metadata"):
        Session(path)


def test_shapes_must_agree_with_the_spec(tmp_path: Path) -> None:
    too_few = write_linear(tmp_path / "few.onnx", np.zeros((2304, 3), np.float32), np.zeros(3, np.float32))
    with pytest.raises(ModelSpecError, match="has shapes"):
        Session(too_few)
    other_side = write_linear(
        tmp_path / "side.onnx", np.zeros((64 * 64, K), np.float32), np.zeros(K, np.float32), ModelSpec("net"), side=64
    )
    with pytest.raises(ModelSpecError, match=r"\(n,1,48,48\)"):
        Session(other_side)


def test_unreadable_file(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(WeightsNotFound, match="Permission denied"):
        Session(model)
