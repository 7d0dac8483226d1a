"""torchvision's networks with a one-channel stem and the given number of classes."""

from collections.abc import Callable

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import ResNet
from torchvision.models.resnet import BasicBlock, Bottleneck

from realtime.errors import ConfigError
from train.network.faceres import FaceRes

STOCK_SIDE = 224
"""Input side of torchvision's networks, pixels."""


class _Enlarging(ResNet):  # type: ignore[misc]
    """A ResNet that enlarges its input to the stock size; weights have the names of a ResNet."""

    def forward(self, x: Tensor) -> Tensor:
        enlarged = F.interpolate(x, size=STOCK_SIDE, mode="bilinear", align_corners=False)
        logits: Tensor = super().forward(enlarged)
        return logits


def resnet50(classes: int, *, max_pool: bool = True) -> nn.Module:
    """ResNet-50 (paper, section II.E): one-channel 7x7 stem, the 1000-way layer replaced by `classes` outputs.

    The last batch norm of every block starts at zero, so that the network starts as a shallow one. Without the max-pool the
    weights have the same shapes, so that training can start with it and continue without.
    """
    return _gray_resnet(ResNet(Bottleneck, [3, 4, 6, 3], classes, zero_init_residual=True), max_pool)


def resnet50_plain(classes: int, *, max_pool: bool = True) -> nn.Module:
    """ResNet-50 with torchvision's default initialisation: every batch norm starts at one."""
    return _gray_resnet(ResNet(Bottleneck, [3, 4, 6, 3], classes), max_pool)


def resnet50_224(classes: int, *, max_pool: bool = True) -> nn.Module:
    """ResNet-50 that enlarges its input to 224x224: the same weights, about 19 times the multiplications."""
    return _gray_resnet(_Enlarging(Bottleneck, [3, 4, 6, 3], classes, zero_init_residual=True), max_pool)


def resnet18(classes: int, *, max_pool: bool = True) -> nn.Module:
    """ResNet-18, with batch norms initialised like resnet50's."""
    return _gray_resnet(ResNet(BasicBlock, [2, 2, 2, 2], classes, zero_init_residual=True), max_pool)


def googlenet(classes: int, *, max_pool: bool = True) -> nn.Module:
    """GoogLeNet (the paper's next step) without its auxiliary heads; torchvision has 3x3 instead of the published 5x5."""
    _keeps_max_pool("googlenet", max_pool)
    network: nn.Module = torchvision.models.googlenet(
        weights=None, num_classes=classes, aux_logits=False, transform_input=False, init_weights=True
    )
    nn.init.trunc_normal_(_gray_stem(network).weight, std=0.01)  # like the rest of torchvision's GoogLeNet
    return network


def vgg16(classes: int, *, max_pool: bool = True) -> nn.Module:
    """VGG-16 (the paper's next step) as published, without batch norm and with its three fully connected layers.

    Those layers need 7x7 feature maps, but a 48x48 image gives 1x1: the 512 values are repeated 49 times, so that the first
    layer's 103 million weights act as one in groups of 49.
    """
    _keeps_max_pool("vgg16", max_pool)
    network: nn.Module = torchvision.models.vgg16(weights=None, num_classes=classes)
    _gray_stem(network)
    # equals torchvision's adaptive pool for maps of 1x1 and 7x7, and exports to ONNX
    network.avgpool = nn.Upsample(size=7, mode="nearest")
    return network


def mobilenetv3(classes: int, *, max_pool: bool = True) -> nn.Module:
    """MobileNetV3-Large: the small end of the trade-off."""
    _keeps_max_pool("mobilenetv3", max_pool)
    network: nn.Module = torchvision.models.mobilenet_v3_large(weights=None, num_classes=classes)
    _gray_stem(network)
    return network


def faceres(classes: int, *, max_pool: bool = True) -> nn.Module:
    """FaceRes at 112x112: a teacher's backbone, pretrained on millions of faces (`train.network.faceres`)."""
    _keeps_max_pool("faceres", max_pool)
    return FaceRes(classes, side=112)


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "faceres": faceres,
    "googlenet": googlenet,
    "mobilenetv3": mobilenetv3,
    "resnet18": resnet18,
    "resnet50": resnet50,
    "resnet50-224": resnet50_224,
    "resnet50-plain": resnet50_plain,
    "vgg16": vgg16,
}


def build(network: str, classes: int, *, max_pool: bool, seed: int) -> nn.Module:
    """A newly initialised network, deterministic for a seed: float32 (n,1,48,48) -> logits (n,classes).

    Raises:
        ConfigError: unknown name, or a network that needs its max-pool.
    """
    if network not in NETWORKS:
        raise ConfigError(f"unknown network {network!r}; known: {', '.join(sorted(NETWORKS))}")
    torch.manual_seed(seed)
    return NETWORKS[network](classes, max_pool=max_pool)


def stem_name(network: nn.Module) -> str:
    """The name of the first convolution."""
    names: list[str] = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    return names[0]


def last_layer(network: nn.Module) -> nn.Linear:
    """The classification layer, into which calibration is folded.

    Raises:
        TypeError: the network does not end in a linear layer.
    """
    layer = list(network.modules())[-1]
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"{type(network).__name__} does not end in a linear layer")
    return layer


def _gray_resnet(network: nn.Module, max_pool: bool) -> nn.Module:
    _gray_stem(network)
    if not max_pool:
        network.maxpool = nn.Identity()
    return network


def _gray_stem(network: nn.Module) -> nn.Conv2d:
    """Replaces a network's stem by a one-channel one, initialised like torchvision's ResNets, VGGs and MobileNets."""
    name = stem_name(network)
    stem = network.get_submodule(name)
    assert isinstance(stem, nn.Conv2d)
    gray = nn.Conv2d(
        1,
        stem.out_channels,
        kernel_size=stem.kernel_size,  # type: ignore[arg-type]
        stride=stem.stride,  # type: ignore[arg-type]
        padding=stem.padding,  # type: ignore[arg-type]
        bias=stem.bias is not None,
    )
    nn.init.kaiming_normal_(gray.weight, mode="fan_out", nonlinearity="relu")
    if gray.bias is not None:
        nn.init.zeros_(gray.bias)
    network.set_submodule(name, gray)
    return gray


def _keeps_max_pool(name: str, max_pool: bool) -> None:
    if not max_pool:
        raise ConfigError(f"{name} needs its max-pool; leave max_pool on, or choose a resnet")
