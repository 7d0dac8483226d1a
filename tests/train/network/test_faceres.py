"""The teacher's backbone loads a TensorFlow.js file and refuses others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from realtime.errors import ModelError, WeightsCorrupt, WeightsNotFound
from train.network import models
from train.network.faceres import BLOCKS, CHANNEL_MEANS, FaceRes, load_pretrained

SCALE, LEAST = 1 / 512, -0.25
"""Of the quantised tensors."""


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Operation and shape of each tensor, in the order in which TensorFlow runs them."""
    channels = 32
    yield from (("Conv2D", (3, 3, 3, 32)), ("Add", (32,)))
    for wider, _ in BLOCKS:
        yield from (("DepthwiseConv2dNative", (3, 3, channels, 1)), ("Mul", (channels,)), ("Add", (channels,)))
        yield from (("Conv2D", (1, 1, channels, wider)), ("Add", (wider,)))
        channels = wider


def write(folder: Path, seed: int = 0) -> tuple[Path, list[NDArray[np.float32]]]:
    """A file like FaceRes' with 8-bit kernels, and the values of its tensors."""
    rng = np.random.default_rng(seed)
    nodes: list[dict[str, Any]] = []
    weights: list[dict[str, Any]] = []
    data, values = b"", []
    for number, (operation, shape) in enumerate(shapes()):
        name = f"tensor{number}"
        entry: dict[str, Any] = {"name": name, "shape": list(shape), "dtype": "float32"}
        if len(shape) > 1:
            stored = rng.integers(0, 256, shape, dtype=np.uint8)
            entry["quantization"] = {"dtype": "uint8", "scale": SCALE, "min": LEAST}
            values.append((stored * SCALE + LEAST).astype(np.float32))
        else:
            stored = rng.normal(0, 0.1, shape).astype(np.float32)
            values.append(stored)
        data += stored.tobytes()
        weights.append(entry)
        attr = {"strides": {"list": {"i": ["1", "1", "1", "1"]}}}
        nodes.append({"name": f"n{number}", "op": operation, "input": ["x", name], "attr": attr})
    manifest = {"modelTopology": {"node": nodes}, "weightsManifest": [{"paths": ["faceres.bin"], "weights": weights}]}
    folder.mkdir(exist_ok=True)
    (folder / "faceres.bin").write_bytes(data)
    path = folder / "faceres.json"
    path.write_text(json.dumps(manifest))
    return path, values


def test_kernels_are_dequantised_turned_and_multiplied_by_the_factor_behind_them(tmp_path: Path) -> None:
    path, values = write(tmp_path)
    network = FaceRes(9, side=64)
    load_pretrained(network, path)
    convolutions = [layer for layer in network.body if isinstance(layer, torch.nn.Conv2d)]
    np.testing.assert_allclose(convolutions[0].weight.detach(), values[0].transpose(3, 2, 0, 1), atol=1e-6)
    np.testing.assert_array_equal(convolutions[0].bias.detach(), values[1])
    scaled = values[2].transpose(2, 3, 0, 1) * values[3][:, None, None, None]
    np.testing.assert_allclose(convolutions[1].weight.detach(), scaled, atol=1e-6)
    np.testing.assert_array_equal(convolutions[1].bias.detach(), values[4])
    np.testing.assert_array_equal(convolutions[-1].bias.detach(), values[-1])


def test_the_first_convolution_sees_the_grey_levels_less_the_means_of_its_channels() -> None:
    network = FaceRes(2, side=48).eval()
    seen: list[torch.Tensor] = []
    network.body.register_forward_pre_hook(lambda _body, inputs: seen.append(inputs[0]))
    levels = torch.full((1, 1, 48, 48), 200.0)
    network((levels / 255 - 0.5) / 0.29)
    for channel, mean in enumerate(CHANNEL_MEANS):
        torch.testing.assert_close(seen[0][0, channel], torch.full((48, 48), 200 - mean), atol=1e-3, rtol=0)


def test_other_files_and_other_networks_are_refused(tmp_path: Path) -> None:
    path, _ = write(tmp_path)
    with pytest.raises(ModelError, match="choose a recipe with that network"):
        load_pretrained(models.build("resnet18", 9, max_pool=True, seed=0), path)
    network = FaceRes(9, side=48)
    with pytest.raises(WeightsNotFound, match=r"other\.json"):
        load_pretrained(network, tmp_path / "other.json")
    data = (tmp_path / "faceres.bin").read_bytes()
    (tmp_path / "faceres.bin").write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsCorrupt, match="damaged or not FaceRes"):
        load_pretrained(network, path)
    path.write_text("{}")
    with pytest.raises(WeightsCorrupt, match="damaged or not FaceRes"):
        load_pretrained(network, path)
