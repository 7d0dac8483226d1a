"""Freezes the parts of a network that a recipe does not train."""

from torch import nn

from realtime.errors import ConfigError


def freeze(network: nn.Module, trained: tuple[str, ...]) -> None:
    """Keeps only these top-level parts trainable; all of them if there are none.

    Raises:
        ConfigError: the network has no such part.
    """
    if not trained:
        return
    parts = dict(network.named_children())
    for name in trained:
        if name not in parts:
            raise ConfigError(f"{type(network).__name__} has no part {name}; it has {', '.join(parts)}")
    for name, part in parts.items():
        part.requires_grad_(name in trained)


def train_mode(network: nn.Module, trained: tuple[str, ...]) -> None:
    """Sets the mode of training. If parts are frozen, batch norms keep their statistics, which a few faces would distort."""
    network.train()
    if trained:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
