"""Tiny ONNX networks with hand-computable outputs."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from realtime.labels import LABELS
from realtime.model.spec import KEY, ModelSpec


def write_linear(
    path: Path,
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
    spec: ModelSpec | None = None,
    *,
    metadata: dict[str, str] | None = None,
    side: int = 48,
) -> Path:
    """Writes a network with logits = flatten(input) @ weights + bias; weights float32 (side*side,k), bias float32 (k,)."""
    nodes = [
        helper.make_node("Flatten", ["faces"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 1, side, side])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(bias)])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    spec = spec or ModelSpec("linear")
    helper.set_model_props(model, {KEY: spec.to_json()} if metadata is None else metadata)
    onnx.save(model, str(path))
    return path


def write_left_right(path: Path) -> Path:
    """A network that predicts `happiness` if the left half of the face is brighter, `sadness` if the right half is."""
    weights = np.zeros((48, 48, len(LABELS)), np.float32)
    weights[:, :24, LABELS.index("happiness")] = 0.01
    weights[:, 24:, LABELS.index("sadness")] = 0.01
    return write_linear(path, weights.reshape(48 * 48, -1), np.zeros(len(LABELS), np.float32))


def write_top_bottom(path: Path) -> Path:
    """A network that predicts `happiness` if the top half of the face is brighter, `sadness` if the bottom half is.

    It says the same of mirrored faces.
    """
    weights = np.zeros((48, 48, len(LABELS)), np.float32)
    weights[:24, :, LABELS.index("happiness")] = 0.01
    weights[24:, :, LABELS.index("sadness")] = 0.01
    return write_linear(path, weights.reshape(48 * 48, -1), np.zeros(len(LABELS), np.float32))


def write_always(path: Path, label: str = "happiness") -> Path:
    """A network that always predicts one label with certainty."""
    bias = np.zeros(len(LABELS), np.float32)
    bias[LABELS.index(label)] = 10
    return write_linear(path, np.zeros((48 * 48, len(LABELS)), np.float32), bias)


def write_sad_at_rest(path: Path) -> Path:
    """A network that reads every face as sadness with 54 % and as neutral with 40 %: a logit of 0.3 against neutral."""
    bias = np.zeros(len(LABELS), np.float32)
    bias[LABELS.index("sadness")], bias[LABELS.index("neutral")] = 5.3, 5.0
    return write_linear(path, np.zeros((48 * 48, len(LABELS)), np.float32), bias)
