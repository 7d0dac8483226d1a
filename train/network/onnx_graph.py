"""Conversion from torch to ONNX and back; initialisers keep the names and values of the state_dict."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from realtime.errors import ModelError, ModelSpecError
from realtime.model.spec import KEY, ModelSpec
from train import onnx_files
from train.network import models

OPSET = 17
INPUT, OUTPUT = "faces", "logits"
HALF = ".fp16"


def to_onnx(network: nn.Module, spec: ModelSpec, path: Path) -> None:
    """Writes a network, float32 (n,1,S,S) -> logits float32 (n,k) for any n, and its spec.

    Batch norms stay separate nodes, so that the weights can be read back; onnxruntime folds them at load time.
    """
    network.eval()
    faces = torch.zeros(2, spec.channels, spec.input_size, spec.input_size)
    with warnings.catch_warnings():
        # the new exporter fixes the batch size and writes wrong networks (torch issues 157621, 169178)
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            network,
            (faces,),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
    write_spec(path, spec)


def write_spec(path: Path, spec: ModelSpec) -> None:
    """Writes the spec into the metadata of an ONNX file; keeps other `fer.` keys and drops those of tools."""
    model = onnx.load(path)
    kept = {entry.key: entry.value for entry in model.metadata_props if entry.key.startswith("fer.")}
    del model.metadata_props[:]
    helper.set_model_props(model, kept | {KEY: spec.to_json()})
    onnx.save(model, path)


def halve(path: Path) -> None:
    """Halves the weights of an ONNX file: stores them as float16, cast to float32 by the graph.

    onnxruntime runs the casts once, at load time; computation stays in float32. Vectors (biases, batch norm) stay float32: they
    are 1 % of the bytes.
    """
    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1:
            name = tensor.name
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, name + HALF))
            casts.append(helper.make_node("Cast", [name + HALF], [name], name=name + ".cast", to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
    onnx.save(model, path)


def halved(network: nn.Module) -> None:
    """Rounds a network's weights as `halve` does."""
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.copy_(weight.half().float())


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """The state_dict of the network in a file, float32, without batch norm's unused counters.

    Load it with `strict=False` and check that no weight is missing, or use `load_into`.

    Raises:
        WeightsNotFound, WeightsCorrupt: missing, or not an ONNX file.
    """
    model = onnx_files.load(path)
    weights = {
        tensor.name.removesuffix(HALF): torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
        for tensor in model.graph.initializer
    }
    # the exporter stores equal tensors once and adds Identity nodes for the others
    for node in model.graph.node:
        if node.op_type == "Identity" and node.input[0] in weights:
            weights[node.output[0]] = weights[node.input[0]]
    return weights


def load_into(network: nn.Module, path: Path, *, new_classes: bool = False) -> None:
    """Loads a full-precision file written by train.export into a network.

    Args:
        network: of the same architecture.
        path: the file.
        new_classes: leaves the classification layer unchanged, for training on other classes.

    Raises:
        ModelError: the file has another network, or is quantised.
    """
    weights = load_weights(path)
    wanted = {name: value.shape for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    if new_classes:
        named = dict(network.named_parameters())
        last = {id(tensor) for tensor in models.last_layer(network).parameters()}
        wanted = {name: shape for name, shape in wanted.items() if id(named.get(name)) not in last}
    wrong = [name for name, shape in wanted.items() if name not in weights or weights[name].shape != shape]
    if wrong:
        raise ModelError(
            f"{path.name} does not fit: {wrong[0]} is missing or of another shape, like {len(wrong) - 1} more; "
            "give a full-precision file of the same network"
        )
    network.load_state_dict({name: weights[name] for name in wanted}, strict=False)


def load_labels(path: Path) -> tuple[str, ...]:
    """The classes of the network in a file.

    Raises:
        ModelError: missing, or not written by train.export.
    """
    entries = {entry.key: entry.value for entry in onnx_files.load(path).metadata_props}
    if KEY not in entries:
        raise ModelSpecError(f"{path.name} has no {KEY} metadata; give one written by train.export")
    return ModelSpec.from_json(entries[KEY]).outputs


def has_max_pool(path: Path) -> bool:
    """Whether the network in a file has the max-pool of a ResNet's stem, which has no weights.

    Raises:
        ModelError: missing, or not an ONNX file.
    """
    return any(node.op_type == "MaxPool" for node in onnx_files.load(path).graph.node)
