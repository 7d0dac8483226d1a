"""torchvision's networks with a one-channel stem and the given number of classes."""

from collections.abc import Callable

import torch
import torchvision
from torch import nn

from realtime.errors import ConfigError


def resnet50(classes: int, *, max_pool: bool = True) -> nn.Module:
    """ResNet-50 (paper, section II.E): one-channel 7x7 stem, the 1000-way layer replaced by `classes` outputs.

    The last batch norm of every block starts at zero, so that the network starts as a shallow one. Without the max-pool
    the weights keep their shapes: a network can be trained with it and go on without.
    """
    network: nn.Module = torchvision.models.resnet50(weights=None, num_classes=classes, zero_init_residual=True)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    if not max_pool:
        network.maxpool = nn.Identity()
    return network


NETWORKS: dict[str, Callable[..., nn.Module]] = {"resnet50": resnet50}


def build(network: str, classes: int, *, max_pool: bool, seed: int) -> nn.Module:
    """A freshly initialised network, the same for the same seed.

    Raises:
        ConfigError: no network of that name.
    """
    if network not in NETWORKS:
        raise ConfigError(f"no network {network!r}; there are: {', '.join(sorted(NETWORKS))}")
    torch.manual_seed(seed)
    return NETWORKS[network](classes, max_pool=max_pool)


def last_layer(network: nn.Module) -> nn.Linear:
    """The classifying layer, where calibration is folded in.

    Raises:
        TypeError: the network does not end in a linear layer.
    """
    layer = list(network.modules())[-1]
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"{type(network).__name__} does not end in a linear layer")
    return layer
