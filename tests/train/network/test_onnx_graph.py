"""Networks as ONNX graphs: what PyTorch and onnxruntime compute is the same, there and back."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from realtime.errors import ModelError, WeightsCorrupt, WeightsNotFound
from realtime.model.session import Session
from realtime.model.spec import ModelSpec
from tests.train_data import faces, logits, patterns, tiny, unsettled
from train.network import onnx_graph, quantize

SPEC = ModelSpec(name="tiny", provenance="made by a test")


class TestGraph:
    @pytest.fixture
    def network(self) -> nn.Module:
        torch.manual_seed(0)
        return unsettled(tiny(8))

    @pytest.fixture
    def path(self, network: nn.Module, tmp_path: Path) -> Path:
        path = tmp_path / "tiny.onnx"
        onnx_graph.to_onnx(network, SPEC, path)
        return path

    def test_torch_and_onnx_agree_for_batches_of_any_size(self, network: nn.Module, path: Path) -> None:
        session = Session(path, threads=1)
        for n in (1, 2, 7):
            np.testing.assert_allclose(session.run(faces(n)), logits(network, faces(n)), atol=1e-4)
        assert np.ptp(logits(network, faces(7))) > 0.1

    def test_batch_norm_stays_in_the_file(self, network: nn.Module, path: Path) -> None:
        kinds = [node.op_type for node in onnx.load(path).graph.node]
        assert kinds.count("BatchNormalization") == sum(isinstance(m, nn.BatchNorm2d) for m in network.modules())

    def test_the_file_has_the_promised_shapes_and_spec(self, path: Path) -> None:
        graph = onnx.load(path).graph
        shapes = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in (graph.input[0], graph.output[0])]
        assert shapes == [["n", 1, 48, 48], ["n", 8]]
        assert (graph.input[0].name, graph.output[0].name) == ("faces", "logits")
        assert Session(path, threads=1).spec == SPEC

    def test_weights_come_back_bit_for_bit(self, network: nn.Module, path: Path) -> None:
        back = tiny(8)
        onnx_graph.load_into(back, path)
        theirs = back.state_dict()
        for name, value in network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                assert torch.equal(value, theirs[name]), name
        np.testing.assert_array_equal(logits(back, faces(3)), logits(network, faces(3)))

    def test_equal_tensors_which_the_exporter_stores_once_come_back_too(self, tmp_path: Path) -> None:
        network, path = tiny(8), tmp_path / "fresh.onnx"  # all of its batch norms are alike
        onnx_graph.to_onnx(network, SPEC, path)
        assert len(onnx.load(path).graph.initializer) < len(onnx_graph.load_weights(path))
        back = tiny(8)
        onnx_graph.load_into(back, path)
        np.testing.assert_array_equal(logits(back, faces(3)), logits(network, faces(3)))

    def test_halving_keeps_float32_computing_and_the_rounded_weights(self, network: nn.Module, path: Path) -> None:
        whole = path.stat().st_size
        onnx_graph.halve(path)
        assert path.stat().st_size < 0.55 * whole
        onnx_graph.halved(network)
        np.testing.assert_allclose(Session(path, threads=1).run(faces(5)), logits(network, faces(5)), atol=1e-4)
        back = tiny(8)
        onnx_graph.load_into(back, path)
        np.testing.assert_array_equal(logits(back, faces(3)), logits(network, faces(3)))
        kinds = {tensor.name: tensor.data_type for tensor in onnx.load(path).graph.initializer}
        assert kinds["conv1.weight.fp16"] == onnx.TensorProto.FLOAT16
        assert kinds["bn1.running_var"] == onnx.TensorProto.FLOAT
        assert Session(path, threads=1).spec == SPEC

    def test_another_network_is_refused(self, path: Path) -> None:
        with pytest.raises(ModelError, match=r"fc\.weight is missing or of another shape"):
            onnx_graph.load_into(tiny(7), path)

    def test_other_classes_get_a_new_layer(self, path: Path, network: nn.Module) -> None:
        other = tiny(7)
        before = other.fc.weight.clone()
        onnx_graph.load_into(other, path, new_classes=True)
        assert torch.equal(other.fc.weight, before)
        assert torch.equal(other.conv1.weight, network.conv1.weight)
        assert onnx_graph.load_labels(path) == SPEC.labels

    def test_files_that_are_none(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsNotFound, match=r"none\.onnx"):
            onnx_graph.load_weights(tmp_path / "none.onnx")
        (tmp_path / "text.onnx").write_text("hello")
        with pytest.raises(WeightsCorrupt, match=r"text\.onnx is no ONNX file"):
            onnx_graph.load_weights(tmp_path / "text.onnx")

    def test_int8_keeps_the_spec_is_small_and_close(self, network: nn.Module, path: Path, tmp_path: Path) -> None:
        out = tmp_path / "tiny-int8.onnx"
        quantize.quantize(path, out, quantize.calibration_faces(patterns(64), 64), SPEC)
        assert Session(out, threads=1).spec == SPEC
        assert out.stat().st_size < 0.35 * path.stat().st_size
        exact, rough = logits(network, faces(16)), Session(out, threads=1).run(faces(16))
        assert 0 < np.abs(exact - rough).max() < 0.1 * np.ptp(exact)
        graph = onnx.load(out).graph
        kinds = [node.op_type for node in graph.node]
        assert "BatchNormalization" not in kinds
        assert kinds.count("QuantizeLinear") > 10
        types = {tensor.name: numpy_helper.to_array(tensor).dtype for tensor in graph.initializer}
        assert all(dtype == np.int8 for name, dtype in types.items() if name.endswith("weight_quantized"))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny-int8.onnx", "tiny.onnx"]

    def test_quantised_weights_are_no_start_for_training(self, path: Path, tmp_path: Path) -> None:
        out = tmp_path / "tiny-int8.onnx"
        quantize.quantize(path, out, quantize.calibration_faces(patterns(16), 16), SPEC)
        with pytest.raises(ModelError, match="give a full-precision file"):
            onnx_graph.load_into(tiny(8), out)
