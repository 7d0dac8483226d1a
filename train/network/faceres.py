"""FaceRes, pretrained on millions of faces, as the backbone of a teacher.

It is part of the npm package @vladmandic/human (MIT licence), trained there to predict age and sex: a MobileNet v1 (Howard et
al., 2017) with 3.2 million weights and folded batch norms. `npm pack @vladmandic/human` downloads it; the files are
`package/models/faceres.json` and `faceres.bin`. No part of it is in this project or in the shipped networks.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from realtime.errors import ModelError, WeightsCorrupt, WeightsNotFound
from realtime.preprocess import MEAN, STD

CHANNEL_MEANS = (103.939, 116.779, 123.68)
"""Mean subtracted from its three channels, 0 to 255, in its training."""

BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""Channels and stride of each pair of a depthwise and a pointwise convolution."""


class FaceRes(nn.Module):
    """FaceRes' convolutions, their mean over the image, and one linear layer.

    Args:
        classes: outputs of the linear layer.
        side: pixels to which the 48x48 face is enlarged; 224 in its training, 112 is enough for fine-tuning.
    """

    means: Tensor

    def __init__(self, classes: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.register_buffer("means", torch.tensor(CHANNEL_MEANS).reshape(1, 3, 1, 1), persistent=False)
        layers = _convolution(3, 32, stride=2)
        channels = 32
        for wider, stride in BLOCKS:
            layers += _convolution(channels, channels, stride=stride, groups=channels)
            layers += [nn.Conv2d(channels, wider, kernel_size=1), nn.ReLU6()]
            channels = wider
        self.body = nn.Sequential(*layers)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised faces, float32 (n,1,48,48) -> logits (n,classes)."""
        levels = (x * STD + MEAN) * 255
        enlarged = F.interpolate(levels, size=self.side, mode="bilinear", align_corners=False)
        features: Tensor = self.body(enlarged - self.means)
        logits: Tensor = self.fc(features.mean(dim=(2, 3)))
        return logits


def load_pretrained(network: nn.Module, manifest: Path) -> None:
    """Loads the npm package's weights into the convolutions of a FaceRes; the linear layer is unchanged.

    Args:
        network: a FaceRes.
        manifest: faceres.json, with faceres.bin beside it.

    Raises:
        ModelError: another network, or files missing, damaged or not FaceRes.
    """
    if not isinstance(network, FaceRes):
        raise ModelError(f"{manifest.name} contains weights of FaceRes; choose a recipe with that network, or another --init")
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        groups = content["weightsManifest"]
        data = b"".join((manifest.parent / name).read_bytes() for group in groups for name in group["paths"])
        tensors = _tensors(groups, data)
        operations = [
            n for n in content["modelTopology"]["node"] if n["op"] in ("Conv2D", "DepthwiseConv2dNative", "Mul", "Add")
        ]
        _fill(network, operations, tensors)
    except OSError as error:
        raise WeightsNotFound(f"{error.filename}: cannot be read ({error.strerror}); unpack both files side by side") from error
    except (ValueError, KeyError, TypeError, IndexError, RuntimeError) as error:
        raise WeightsCorrupt(f"{manifest.name} is damaged or not FaceRes ({error}); download it again") from error


def _convolution(channels: int, wider: int, *, stride: int, groups: int = 1) -> list[nn.Module]:
    """A 3x3 convolution with TensorFlow's SAME padding: for stride 2 and an even side only right and bottom."""
    padding = [] if stride == 1 else [nn.ZeroPad2d((0, 1, 0, 1))]
    return [*padding, nn.Conv2d(channels, wider, 3, stride, padding=1 if stride == 1 else 0, groups=groups), nn.ReLU6()]


def _tensors(groups: list[dict[str, Any]], data: bytes) -> dict[str, NDArray[np.float32]]:
    """The named arrays of a TensorFlow.js weights file, dequantised."""
    tensors: dict[str, NDArray[np.float32]] = {}
    at = 0
    for weight in (weight for group in groups for weight in group["weights"]):
        quantised = weight.get("quantization")
        dtype = np.dtype(quantised["dtype"] if quantised else weight["dtype"])
        count = int(np.prod(weight["shape"], dtype=np.int64))
        values = np.frombuffer(data, dtype, count, at).astype(np.float32).reshape(weight["shape"])
        at += count * dtype.itemsize
        if quantised and quantised["dtype"] != "float16":
            values = values * np.float32(quantised["scale"]) + np.float32(quantised["min"])
        tensors[weight["name"]] = values
    return tensors


def _fill(network: FaceRes, operations: list[dict[str, Any]], tensors: dict[str, NDArray[np.float32]]) -> None:
    """Copies the weights in order; depthwise convolutions have a scale and a bias, others only a bias."""

    def tensor(operation: dict[str, Any]) -> NDArray[np.float32]:
        return tensors[operation["input"][1].split(":")[0]]

    ahead = iter(operations)
    with torch.no_grad():
        for layer in network.body:
            if not isinstance(layer, nn.Conv2d):
                continue
            kernel = tensor(next(ahead))
            if layer.groups > 1:
                weight = kernel.transpose(2, 3, 0, 1) * tensor(next(ahead))[:, None, None, None]
            else:
                weight = kernel.transpose(3, 2, 0, 1)
            assert layer.bias is not None
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
            layer.bias.copy_(torch.from_numpy(tensor(next(ahead))))
